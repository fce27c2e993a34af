-- Whether voice with a trunk or a phone is encrypted (SRTP, SDES). What was there before goes on as it was.
alter table trunk add column media_encryption text not null default 'disabled';
alter table station add column media_encryption text not null default 'disabled';
