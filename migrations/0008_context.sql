-- +goose Up

-- What is shown or indexed with a chunk and never quoted from it.

-- The header row of the table that a chunk begins inside of; '' elsewhere.
alter table chunk add column header text not null default '';

-- A sentence of a chat model's that places a chunk in its document. It goes with
-- the chunk: a document that changes gets new chunks, which wait for theirs.
create table chunk_context (
  collection_id bigint      not null,
  chunk_id      bigint      not null,
  body          text        not null,
  model         text        not null,
  created_at    timestamptz not null default now(),
  primary key (collection_id, chunk_id),
  foreign key (collection_id, chunk_id) references chunk on delete cascade
);

-- +goose Down
drop table chunk_context;
alter table chunk drop column header;
