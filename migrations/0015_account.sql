-- +goose Up

-- As usage, of what is accounted to a name. A table of its own: the previous binary
-- goes on adding to usage by the primary key that it knows.
create table account_usage (
  collection_id       bigint not null references collection on delete cascade,
  day                 date   not null,
  account             text   not null, -- as the caller names it; *: those that are too many
  model               text   not null,
  answers             bigint not null default 0,
  failures            bigint not null default 0,
  input_tokens        bigint not null default 0,
  output_tokens       bigint not null default 0,
  cached_tokens       bigint not null default 0,
  nano_dollars        bigint not null default 0,
  unpriced            bigint not null default 0,
  hits                bigint not null default 0,
  saved_nano_dollars  bigint not null default 0,
  spared_nano_dollars bigint not null default 0,
  primary key (collection_id, day, account, model)
);
create index account_usage_by_day on account_usage (day, account);

-- All that was used; what nobody is named for has the account ''.
create view usage_of_all as
select collection_id, day, '' as account, model, answers, failures, input_tokens, output_tokens, cached_tokens,
       nano_dollars, unpriced, hits, saved_nano_dollars, spared_nano_dollars from usage
union all
select collection_id, day, account, model, answers, failures, input_tokens, output_tokens, cached_tokens,
       nano_dollars, unpriced, hits, saved_nano_dollars, spared_nano_dollars from account_usage;

-- +goose Down
drop view usage_of_all;
drop table account_usage;
