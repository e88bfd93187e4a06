"""Large random decision tables, for speed."""

import json
from random import Random

from core.policy import parser
from core.policy.document import Policy

WORDS = {f"w{place}": [f"{letter}{place}" for letter in "abcdefgh"] for place in range(4)}
COUNTS = tuple(f"n{place}" for place in range(4))


def random_table(rows: int, seed: int) -> Policy:
    """A table of so many rows over nine columns, two to four cells a row, the first row that holds decides."""
    rng = Random(seed)
    return parser.load(table_text(rng, [_row(rng, place) for place in range(rows)], "FIRST"), "table.json")


def exclusive_table(rows: int, seed: int) -> Policy:
    """A table of so many rows that no two hold together, by intervals of one number and words of another column."""
    rng = Random(seed)
    made = []
    for place in range(rows):
        low, word = place // 8, WORDS["w0"][place % 8]
        made.append({"id": f"r{place}", "when": {"n0": low, "w0": word}, "then": {"pool": f"p{place % 5}"}})
    return parser.load(table_text(rng, made, "UNIQUE"), "table.json")


def table_text(rng: Random, rows: list[dict], hit: str) -> str:
    fields = {name: {"type": "enum", "values": words} for name, words in WORDS.items()}
    fields |= {name: {"type": "int", "min": 0, "max": 1000} for name in COUNTS}
    score = {"type": "decimal", "scale": 4, "min": 0, "max": 1, "typical": 0.3}
    pools = {f"p{place}": {"capacity": "unbounded", "fallback": "q.end"} for place in range(5)}
    tree = {
        "apiVersion": "leadpolicy/v1",
        "kind": "LeadPolicy",
        "metadata": {"id": f"table-{len(rows)}"},
        "inputs": {
            "on_violation": {"disposition": "HOLD", "queue": "q.end", "reason": "contract"},
            "fields": {"score": score, **fields},
        },
        "bands": {
            "field": "score",
            "order": ["hot", "warm", "cold"],
            "thresholds": {"hot": {"enter": 0.8, "exit": 0.8}, "warm": {"enter": 0.5, "exit": 0.5}},
            "otherwise": "cold",
            "labels": {"hot": "A", "warm": "B", "cold": "C"},
        },
        "routing": {"hit": hit, "rules": rows, "otherwise": {"pool": "q.end"}},
        "pools": {**pools, "q.end": {"capacity": "unbounded", "terminal": True}},
    }
    return json.dumps(tree)


def _row(rng: Random, place: int) -> dict:
    columns = rng.sample(["band", *WORDS, *COUNTS], rng.randrange(2, 5))
    when = {name: _cell(rng, name) for name in columns}
    return {"id": f"r{place}", "when": when, "then": {"pool": f"p{rng.randrange(5)}", "sla_min": rng.randrange(1, 500)}}


def _cell(rng: Random, name: str) -> object:
    if name == "band":
        return rng.choice(["hot", "warm", "cold"])
    if name in COUNTS:
        return f"{rng.choice(['>=', '<', '>', '<='])} {rng.randrange(1, 1000)}"
    return rng.sample(WORDS[name], rng.randrange(1, 4))
