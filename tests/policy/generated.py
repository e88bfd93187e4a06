"""Random policies and random leads, from a seeded generator: corners of every domain, missing values, NaN."""

import json
from random import Random

from core.policy import parser
from core.policy.document import Policy

WORDS = ("red", "green", "o'hara", "x y")
STATES = ("new", "open", "done")
POOLS = ("p.one", "p.two", "q.wait", "q.end")
METHODS = (None, "queue", "least_loaded")
ACTIONS = ("call", "mail", "wait")
OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


def policy(rng: Random) -> Policy:
    return parser.load(json.dumps(tree(rng)), "generated.json")


def tree(rng: Random) -> dict:
    fields = _fields(rng)
    bands = _bands(rng)
    names = list(bands["order"])
    before = {**fields, "disposition": _enum(("DENY", "HOLD", "PERMIT")), "band": _enum(names)}
    late = {**before, "priority": {"type": "int", "required": True, "min": -50, "max": 900}}
    rest = {**late, "next_state": _enum(STATES)} if (lifecycle := rng.random() < 0.7) else late
    last = {
        **rest,
        "pool": {**_enum(POOLS), "required": False},
        "sla_min": {"type": "int", "min": 0, "max": 60, "required": False},
    }
    document = {
        "apiVersion": "leadpolicy/v1",
        "kind": "LeadPolicy",
        "metadata": {"id": "generated"},
        "inputs": {
            "on_violation": {"disposition": "HOLD", "queue": "q.wait", "reason": "contract"},
            "fields": {**fields, "prev": _enum(["none", *names], rng.random() < 0.7)},
        },
        "guards": {"rules": [_guard(rng, fields, place) for place in range(rng.randrange(5))]},
        "bands": bands,
        "priority": _priority(rng, before),
        "routing": _routing(rng, rest),
        "pools": {name: {"capacity": "unbounded", "terminal": True} for name in POOLS},
    }
    if lifecycle:
        document["lifecycle"] = _lifecycle(rng, late)
    if rng.random() < 0.8:
        document["actions"] = _actions(rng, last)
    return document


def leads(rng: Random, made: Policy, count: int) -> list[dict]:
    return [{name: _value(rng, field) for name, field in made.input_fields.items()} for _ in range(count)]


def _enum(values, required=True) -> dict:
    return {"type": "enum", "values": list(values), "required": required}


def _fields(rng: Random) -> dict:
    return {
        "score": {"type": "decimal", "scale": rng.choice([2, 4]), "min": 0, "max": 1, "required": True},
        "dwell_min": {"type": "int", "min": 0, "max": 100, "required": rng.random() < 0.5},
        "size": {"type": "int", "min": -10, "max": 1000, "required": rng.random() < 0.5},
        "free": {"type": "int", "required": False},
        "rate": {"type": "decimal", "scale": 1, "min": -1, "max": 1, "required": rng.random() < 0.5},
        "flag": {"type": "bool", "required": rng.random() < 0.5},
        "colour": _enum(WORDS, rng.random() < 0.5),
        "note": {"type": "text", "required": rng.random() < 0.5},
        "state": _enum(STATES, rng.random() < 0.7),
    }


def _bands(rng: Random) -> dict:
    names = ["a", "b", "c"][: rng.randrange(1, 4)]
    cuts = sorted(rng.sample(range(2, 99), 2 * len(names)), reverse=True)
    thresholds = {
        name: {"enter": cuts[2 * place] / 100, "exit": cuts[2 * place + 1] / 100} for place, name in enumerate(names)
    }
    order = [*names, "rest"]
    return {
        "field": "score",
        "previous": "prev",
        "order": order,
        "thresholds": thresholds,
        "otherwise": "rest",
        "labels": dict(zip(order, "ABCD", strict=False)),
        "min_dwell_min": rng.choice([0, 0, 30]),
    }


def _literal(rng: Random, field: dict) -> str:
    kind = field["type"]
    if kind == "bool":
        return rng.choice(["TRUE", "FALSE"])
    if kind in ("enum", "text"):
        return "'" + rng.choice(list(field.get("values") or WORDS)).replace("'", "''") + "'"
    if kind == "int":
        return str(rng.choice([field.get("min", -5), field.get("max", 5), rng.randrange(0, 50)]))
    return f"{rng.choice([field['min'], field['max'], rng.randrange(0, 10) / 10])}"


def _atom(rng: Random, fields: dict, *, under_not: bool) -> str:
    name = rng.choice([name for name in fields if not under_not or fields[name].get("required", True)])
    field = fields[name]
    form = rng.random()
    if form < 0.1:
        return f"{name} IS {rng.choice(['NULL', 'NOT NULL'])}"
    if form < 0.3 and field["type"] not in ("bool",):
        words = ", ".join(_literal(rng, field) for _ in range(rng.randrange(1, 4)))
        return f"{name} {rng.choice(['IN', 'NOT IN'])} ({words})"
    if form < 0.4 and field["type"] in ("enum", "text"):
        return f"{name} {rng.choice(['LIKE', 'NOT LIKE'])} '{rng.choice(['%e%', 'r_d', 'o%', '%'])}'"
    if field["type"] in ("bool", "enum", "text"):
        return f"{name} {rng.choice(['=', '<>'])} {_literal(rng, field)}"
    return f"{name} {rng.choice(OPERATORS)} {_literal(rng, field)}"


def condition(rng: Random, fields: dict, depth: int = 2, *, under_not: bool = False) -> str:
    form = rng.random()
    if depth == 0 or form < 0.4:
        return _atom(rng, fields, under_not=under_not)
    if form < 0.5:
        return f"NOT ({condition(rng, fields, depth - 1, under_not=True)})"
    word = rng.choice([" AND ", " OR "])
    return "(" + word.join(condition(rng, fields, depth - 1, under_not=under_not) for _ in range(2)) + ")"


def _guard(rng: Random, fields: dict, place: int) -> dict:
    effect = rng.choice(["DENY", "HOLD", "HOLD"])
    test = rng.choice(["rate < -0.5 AND", "rate < -0.5 AND", "size > 900 OR"])
    rule = {"id": f"g.{place}", "effect": effect, "if": f"{test} {condition(rng, fields)}", "reason": f"why_{place}"}
    return {**rule, "queue": rng.choice(POOLS)} if effect == "HOLD" else rule


def _priority(rng: Random, fields: dict) -> dict:
    add = [{"if": condition(rng, fields), "points": rng.randrange(-300, 300)} for _ in range(rng.randrange(3))]
    return {"base": {"field": "score", "times": rng.choice([1, 700, 777])}, "add": add, "clamp": [-50, 900]}


def _lifecycle(rng: Random, fields: dict) -> dict:
    moves = [
        {"id": f"t.{place}", "from": rng.sample(STATES, 2), "to": rng.choice(STATES), "if": condition(rng, fields)}
        for place in range(rng.randrange(4))
    ]
    return {"initial": "new", "states": {name: {} for name in STATES}, "transitions": moves}


def _cell(rng: Random, field: dict) -> object:
    kind, form = field["type"], rng.random()
    if form < 0.15:
        return rng.choice([None, ""])
    if kind == "bool":
        return rng.random() < 0.5
    if kind in ("enum", "text"):
        words = list(field.get("values") or WORDS)
        return rng.choice(words) if form < 0.6 else rng.sample(words, min(2, len(words)))
    written = _literal(rng, field)
    return f"{rng.choice(OPERATORS)} {written}" if form < 0.7 else json.loads(written)


def _route(rng: Random) -> dict:
    route = {"pool": rng.choice(POOLS), "sla_min": rng.choice([None, 0, 15, 60]), "method": rng.choice(METHODS)}
    return {key: value for key, value in route.items() if value is not None}


def _routing(rng: Random, fields: dict) -> dict:
    hit = rng.choice(["FIRST", "UNIQUE", "ANY", "PRIORITY", "COLLECT"])
    names = list(fields)
    rows = []
    for place in range(rng.randrange(6)):
        when = {name: _cell(rng, fields[name]) for name in rng.sample(names, rng.randrange(3))}
        rows.append({"id": f"r.{place}", "when": when, "then": _route(rng)})
        if hit == "PRIORITY":
            rows[-1]["priority"] = (place * 7 + 3) % 11
    return {
        "applies_if": rng.choice([None, "disposition = 'PERMIT'", condition(rng, fields)]),
        "hit": hit,
        "rules": rows,
        "otherwise": rng.choice([None, _route(rng)]),
    }


def _actions(rng: Random, fields: dict) -> dict:
    rules = [
        {"id": f"a.{place}", "priority": (place * 5 + 2) % 7, "if": condition(rng, fields), "do": rng.choice(ACTIONS)}
        for place in range(rng.randrange(5))
    ]
    return {
        "applies_if": rng.choice([None, condition(rng, fields)]),
        "catalogue": list(ACTIONS),
        "rules": rules,
        "otherwise": "wait",
    }


def _value(rng: Random, field: object) -> object:
    kind = field.type  # type: ignore[attr-defined]
    if rng.random() < (0.02 if field.required else 0.25):  # type: ignore[attr-defined]
        return None
    if kind == "bool":
        return rng.random() < 0.5
    if kind in ("enum", "text"):
        strange = kind == "enum" and rng.random() < 0.02
        return "strange" if strange else rng.choice(field.values or WORDS)  # type: ignore[attr-defined]
    low, high = field.min if field.min is not None else -9, field.max if field.max is not None else 9  # type: ignore
    if kind == "int":
        return rng.choice([low, high, rng.randrange(low, high + 1), rng.randrange(low, high + 1)]) + _beyond(rng)
    if rng.random() < 0.03:
        return rng.choice([float("nan"), float("inf"), -float("inf"), 1e308, -1e300, high + 1.0])
    return rng.choice([float(low), float(high), rng.uniform(low, high), rng.randrange(0, 101) / 100])


def _beyond(rng: Random) -> int:
    return rng.choice([-(10**15), 10**15, 1, -1]) if rng.random() < 0.01 else 0
