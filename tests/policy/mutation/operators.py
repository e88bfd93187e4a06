"""Mutants of a policy: one small mistake each, as an author makes them. Everything works on the loaded tree."""

import copy
import re
from collections.abc import Iterator
from decimal import Decimal

Tree = dict
Mutant = tuple[str, Tree]
RULES = (
    ("guards", "rules"),
    ("priority", "add"),
    ("lifecycle", "transitions"),
    ("routing", "rules"),
    ("actions", "rules"),
)
NUMBER = re.compile(r"(?<![\w.'])(\w+) (>=|<=|>|<|=|<>) (-?\d+(?:\.\d+)?)")
COMPARISON = re.compile(r"(>=|<=|<>|>|<|=)")
WORDS = re.compile(r"\(('[^()]*')\)")
FLIPPED = {">=": "<", "<=": ">", ">": "<=", "<": ">=", "=": "<>", "<>": "="}


def mutants(tree: Tree) -> Iterator[Mutant]:
    """Every mutant of the policy, named by operator and place."""
    for operator in (dropped, swapped, moved_thresholds, moved_numbers, fewer_words, flipped, admitted, broken_chains):
        yield from operator(tree)


def dropped(tree: Tree) -> Iterator[Mutant]:
    for path in RULES:
        for place, rule in enumerate(rules_at(tree, path)):
            yield f"drop {_name(path, rule, place)}", edited(tree, path, lambda rules, place=place: rules.pop(place))


def swapped(tree: Tree) -> Iterator[Mutant]:
    for path in RULES:
        rules = rules_at(tree, path)
        for place in range(len(rules) - 1):
            names = f"{_name(path, rules[place], place)} and the next"
            if "priority" in rules[place]:
                yield f"swap {names}", edited(tree, path, lambda rules, place=place: _swap_ranks(rules, place))
            elif path != ("priority", "add"):
                yield f"swap {names}", edited(tree, path, lambda rules, place=place: _swap(rules, place))


def moved_thresholds(tree: Tree) -> Iterator[Mutant]:
    scale = tree["inputs"]["fields"][tree["bands"]["field"]]["scale"]
    for band, thresholds in tree["bands"]["thresholds"].items():
        for key in thresholds:
            for sign in (1, -1):
                made = copy.deepcopy(tree)
                made["bands"]["thresholds"][band][key] = _stepped(str(thresholds[key]), scale, sign)
                yield f"move bands.{band}.{key} by {sign:+d}", made
    if tree["bands"].get("min_dwell_min"):
        for sign in (1, -1):
            made = copy.deepcopy(tree)
            made["bands"]["min_dwell_min"] += sign
            yield f"move bands.min_dwell_min by {sign:+d}", made


def moved_numbers(tree: Tree) -> Iterator[Mutant]:
    fields = tree["inputs"]["fields"]
    for place, text in conditions(tree):
        for match in NUMBER.finditer(text):
            scale = fields.get(match[1], {}).get("scale", 0)
            for sign in (1, -1):
                number = _stepped(match[3], scale, sign)
                moved = text[: match.start(3)] + str(number) + text[match.end(3) :]
                yield f"move {match[0]} in {_shown(place)} by {sign:+d}", written(tree, place, moved)


def fewer_words(tree: Tree) -> Iterator[Mutant]:
    for place, text in conditions(tree):
        for match in WORDS.finditer(text):
            words = [word.strip() for word in match[1].split(",")]
            for word in words if len(words) > 1 else []:
                kept = ", ".join(other for other in words if other != word)
                shorter = text[: match.start(1)] + kept + text[match.end(1) :]
                yield f"drop {word} in {_shown(place)}", written(tree, place, shorter)
    for row, rule in enumerate(tree["routing"]["rules"]):
        for column, cell in rule["when"].items():
            for word in cell if isinstance(cell, list) and len(cell) > 1 else []:
                made = copy.deepcopy(tree)
                made["routing"]["rules"][row]["when"][column].remove(word)
                yield f"drop {word} in {rule['id']}.{column}", made


def flipped(tree: Tree) -> Iterator[Mutant]:
    for place, text in conditions(tree):
        for match in COMPARISON.finditer(text):
            other = text[: match.start()] + FLIPPED[match[0]] + text[match.end() :]
            yield f"flip {match[0]} at {match.start()} in {_shown(place)}", written(tree, place, other)


def admitted(tree: Tree) -> Iterator[Mutant]:
    """What a rule excludes is let in: one part of an AND is left out, and one part of what a hold-out excludes."""
    for place, text in conditions(tree):
        word = " OR " if place[-1] == "exclude_if" else " AND "
        parts = _parts(text, word)
        for part in parts if len(parts) > 1 else []:
            kept = word.join(other for other in parts if other != part)
            yield f"admit {part} in {_shown(place)}", written(tree, place, kept)


def broken_chains(tree: Tree) -> Iterator[Mutant]:
    pools = tree["pools"]
    ends = [name for name, pool in pools.items() if pool.get("terminal")]
    for name, pool in pools.items():
        before = [other for other, block in pools.items() if block.get("fallback") == name]
        for target in (*(before[:1] if pool.get("fallback") else []), None, "q.nowhere", ends[-1]):
            if pool.get("fallback") in (None, target):
                continue
            made = copy.deepcopy(tree)
            made["pools"][name]["fallback"] = target
            if target is None:
                del made["pools"][name]["fallback"]
            yield f"chain {name} > {target}", made


def conditions(tree: Tree) -> Iterator[tuple[tuple, str]]:
    """Path and text of every condition of the rules and of the experiment, and of every unary test of a cell."""
    for path in RULES:
        for place, rule in enumerate(rules_at(tree, path)):
            if "if" in rule:
                yield (*path, place, "if"), rule["if"]
    for part, key in (("holdout", "exclude_if"), ("exploration", "allowed_if")):
        text = tree.get("experiment", {}).get(part, {}).get(key)
        if text:
            yield ("experiment", part, key), text
    for place, rule in enumerate(tree["routing"]["rules"]):
        for column, cell in rule["when"].items():
            if isinstance(cell, str) and COMPARISON.match(cell):
                yield ("routing", "rules", place, "when", column), f"{column} {cell}"


def written(tree: Tree, path: tuple, text: str) -> Tree:
    made = copy.deepcopy(tree)
    node = made
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = text.removeprefix(f"{path[-1]} ") if path[-2] == "when" else text
    return made


def rules_at(tree: Tree, path: tuple) -> list:
    return tree.get(path[0], {}).get(path[1], [])


def edited(tree: Tree, path: tuple, edit) -> Tree:
    made = copy.deepcopy(tree)
    edit(made[path[0]][path[1]])
    return made


def _swap(rules: list, place: int) -> None:
    rules[place], rules[place + 1] = rules[place + 1], rules[place]


def _swap_ranks(rules: list, place: int) -> None:
    one, other = rules[place], rules[place + 1]
    one["priority"], other["priority"] = other["priority"], one["priority"]


def _stepped(text: str, scale: int, sign: int) -> float | int:
    moved = Decimal(text) + sign * Decimal(1).scaleb(-scale)
    return float(moved) if scale else int(moved)


def _parts(text: str, word: str) -> list[str]:
    """The parts of a chain at its outermost level."""
    parts, depth = [""], 0
    for piece in re.split(r"( AND | OR |[()])", text):
        depth += (piece == "(") - (piece == ")")
        if piece == word and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    mixed = word == " AND " and any(" OR " in re.sub(r"\([^()]*\)", "", part) for part in parts)
    return [text] if mixed else parts


def _name(path: tuple, rule: Tree, place: int) -> str:
    return str(rule.get("id") or f"{'.'.join(path)}[{place}]")


def _shown(path: tuple) -> str:
    return ".".join(str(part) for part in path)
