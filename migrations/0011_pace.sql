-- +goose Up

-- When the next request may go to a model's server, which all workers share.
create table pace (
    server text primary key,
    free_at timestamptz not null
);

-- +goose Down
drop table pace;
