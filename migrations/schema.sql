-- Dumped from the migrations; `make generate` writes it.

CREATE TABLE public.account_usage (
    collection_id bigint NOT NULL,
    day date NOT NULL,
    account text NOT NULL,
    model text NOT NULL,
    answers bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cached_tokens bigint DEFAULT 0 NOT NULL,
    nano_dollars bigint DEFAULT 0 NOT NULL,
    unpriced bigint DEFAULT 0 NOT NULL,
    hits bigint DEFAULT 0 NOT NULL,
    saved_nano_dollars bigint DEFAULT 0 NOT NULL,
    spared_nano_dollars bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.cached_answer (
    collection_id bigint NOT NULL,
    key bytea NOT NULL,
    scope bytea NOT NULL,
    content_version bigint NOT NULL,
    question text NOT NULL,
    vector public.halfvec,
    body bytea NOT NULL,
    nano_dollars bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.cached_answer ALTER COLUMN vector SET STORAGE PLAIN;

CREATE TABLE public.chunk (
    collection_id bigint NOT NULL,
    chunk_id bigint NOT NULL,
    document_id bigint NOT NULL,
    ord integer NOT NULL,
    start_byte integer NOT NULL,
    end_byte integer NOT NULL,
    page integer DEFAULT 0 NOT NULL,
    heading_path text[] DEFAULT '{}'::text[] NOT NULL,
    body text NOT NULL,
    tokens integer NOT NULL,
    length integer NOT NULL,
    embed_hash bytea NOT NULL,
    term_ids bigint[] NOT NULL,
    header text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.chunk_context (
    collection_id bigint NOT NULL,
    chunk_id bigint NOT NULL,
    body text NOT NULL,
    model text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.collection (
    collection_id bigint NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    active_space_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.collection_stats (
    collection_id bigint NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    documents bigint DEFAULT 0 NOT NULL,
    chunks bigint DEFAULT 0 NOT NULL,
    length_sum bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.conversation (
    collection_id bigint NOT NULL,
    conversation_id text NOT NULL,
    owner bytea NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    turns integer DEFAULT 0 NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    summarized integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.document (
    collection_id bigint NOT NULL,
    document_id bigint NOT NULL,
    uri text NOT NULL COLLATE pg_catalog."C",
    source text DEFAULT ''::text NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    content_hash bytea NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    modified_at timestamp with time zone,
    media_type text DEFAULT ''::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    stated jsonb DEFAULT '{}'::jsonb NOT NULL,
    principals text[] DEFAULT '{}'::text[] NOT NULL,
    chunks integer DEFAULT 0 NOT NULL,
    import_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    source_version text DEFAULT ''::text NOT NULL,
    parent_id bigint,
    CONSTRAINT document_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'ready'::text, 'failed'::text])))
)
WITH (fillfactor='50');

CREATE TABLE public.document_text (
    collection_id bigint NOT NULL,
    document_id bigint NOT NULL,
    version bigint NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    replaced_at timestamp with time zone
);
ALTER TABLE ONLY public.document_text ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE public.embedded (
    collection_id bigint NOT NULL,
    document_id bigint NOT NULL,
    space_id bigint NOT NULL,
    embed_hash bytea NOT NULL,
    emb public.halfvec NOT NULL
);
ALTER TABLE ONLY public.embedded ALTER COLUMN emb SET STORAGE PLAIN;

CREATE TABLE public.embedding (
    collection_id bigint NOT NULL,
    space_id bigint NOT NULL,
    chunk_id bigint NOT NULL,
    document_id bigint NOT NULL,
    emb public.halfvec NOT NULL
);
ALTER TABLE ONLY public.embedding ALTER COLUMN emb SET STORAGE PLAIN;

CREATE TABLE public.import (
    collection_id bigint NOT NULL,
    import_id bigint NOT NULL,
    spec jsonb NOT NULL,
    state text NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    trouble text DEFAULT ''::text NOT NULL,
    listed bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    skipped jsonb DEFAULT '{}'::jsonb NOT NULL,
    queued bigint DEFAULT 0 NOT NULL,
    queued_bytes bigint DEFAULT 0 NOT NULL,
    indexed bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    superseded bigint DEFAULT 0 NOT NULL,
    removed bigint DEFAULT 0 NOT NULL,
    indexed_bytes bigint DEFAULT 0 NOT NULL,
    chunks bigint DEFAULT 0 NOT NULL,
    embedded bigint DEFAULT 0 NOT NULL,
    tokens bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    plan jsonb DEFAULT '{}'::jsonb NOT NULL,
    moved bigint DEFAULT 0 NOT NULL,
    waiting text DEFAULT ''::text NOT NULL,
    CONSTRAINT import_state_check CHECK ((state = ANY (ARRAY['scanning'::text, 'indexing'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);

CREATE TABLE public.message (
    collection_id bigint NOT NULL,
    conversation_id text NOT NULL,
    turn integer NOT NULL,
    question text NOT NULL,
    standalone text NOT NULL,
    answer text NOT NULL,
    model text NOT NULL,
    verdict smallint NOT NULL,
    citations jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE public.node_id
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    MAXVALUE 1023
    CACHE 1
    CYCLE;

CREATE TABLE public.pace (
    server text NOT NULL,
    free_at timestamp with time zone NOT NULL
);

CREATE TABLE public.posting (
    collection_id bigint NOT NULL,
    term_id bigint NOT NULL,
    chunk_id bigint NOT NULL,
    tf smallint NOT NULL,
    length smallint NOT NULL
);

CREATE TABLE public.prompt (
    name text NOT NULL,
    version integer NOT NULL,
    source text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text DEFAULT ''::text NOT NULL,
    CONSTRAINT prompt_version_check CHECK ((version > 0))
);

CREATE TABLE public.prompt_activation (
    collection_id bigint NOT NULL,
    sequence integer NOT NULL,
    name text,
    version integer,
    trial_name text,
    trial_version integer,
    trial_percent real,
    previous integer DEFAULT 0 NOT NULL,
    action text NOT NULL,
    activated_at timestamp with time zone DEFAULT now() NOT NULL,
    activated_by text DEFAULT ''::text NOT NULL,
    CONSTRAINT prompt_activation_action_check CHECK ((action = ANY (ARRAY['activate'::text, 'rollback'::text]))),
    CONSTRAINT prompt_activation_check CHECK (((name IS NULL) = (version IS NULL))),
    CONSTRAINT prompt_activation_check1 CHECK ((((trial_name IS NULL) = (trial_version IS NULL)) AND ((trial_name IS NULL) OR (trial_percent IS NOT NULL)))),
    CONSTRAINT prompt_activation_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT prompt_activation_trial_percent_check CHECK (((trial_percent > (0)::double precision) AND (trial_percent < (100)::double precision)))
);

CREATE TABLE public.space (
    collection_id bigint NOT NULL,
    space_id bigint NOT NULL,
    model text NOT NULL,
    fingerprint text NOT NULL,
    dim integer NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT space_dim_check CHECK (((dim >= 1) AND (dim <= 4000))),
    CONSTRAINT space_state_check CHECK ((state = ANY (ARRAY['filling'::text, 'ready'::text, 'retired'::text])))
);

CREATE TABLE public.staged (
    collection_id bigint NOT NULL,
    document_id bigint NOT NULL,
    revision bigint NOT NULL,
    media_type text DEFAULT ''::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    body bytea NOT NULL
);
ALTER TABLE ONLY public.staged ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE public.term (
    collection_id bigint NOT NULL,
    term_id bigint NOT NULL,
    term text NOT NULL,
    df bigint NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE public.usage (
    collection_id bigint NOT NULL,
    day date NOT NULL,
    model text NOT NULL,
    answers bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cached_tokens bigint DEFAULT 0 NOT NULL,
    nano_dollars bigint DEFAULT 0 NOT NULL,
    unpriced bigint DEFAULT 0 NOT NULL,
    hits bigint DEFAULT 0 NOT NULL,
    saved_nano_dollars bigint DEFAULT 0 NOT NULL,
    spared_nano_dollars bigint DEFAULT 0 NOT NULL
);

CREATE VIEW public.usage_of_all AS
 SELECT usage.collection_id,
    usage.day,
    ''::text AS account,
    usage.model,
    usage.answers,
    usage.failures,
    usage.input_tokens,
    usage.output_tokens,
    usage.cached_tokens,
    usage.nano_dollars,
    usage.unpriced,
    usage.hits,
    usage.saved_nano_dollars,
    usage.spared_nano_dollars
   FROM public.usage
UNION ALL
 SELECT account_usage.collection_id,
    account_usage.day,
    account_usage.account,
    account_usage.model,
    account_usage.answers,
    account_usage.failures,
    account_usage.input_tokens,
    account_usage.output_tokens,
    account_usage.cached_tokens,
    account_usage.nano_dollars,
    account_usage.unpriced,
    account_usage.hits,
    account_usage.saved_nano_dollars,
    account_usage.spared_nano_dollars
   FROM public.account_usage;

CREATE TABLE public.worker (
    worker_id text NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.account_usage
    ADD CONSTRAINT account_usage_pkey PRIMARY KEY (collection_id, day, account, model);

ALTER TABLE ONLY public.cached_answer
    ADD CONSTRAINT cached_answer_pkey PRIMARY KEY (collection_id, key);

ALTER TABLE ONLY public.chunk
    ADD CONSTRAINT chunk_collection_id_document_id_ord_key UNIQUE (collection_id, document_id, ord);

ALTER TABLE ONLY public.chunk_context
    ADD CONSTRAINT chunk_context_pkey PRIMARY KEY (collection_id, chunk_id);

ALTER TABLE ONLY public.chunk
    ADD CONSTRAINT chunk_pkey PRIMARY KEY (collection_id, chunk_id);

ALTER TABLE ONLY public.collection
    ADD CONSTRAINT collection_name_key UNIQUE (name);

ALTER TABLE ONLY public.collection
    ADD CONSTRAINT collection_pkey PRIMARY KEY (collection_id);

ALTER TABLE ONLY public.collection_stats
    ADD CONSTRAINT collection_stats_pkey PRIMARY KEY (collection_id);

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (collection_id, conversation_id);

ALTER TABLE ONLY public.document
    ADD CONSTRAINT document_collection_id_uri_key UNIQUE (collection_id, uri);

ALTER TABLE ONLY public.document
    ADD CONSTRAINT document_pkey PRIMARY KEY (collection_id, document_id);

ALTER TABLE ONLY public.document_text
    ADD CONSTRAINT document_text_pkey PRIMARY KEY (collection_id, document_id, version);

ALTER TABLE ONLY public.embedded
    ADD CONSTRAINT embedded_pkey PRIMARY KEY (collection_id, document_id, space_id, embed_hash);

ALTER TABLE ONLY public.embedding
    ADD CONSTRAINT embedding_pkey PRIMARY KEY (collection_id, space_id, chunk_id);

ALTER TABLE ONLY public.import
    ADD CONSTRAINT import_pkey PRIMARY KEY (collection_id, import_id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (collection_id, conversation_id, turn);

ALTER TABLE ONLY public.pace
    ADD CONSTRAINT pace_pkey PRIMARY KEY (server);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT posting_pkey PRIMARY KEY (collection_id, term_id, chunk_id) INCLUDE (tf, length);

ALTER TABLE ONLY public.prompt_activation
    ADD CONSTRAINT prompt_activation_pkey PRIMARY KEY (collection_id, sequence);

ALTER TABLE ONLY public.prompt
    ADD CONSTRAINT prompt_pkey PRIMARY KEY (name, version);

ALTER TABLE ONLY public.space
    ADD CONSTRAINT space_pkey PRIMARY KEY (collection_id, space_id);

ALTER TABLE ONLY public.staged
    ADD CONSTRAINT staged_pkey PRIMARY KEY (collection_id, document_id);

ALTER TABLE ONLY public.term
    ADD CONSTRAINT term_pkey PRIMARY KEY (collection_id, term_id);

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT usage_pkey PRIMARY KEY (collection_id, day, model);

ALTER TABLE ONLY public.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (worker_id);

CREATE INDEX account_usage_by_day ON public.account_usage USING btree (day, account);

CREATE INDEX cached_answer_by_age ON public.cached_answer USING btree (created_at);

CREATE INDEX cached_answer_by_scope ON public.cached_answer USING btree (collection_id, scope, created_at DESC);

CREATE INDEX chunk_by_embed_hash ON public.chunk USING btree (collection_id, embed_hash);

CREATE INDEX conversation_by_owner ON public.conversation USING btree (collection_id, owner, updated_at DESC, conversation_id DESC);

CREATE INDEX document_by_metadata ON public.document USING gin (((stated || metadata)) jsonb_path_ops);

CREATE INDEX document_by_parent ON public.document USING btree (collection_id, parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX document_by_principals ON public.document USING gin (principals);

CREATE INDEX document_by_state ON public.document USING btree (collection_id, state, uri) WHERE (state <> 'ready'::text);

CREATE INDEX document_restricted ON public.document USING btree (collection_id) WHERE (principals <> '{}'::text[]);

CREATE INDEX document_text_replaced ON public.document_text USING btree (collection_id, replaced_at) WHERE (replaced_at IS NOT NULL);

CREATE CONSTRAINT TRIGGER document_changed AFTER UPDATE ON public.document DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.version > 0) AND (((((((((old.version IS DISTINCT FROM new.version) OR (old.uri IS DISTINCT FROM new.uri)) OR (old.title IS DISTINCT FROM new.title)) OR (old.media_type IS DISTINCT FROM new.media_type)) OR (old.modified_at IS DISTINCT FROM new.modified_at)) OR (old.updated_at IS DISTINCT FROM new.updated_at)) OR (old.metadata IS DISTINCT FROM new.metadata)) OR (old.stated IS DISTINCT FROM new.stated)) OR (old.principals IS DISTINCT FROM new.principals)))) EXECUTE FUNCTION public.content_changed();

ALTER TABLE ONLY public.account_usage
    ADD CONSTRAINT account_usage_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.cached_answer
    ADD CONSTRAINT cached_answer_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chunk
    ADD CONSTRAINT chunk_collection_id_document_id_fkey FOREIGN KEY (collection_id, document_id) REFERENCES public.document(collection_id, document_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chunk_context
    ADD CONSTRAINT chunk_context_collection_id_chunk_id_fkey FOREIGN KEY (collection_id, chunk_id) REFERENCES public.chunk(collection_id, chunk_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.collection_stats
    ADD CONSTRAINT collection_stats_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.document
    ADD CONSTRAINT document_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.document_text
    ADD CONSTRAINT document_text_collection_id_document_id_fkey FOREIGN KEY (collection_id, document_id) REFERENCES public.document(collection_id, document_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.embedded
    ADD CONSTRAINT embedded_collection_id_document_id_fkey FOREIGN KEY (collection_id, document_id) REFERENCES public.document(collection_id, document_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import
    ADD CONSTRAINT import_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_collection_id_conversation_id_fkey FOREIGN KEY (collection_id, conversation_id) REFERENCES public.conversation(collection_id, conversation_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.prompt_activation
    ADD CONSTRAINT prompt_activation_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.prompt_activation
    ADD CONSTRAINT prompt_activation_name_version_fkey FOREIGN KEY (name, version) REFERENCES public.prompt(name, version);

ALTER TABLE ONLY public.prompt_activation
    ADD CONSTRAINT prompt_activation_trial_name_trial_version_fkey FOREIGN KEY (trial_name, trial_version) REFERENCES public.prompt(name, version);

ALTER TABLE ONLY public.space
    ADD CONSTRAINT space_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.staged
    ADD CONSTRAINT staged_collection_id_document_id_fkey FOREIGN KEY (collection_id, document_id) REFERENCES public.document(collection_id, document_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT usage_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES public.collection(collection_id) ON DELETE CASCADE;
