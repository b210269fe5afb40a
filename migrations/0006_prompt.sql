-- +goose Up

-- Prompts, a library that all collections share. A version never changes.
create table prompt (
  name       text        not null,
  version    int         not null check (version > 0),
  source     text        not null,
  created_at timestamptz not null default now(),
  created_by text        not null default '', -- as the client named itself
  primary key (name, version)
);

-- Which prompts a collection uses: a row for each change, the last in effect.
-- Without a row, and where a name is null, it is the one built in. There is a
-- trial where trial_percent is not null.
create table prompt_activation (
  collection_id bigint      not null references collection on delete cascade,
  sequence      int         not null check (sequence > 0),
  name          text,
  version       int,
  trial_name    text,                                   -- answers a part of the questions instead
  trial_version int,
  trial_percent real        check (trial_percent > 0 and trial_percent < 100),
  previous      int         not null default 0,         -- what a rollback returns to; 0: to nothing activated
  action        text        not null check (action in ('activate', 'rollback')),
  activated_at  timestamptz not null default now(),
  activated_by  text        not null default '',
  primary key (collection_id, sequence),
  foreign key (name, version) references prompt,
  foreign key (trial_name, trial_version) references prompt,
  check ((name is null) = (version is null)),
  check ((trial_name is null) = (trial_version is null) and (trial_name is null or trial_percent is not null))
);

-- +goose Down
drop table prompt_activation;
drop table prompt;
