-- Which of the organization's own presences an agent has chosen; null: one of the system's.
alter table agent add column presence_definition_id uuid;
