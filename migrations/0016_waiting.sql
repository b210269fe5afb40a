-- +goose Up

-- What an import waits for, for people; empty: nothing that is known.
alter table import add column waiting text not null default '';

-- +goose Down
alter table import drop column waiting;
