-- Under which numbers people are called.
alter table "user" add column extension text, add column phone_number text;
create unique index user_extension on "user" (organization_id, extension) where extension is not null;
create unique index user_phone_number on "user" (organization_id, phone_number) where phone_number is not null;

-- Whom a call was put through to, as it was shown then.
alter table participant add column address text not null default '', add column name text not null default '',
  add column consulted_by uuid;
