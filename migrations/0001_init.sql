-- +goose Up

-- One row a collection. Every other table leads with collection_id, so that the
-- same schema distributes by collection on Citus or YugabyteDB. Ids are made by
-- the application (internal/ids), never by a column default.
create table collection (
  collection_id   bigint      not null primary key,
  name            text        not null unique, -- "~" and its id while it is being deleted: no reader finds it
  description     text        not null default '',
  settings        jsonb       not null default '{}',
  active_space_id bigint      not null,
  created_at      timestamptz not null default now()
);

-- The statistics that BM25 and the planner of the dense leg need. Apart from
-- collection, because every indexing transaction updates this row, as its last act.
create table collection_stats (
  collection_id bigint not null primary key references collection on delete cascade,
  version       bigint not null default 0,  -- grows with every change of content
  documents     bigint not null default 0,  -- documents with a version to read
  chunks        bigint not null default 0,  -- N of BM25
  length_sum    bigint not null default 0   -- sum of chunk.length; average = length_sum / chunks
);

-- An embedding space: one model's vectors for one collection.
create table space (
  collection_id bigint      not null references collection on delete cascade,
  space_id      bigint      not null,
  model         text        not null,
  fingerprint   text        not null,  -- identifies weights, tokenizer and token limit
  dim           int         not null check (dim between 1 and 4000),
  state         text        not null check (state in ('filling', 'ready', 'retired')),
  created_at    timestamptz not null default now(),
  primary key (collection_id, space_id)
);

create table document (
  collection_id bigint      not null references collection on delete cascade,
  document_id   bigint      not null,
  uri           text collate "C" not null,        -- byte order: a scan merges its listing with this column
  source        text        not null default '',  -- what a synchronisation owns; '' for documents put one by one
  revision      bigint      not null default 1,   -- of what was last accepted
  version       bigint      not null default 0,   -- revision that readers see; 0: none yet
  state         text        not null check (state in ('pending', 'ready', 'failed')),
  reason        text        not null default '',  -- why it failed, or is tried again, for a person
  content_hash  bytea       not null,             -- SHA-256 of the accepted bytes and what else decides the chunks
  size          bigint      not null default 0,   -- of the accepted bytes
  modified_at   timestamptz,                      -- at the source; null: not known, or too young to tell a change
  media_type    text        not null default '',
  title         text        not null default '',
  metadata      jsonb       not null default '{}', -- as given; wins over stated
  stated        jsonb       not null default '{}', -- what the document says of itself
  principals    text[]      not null default '{}', -- who may read it; empty: all who may read the collection
  chunks        int         not null default 0,
  import_id     bigint,                           -- the import that last changed it
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  primary key (collection_id, document_id),
  unique (collection_id, uri)
);
create index document_by_state on document (collection_id, state, uri) where state <> 'ready';

-- Bytes accepted and not yet indexed. The row goes in the transaction that
-- indexes it, so an acknowledged document is always either here or readable.
create table staged (
  collection_id bigint not null,
  document_id   bigint not null,
  revision      bigint not null,
  media_type    text   not null default '', -- as given; '': detected
  title         text   not null default '', -- as given; '': read from the document
  body          bytea  not null,
  primary key (collection_id, document_id),
  foreign key (collection_id, document_id) references document on delete cascade
);
alter table staged alter body set storage external;

-- The canonical UTF-8 text that citations point into. bytea, uncompressed, so
-- that substring reads only the pages that a byte range touches.
create table document_text (
  collection_id bigint not null,
  document_id   bigint not null,
  version       bigint not null,
  body          bytea  not null,
  created_at    timestamptz not null default now(),
  primary key (collection_id, document_id, version),
  foreign key (collection_id, document_id) references document on delete cascade
);
alter table document_text alter body set storage external;

create table chunk (
  collection_id bigint not null,
  chunk_id      bigint not null,
  document_id   bigint not null,
  ord           int    not null,  -- 0, 1, … within the document
  start_byte    int    not null,  -- [start_byte, end_byte) in document_text.body
  end_byte      int    not null,
  page          int    not null default 0,  -- 1-based; 0: the format has none
  heading_path  text[] not null default '{}',
  body          text   not null,
  tokens        int    not null,  -- by the embedding model's tokenizer
  length        int    not null,  -- in index terms: BM25's document length
  embed_hash    bytea  not null,  -- SHA-256 of the text as embedded: equal hashes share a vector
  term_ids      bigint[] not null, -- its postings' keys, so that they can be deleted without an index by chunk
  primary key (collection_id, chunk_id),
  unique (collection_id, document_id, ord),
  foreign key (collection_id, document_id) references document on delete cascade
);
create index chunk_by_embed_hash on chunk (collection_id, embed_hash);

-- embedding and posting have no foreign key to chunk: the check costs more than
-- the row. ingest deletes them with their chunk in one transaction.
create table embedding (
  collection_id bigint  not null,
  space_id      bigint  not null,
  chunk_id      bigint  not null,
  document_id   bigint  not null, -- saves filters a join
  emb           halfvec not null,
  primary key (collection_id, space_id, chunk_id)
);
alter table embedding alter emb set storage plain;

-- term_id is the first 8 bytes of SHA-256 of the term, so postings are written
-- without looking ids up; should two terms ever collide they share a row.
create table term (
  collection_id bigint not null,
  term_id       bigint not null,
  term          text   not null,
  df            bigint not null,  -- chunks that hold it, exact
  primary key (collection_id, term_id)
) with (fillfactor = 80);

create table posting (
  collection_id bigint   not null,
  term_id       bigint   not null,
  chunk_id      bigint   not null,
  tf            smallint not null,
  length        smallint not null, -- chunk.length, capped at 32767
  primary key (collection_id, term_id, chunk_id) include (tf, length)
);

-- One run over files and folders. Scan counters are set by the scanner as it goes and
-- start again when it does; the others are added to in the transaction that
-- makes them true.
create table import (
  collection_id bigint      not null references collection on delete cascade,
  import_id     bigint      not null,
  spec          jsonb       not null,
  state         text        not null check (state in ('scanning', 'indexing', 'done', 'failed', 'cancelled')),
  error         text        not null default '',  -- why it failed
  trouble       text        not null default '',  -- why documents are tried again; cleared by the next that is not
  listed        bigint      not null default 0,
  unchanged     bigint      not null default 0,
  skipped       jsonb       not null default '{}', -- reason → {count, example}
  queued        bigint      not null default 0,    -- documents accepted by this import
  queued_bytes  bigint      not null default 0,
  indexed       bigint      not null default 0,    -- of the queued
  failed        bigint      not null default 0,    -- of the queued, quarantined
  superseded    bigint      not null default 0,    -- of the queued, replaced or deleted before they were indexed
  removed       bigint      not null default 0,
  indexed_bytes bigint      not null default 0,
  chunks        bigint      not null default 0,    -- written
  embedded      bigint      not null default 0,    -- chunks that needed the model
  tokens        bigint      not null default 0,    -- embedded tokens
  started_at    timestamptz not null default now(),
  finished_at   timestamptz,
  primary key (collection_id, import_id)
);

-- Processes that work jobs. The jobs of one that is not seen for a while are
-- taken from it.
create table worker (
  worker_id text        not null primary key,
  seen_at   timestamptz not null default now()
);

-- Numbers processes, so that their ids differ (internal/ids).
create sequence node_id maxvalue 1023 minvalue 0 start 0 cycle;

-- +goose Down
drop table worker, import, posting, term, embedding, chunk, document_text, staged, document, space, collection_stats, collection cascade;
drop sequence node_id;
