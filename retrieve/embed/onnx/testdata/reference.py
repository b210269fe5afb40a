"""Writes reference.json: texts and their vectors by all-MiniLM-L6-v2 in 32-bit floats.

    pip install numpy tokenizers==0.23.3
    python reference.py path/to/model.safetensors path/to/vocab.txt > reference.json
"""

import json
import math
import struct
import sys

import numpy as np
from tokenizers import BertWordPieceTokenizer

TEXTS = [
    "hello world",
    "How do I configure the garbage collector?",
    "def f(x):\n    return x + 1",
    "日本語 text mixed with 한국어",
]

raw = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8 : 8 + size])
W = {
    name: np.frombuffer(raw, "<f4", math.prod(t["shape"]), 8 + size + t["data_offsets"][0]).reshape(t["shape"])
    for name, t in header.items()
    if name != "__metadata__" and t["dtype"] == "F32"
}
tokenizer = BertWordPieceTokenizer(sys.argv[2], lowercase=True)
erf = np.vectorize(math.erf)


def norm(x, p):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12) * W[p + "weight"] + W[p + "bias"]


def linear(x, p):
    return x @ W[p + "weight"].T + W[p + "bias"]


def embed(text):
    ids = tokenizer.encode(text).ids[:256]
    e = "embeddings."
    x = W[e + "word_embeddings.weight"][ids] + W[e + "position_embeddings.weight"][: len(ids)]
    x = norm(x + W[e + "token_type_embeddings.weight"][0], e + "LayerNorm.")
    for layer in range(6):
        p = f"encoder.layer.{layer}."
        q, k, v = (
            linear(x, f"{p}attention.self.{part}.").reshape(len(ids), 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        s = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        c = ((s / s.sum(-1, keepdims=True)) @ v).transpose(1, 0, 2).reshape(len(ids), 384)
        x = norm(linear(c, p + "attention.output.dense.") + x, p + "attention.output.LayerNorm.")
        g = linear(x, p + "intermediate.dense.")
        g = g * 0.5 * (1 + erf(g / math.sqrt(2)))
        x = norm(linear(g, p + "output.dense.") + x, p + "output.LayerNorm.")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


rows = [{"text": t, "vector": [round(float(v), 5) for v in embed(t)]} for t in TEXTS]
print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
