-- +goose Up

-- The document that an attachment came with, and goes with. No foreign key: its
-- chunks, postings and vectors must go first, which ingest sees to.
alter table document add column parent_id bigint;
create index document_by_parent on document (collection_id, parent_id) where parent_id is not null;

-- +goose Down
drop index document_by_parent;
alter table document drop column parent_id;
