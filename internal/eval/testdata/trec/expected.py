#!/usr/bin/env python3
"""Writes the JSON files beside it: qrels, runs and the values that trec_eval,
called through pytrec_eval, gives for them.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install pytrec_eval-terrier==0.5.11
    /tmp/v/bin/python expected.py

MRR@10 is not one of trec_eval's measures: it is recip_rank where the first
relevant document is among the first ten, else 0.
"""
import json
import pathlib
import random

import pytrec_eval

CUTS = (1, 3, 5, 10, 100)
CUT_MEASURES = {"ndcg": "ndcg_cut", "recall": "recall", "success": "success", "p": "P", "map": "map_cut"}


def evaluate(qrels, run):
    names = {f"{m}.{','.join(map(str, CUTS))}" for m in CUT_MEASURES.values()}
    found = pytrec_eval.RelevanceEvaluator(qrels, names | {"map", "ndcg", "recip_rank"}).evaluate(run)
    out = {}
    for q, v in found.items():
        out[q] = {"map": v["map"], "ndcg": v["ndcg"], "mrr": v["recip_rank"]}
        out[q]["mrr@10"] = v["recip_rank"] if v["recip_rank"] > 0.0999 else 0.0
        for ours, theirs in CUT_MEASURES.items():
            for k in CUTS:
                out[q][f"{ours}@{k}"] = v[f"{theirs}_{k}"]
    return out


def random_case(seed, queries, docs, grades, depth, score):
    """score(random) makes one document's score: coarse ones make ties."""
    r = random.Random(seed)
    names = [f"d{i}" for i in range(docs)]
    qrels, run = {}, {}
    for i in range(queries):
        q = f"q{i}"
        qrels[q] = {d: r.choice(grades) for d in r.sample(names, r.randint(1, docs // 2))}
        run[q] = {d: score(r) for d in r.sample(names, r.randint(1, depth))}
    return qrels, run


def hostile():
    qrels = {
        "tie": {"a": 1, "b": 0, "c": 2, "B": 1, "é": 1, "日": 3, "10": 1, "9": 2},
        # Equal once rounded to the 32 bits in which trec_eval keeps scores.
        "tie32": {"a": 1, "b": 0},
        "overflow": {"a": 1, "b": 0, "c": 1},
        "negative": {"a": -1, "b": -2, "c": 1, "d": 0},
        "only-negative": {"a": -1, "b": -5},
        "only-zero": {"a": 0, "b": 0},
        "graded": {"a": 7, "b": 3, "c": 1, "d": 12, "e": 0, "f": 1},
        "unjudged": {"z": 1, "y": 2},
        "nothing-found": {"a": 1},
        "missing": {"a": 1},
        "deep": {f"r{i}": 1 + i % 4 for i in range(150)},
        "one": {"a": 1},
    }
    run = {
        "tie": {d: 1.0 for d in ("a", "b", "c", "B", "é", "日", "10", "9", "zz", "")},
        "tie32": {"a": 1.0 + 1e-12, "b": 1.0},
        "overflow": {"a": 1e300, "b": 1e200, "c": -1e300, "d": -1e39},
        "negative": {"a": 5.0, "b": 4.0, "c": 3.0, "d": 2.0, "x": 1.0},
        "only-negative": {"a": 1.0, "b": 0.5},
        "only-zero": {"a": 1.0},
        "graded": {"a": 0.1, "b": 0.9, "c": 0.8, "d": 0.2, "e": 1.0, "x": 0.85},
        "unjudged": {"a": 3.0, "b": 2.0, "z": 1.0},
        "nothing-found": {},
        "deep": {f"{'r' if i % 3 else 'n'}{i}": 1000.0 - i for i in range(400)},
        "one": {"a": -0.0, "b": 0.0},
        "not-judged-at-all": {"a": 1.0},
    }
    return qrels, run


def main():
    here = pathlib.Path(__file__).parent
    cases = {
        "binary": random_case(1, 12, 60, [0, 1], 60, lambda r: r.random()),
        "graded": random_case(2, 12, 60, [0, 0, 1, 2, 3], 60, lambda r: r.gauss(0, 1)),
        "negative": random_case(3, 12, 40, [-2, -1, 0, 1, 4], 40, lambda r: r.random()),
        "ties": random_case(4, 12, 60, [0, 1, 2], 60, lambda r: float(r.randint(0, 3))),
        "deep": random_case(5, 4, 300, [0, 0, 0, 1], 300, lambda r: r.random() * 1e-6),
        "hostile": hostile(),
    }
    for name, (qrels, run) in cases.items():
        case = {"qrels": qrels, "run": run, "expected": evaluate(qrels, run)}
        (here / f"{name}.json").write_text(json.dumps(case, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
