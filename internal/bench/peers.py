"""Loads texts with their vectors into Postgres by another project's vector
store, as its documentation does it, and prints how long that took.

usage: peers.py langchain|llamaindex postgres-url records.jsonl count
"""

import json
import sys
import time
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

BATCH = 1000


def records(path, count):
    with open(path) as f:
        for _, line in zip(range(count), f):
            yield json.loads(line)


def langchain(url, rows):
    from langchain_core.embeddings import Embeddings
    from langchain_postgres import PGEngine, PGVectorStore

    class Given(Embeddings):
        """The store asks for a model that it never needs here."""

        def embed_documents(self, texts):
            raise NotImplementedError

        def embed_query(self, text):
            raise NotImplementedError

    engine = PGEngine.from_connection_string(url=sqlalchemy(url, "postgresql+psycopg"))
    engine.init_vectorstore_table(table_name="peer_langchain", vector_size=len(rows[0]["vector"]), id_column="langchain_id")
    store = PGVectorStore.create_sync(engine=engine, table_name="peer_langchain", embedding_service=Given())
    began = time.perf_counter()
    for batch in batches(rows):
        store.add_embeddings(
            texts=[r["text"] for r in batch],
            embeddings=[r["vector"] for r in batch],
            metadatas=[{"source": r["uri"]} for r in batch],
        )
    return "LangChain's PGVectorStore " + version("langchain-postgres"), time.perf_counter() - began


def llamaindex(url, rows):
    from llama_index.core.schema import TextNode
    from llama_index.vector_stores.postgres import PGVectorStore

    store = PGVectorStore.from_params(
        connection_string=sqlalchemy(url, "postgresql+psycopg2"),
        async_connection_string=sqlalchemy(url, "postgresql+asyncpg"),
        table_name="peer_llamaindex",
        embed_dim=len(rows[0]["vector"]),
    )
    nodes = [TextNode(id_=r["uri"], text=r["text"], embedding=r["vector"], metadata={"source": r["uri"]}) for r in rows]
    began = time.perf_counter()
    for batch in batches(nodes):
        store.add(batch)
    return "LlamaIndex's PGVectorStore " + version("llama-index-vector-stores-postgres"), time.perf_counter() - began


def batches(rows):
    for at in range(0, len(rows), BATCH):
        yield rows[at : at + BATCH]


def sqlalchemy(url, driver):
    u = urlsplit(url)
    q = parse_qs(u.query)
    return f"{driver}://{u.username}@{u.path}?host={q['host'][0]}&port={q['port'][0]}"


def main():
    peer, url, path, count = sys.argv[1:]
    rows = list(records(path, int(count)))
    name, seconds = {"langchain": langchain, "llamaindex": llamaindex}[peer](url, rows)
    print(json.dumps({"store": name, "rows": len(rows), "seconds": seconds}))


main()
