-- +goose Up

-- What a source calls the content it gave: a blob's hash, an ETag. Equal
-- versions need not be read again.
alter table document add column source_version text not null default '';

-- What a dry run found.
alter table import add column plan jsonb not null default '{}';

-- +goose Down
alter table import drop column plan;
alter table document drop column source_version;
