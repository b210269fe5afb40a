-- +goose Up

-- What cascades saved by answering with this model rather than with their last;
-- below 0 where weak answers were paid for in vain.
alter table usage add column spared_nano_dollars bigint not null default 0;

-- +goose Down
alter table usage drop column spared_nano_dollars;
