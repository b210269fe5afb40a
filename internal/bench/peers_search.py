"""Loads texts with their vectors into another project's vector store, as its
documentation does it, with its HNSW and text indexes at their defaults, then
searches it, and prints what was found and how many searches a second it made
with one client and with eight.

usage: peers_search.py langchain|llamaindex postgres-url chunks.jsonl queries.jsonl
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

BATCH = 1000
K = 10


def langchain(url, chunks, queries):
    from langchain_core.embeddings import Embeddings
    from langchain_postgres import PGEngine, PGVectorStore
    from langchain_postgres.v2.hybrid_search_config import HybridSearchConfig
    from langchain_postgres.v2.indexes import HNSWIndex

    vectors = {q["text"]: q["vector"] for q in queries}

    class Given(Embeddings):
        def embed_documents(self, texts):
            raise NotImplementedError

        def embed_query(self, text):
            return vectors[text]

    def config(query=""):
        return HybridSearchConfig(tsv_column="content_tsv", tsv_lang="pg_catalog.english", fts_query=query,
                                  primary_top_k=K, secondary_top_k=K, index_name="peer_search_tsv")

    engine = PGEngine.from_connection_string(url=sqlalchemy(url, "postgresql+psycopg"))
    engine.init_vectorstore_table(table_name="peer_search", vector_size=len(chunks[0]["vector"]),
                                  id_column="langchain_id", hybrid_search_config=config())
    store = PGVectorStore.create_sync(engine=engine, table_name="peer_search", embedding_service=Given(),
                                      hybrid_search_config=config())
    for batch in batches(chunks):
        store.add_embeddings(texts=[c["text"] for c in batch], embeddings=[c["vector"] for c in batch],
                             metadatas=[{"source": c["id"]} for c in batch])
    store.apply_vector_index(HNSWIndex())
    engine._run_as_sync(store._PGVectorStore__vs.aapply_hybrid_search_index())

    def dense(q):
        return [d.metadata["source"] for d in store.similarity_search(q["text"], k=K, hybrid_search_config=None)]

    def hybrid(q):  # a configuration keeps the first query that it sees
        found = store.similarity_search(q["text"], k=K, hybrid_search_config=config(q["text"]))
        return [d.metadata["source"] for d in found]

    return "LangChain's PGVectorStore " + version("langchain-postgres"), {"dense": dense, "hybrid": hybrid}


def llamaindex(url, chunks, queries):
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode
    from llama_index.vector_stores.postgres import PGVectorStore

    store = PGVectorStore.from_params(
        connection_string=sqlalchemy(url, "postgresql+psycopg2"),
        async_connection_string=sqlalchemy(url, "postgresql+asyncpg"),
        table_name="peer_search_llama", embed_dim=len(chunks[0]["vector"]), hybrid_search=True,
        hnsw_kwargs={"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 40,
                     "hnsw_dist_method": "vector_cosine_ops"},
    )
    nodes = [TextNode(id_=str(c["id"]), text=c["text"], embedding=c["vector"], metadata={"source": c["id"]}) for c in chunks]
    for batch in batches(nodes):
        store.add(batch)

    def dense(q):
        return [n.metadata["source"] for n in store.query(VectorStoreQuery(query_embedding=q["vector"], similarity_top_k=K)).nodes]

    def hybrid(q):
        return [n.metadata["source"] for n in store.query(VectorStoreQuery(
            query_embedding=q["vector"], query_str=q["text"], similarity_top_k=K, sparse_top_k=K,
            mode=VectorStoreQueryMode.HYBRID)).nodes]

    return "LlamaIndex's PGVectorStore " + version("llama-index-vector-stores-postgres"), {"dense": dense, "hybrid": hybrid}


def batches(rows):
    for at in range(0, len(rows), BATCH):
        yield rows[at : at + BATCH]


def sqlalchemy(url, driver):
    u = urlsplit(url)
    q = parse_qs(u.query)
    return f"{driver}://{u.username}@{u.path}?host={q['host'][0]}&port={q['port'][0]}"


def lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def analyze(url):
    import psycopg

    u = urlsplit(url)
    q = parse_qs(u.query)
    with psycopg.connect(host=q["host"][0], port=q["port"][0], user=u.username, dbname=u.path[1:], autocommit=True) as c:
        c.execute("vacuum (analyze)")


def main():
    peer, url, chunks, queries = sys.argv[1:]
    chunks, queries = lines(chunks), lines(queries)
    name, modes = {"langchain": langchain, "llamaindex": llamaindex}[peer](url, chunks, queries)
    analyze(url)
    for mode, search in modes.items():
        for q in queries[:20]:
            search(q)
        rates = []
        for clients in (1, 8):
            with ThreadPoolExecutor(clients) as pool:
                began = time.perf_counter()
                found = list(pool.map(search, queries))
                rates.append(len(queries) / (time.perf_counter() - began))
        print(json.dumps({"store": name, "mode": mode, "rate": rates, "found": found}), flush=True)


main()
