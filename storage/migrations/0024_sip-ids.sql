-- By which Call-IDs and Session-IDs (RFC 7989) a conversation went: how carriers name it. Known from its end on; what was before has none.
alter table conversation add column sip_ids text[] not null default '{}';
create index conversation_sip_ids on conversation using gin (sip_ids);
