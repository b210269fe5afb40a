-- +goose Up

-- Documents that an import found elsewhere in their source, content unchanged.
alter table import add column moved bigint not null default 0;

-- +goose Down
alter table import drop column moved;
