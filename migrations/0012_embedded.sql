-- +goose Up

-- Vectors of a large document that is still being embedded, so that one whose
-- worker dies or whose model fails goes on where it was. They go when it is
-- settled, and with it.
create table embedded (
    collection_id bigint not null,
    document_id bigint not null,
    space_id bigint not null,
    embed_hash bytea not null,
    emb halfvec not null,
    primary key (collection_id, document_id, space_id, embed_hash),
    foreign key (collection_id, document_id) references document on delete cascade
);
alter table embedded alter column emb set storage plain;

-- +goose Down
drop table embedded;
