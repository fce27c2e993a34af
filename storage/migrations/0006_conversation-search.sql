-- Lists of conversations by what people remember. The newest are found by the index on started_at; these find the rare ones among many.
create index participant_wrapup on participant (wrapup_code, conversation_id) where wrapup_code is not null;
create index conversation_end_reason on conversation (organization_id, end_reason, started_at desc);
create index conversation_caller on conversation (organization_id, caller_number text_pattern_ops);
