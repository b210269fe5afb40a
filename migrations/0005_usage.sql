-- +goose Up

-- What models were asked and used: a sum for each collection, day (UTC) and model.
create table usage (
  collection_id bigint not null references collection on delete cascade,
  day           date   not null,
  model         text   not null,
  answers       bigint not null default 0, -- tries that gave the answer
  failures      bigint not null default 0, -- tries that were made and did not
  input_tokens  bigint not null default 0,
  output_tokens bigint not null default 0,
  cached_tokens bigint not null default 0, -- of the input
  nano_dollars  bigint not null default 0, -- of the tries whose cost is known
  unpriced      bigint not null default 0, -- tries whose cost is not known
  primary key (collection_id, day, model)
);

-- +goose Down
drop table usage;
