-- +goose Up

-- What filters compare with: given metadata over what the document says of
-- itself. Equality and array membership are served by this index.
create index document_by_metadata on document using gin ((stated || metadata) jsonb_path_ops);

-- Who may read what; and whether a collection has documents that not everyone
-- may read, which decides if a search must check.
create index document_by_principals on document using gin (principals);
create index document_restricted on document (collection_id) where principals <> '{}';

-- +goose Down
drop index document_by_metadata, document_by_principals, document_restricted;
