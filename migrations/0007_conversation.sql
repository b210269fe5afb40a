-- +goose Up

-- Questions that belong together. owner is SHA-256 of the principals that made
-- it, sorted; whoever else asks for it is told that there is none.
create table conversation (
  collection_id   bigint      not null references collection on delete cascade,
  conversation_id text        not null, -- random: not to be guessed
  owner           bytea       not null,
  title           text        not null default '', -- the first question, cut
  turns           int         not null default 0,
  summary         text        not null default '', -- of the first turns, for models
  summarized      int         not null default 0,  -- how many turns that is
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  primary key (collection_id, conversation_id)
);
create index conversation_by_owner on conversation (collection_id, owner, updated_at desc, conversation_id desc);

-- A question of a conversation with its answer.
create table message (
  collection_id   bigint      not null,
  conversation_id text        not null,
  turn            int         not null, -- 1, 2, …
  question        text        not null, -- as it was asked
  standalone      text        not null, -- as it was searched for
  answer          text        not null,
  model           text        not null,
  verdict         smallint    not null, -- generate.Outcome
  citations       jsonb       not null default '[]',
  created_at      timestamptz not null default now(),
  primary key (collection_id, conversation_id, turn),
  foreign key (collection_id, conversation_id) references conversation on delete cascade
);

-- Answers that may be given again, while nothing of their collection has changed.
create table cached_answer (
  collection_id   bigint      not null references collection on delete cascade,
  key             bytea       not null, -- SHA-256 of all that decides the answer
  scope           bytea       not null, -- the same without the question
  content_version bigint      not null, -- collection_stats.version before it was made
  question        text        not null,
  vector          halfvec,              -- of the question; null: found by its words only
  body            bytea       not null, -- the events
  nano_dollars    bigint,               -- what it cost; null: not known
  created_at      timestamptz not null default now(),
  expires_at      timestamptz not null,
  primary key (collection_id, key)
);
create index cached_answer_by_scope on cached_answer (collection_id, scope, created_at desc);
create index cached_answer_by_age on cached_answer (created_at);
alter table cached_answer alter vector set storage plain;

-- What the cache saved.
alter table usage add column hits bigint not null default 0; -- answers given again
alter table usage add column saved_nano_dollars bigint not null default 0;

-- collection_stats.version grows with every change that readers can see. Chunks
-- that come and go are counted by who writes them; this catches what changes of
-- a document alone: who may read it, what filters compare with. It runs at the
-- end of the transaction, so the row that every writer wants is locked last, and
-- once a transaction.
-- +goose StatementBegin
create function content_changed() returns trigger language plpgsql as $$
begin
  update collection_stats set version = version + 1
   where collection_id = new.collection_id and xmin <> pg_current_xact_id()::xid;
  return null;
end $$;
-- +goose StatementEnd

create constraint trigger document_changed after update on document
  deferrable initially deferred for each row
  when (old.version > 0 and
        (old.version, old.uri, old.title, old.media_type, old.modified_at, old.updated_at, old.metadata, old.stated, old.principals)
        is distinct from
        (new.version, new.uri, new.title, new.media_type, new.modified_at, new.updated_at, new.metadata, new.stated, new.principals))
  execute function content_changed();

-- +goose Down
drop trigger document_changed on document;
drop function content_changed;
alter table usage drop column hits, drop column saved_nano_dollars;
drop table cached_answer, message, conversation;
