-- +goose Up

-- When a document's text gave way to a newer version; null for the one that
-- searches read. It is kept for a while, because answers have cited it.
alter table document_text add column replaced_at timestamptz;
create index document_text_replaced on document_text (collection_id, replaced_at) where replaced_at is not null;

-- +goose Down
delete from document_text where replaced_at is not null;
drop index document_text_replaced;
alter table document_text drop column replaced_at;
