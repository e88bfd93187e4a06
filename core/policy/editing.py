"""Edits of a policy's text that a form makes: the values named are changed, every other character stays."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from core.kernel import strict_yaml
from core.kernel.errors import LeadbenchError

LAST_PLACE = 0.0001
ROUTES = ("routing", "rules")
GUARDS = ("guards", "rules")
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
WORDS: dict[str, object] = {"true": True, "false": False, "": None}
Rule = Mapping[str, Any]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """The parts of a document that a form shows, as written; empty where the text does not have them."""

    name: str = ""
    risk_class: str = "medium"
    rationale: str = ""
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    guards: tuple[Rule, ...] = ()
    routes: tuple[Rule, ...] = ()


def outline(text: str) -> Outline | None:
    """What a form can show of the text; None where the text cannot be read as blocks of a policy."""
    try:
        tree, _ = strict_yaml.load(text, file="draft")
    except LeadbenchError:
        return None
    if not isinstance(tree, Mapping):
        return None
    metadata = _mapping(tree.get("metadata"))
    return Outline(
        name=str(metadata.get("id", "")),
        risk_class=str(metadata.get("risk_class", "medium")),
        rationale=str(metadata.get("rationale", "")).strip(),
        thresholds=_thresholds(_mapping(tree.get("bands"))),
        guards=_rules(_mapping(tree.get("guards"))),
        routes=_rules(_mapping(tree.get("routing"))),
    )


def with_threshold(text: str, band: str, enter: float, leave: float) -> str:
    """The text with another enter and exit threshold of a band; numbers that are equal stay as written."""
    for key, value in (("enter", enter), ("exit", leave)):
        node = _node(text, ("bands", "thresholds", band, key))
        if float(node.value) != value:
            text = _with_number(text, node, value)
    return text


def with_tests_moved(text: str, before: float, after: float) -> str:
    """The text in which golden tests of a lead at one threshold, or one last place under it, are about another.

    A test at a threshold says what happens there; where the threshold goes, it goes along.
    """
    for node in reversed(_tested_numbers(text)):
        for under in (0.0, LAST_PLACE):
            if float(node.value) == round(before - under, 6):
                text = _with_number(text, node, round(after - under, 6))
                break
    return text


def _tested_numbers(text: str) -> list[Any]:
    """The nodes of the banded field in the golden tests, in order."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    tests = next((value for key, value in root.value if key.value == "tests"), None)
    field_name = _node(text, ("bands", "field")).value
    blocks = [value for test in (tests.value if tests else ()) for key, value in test.value if key.value == "given"]
    found = [value for block in blocks for key, value in block.value if key.value == field_name]
    return [node for node in found if NUMBER.fullmatch(str(node.value))]


def _with_number(text: str, node: Any, value: float) -> str:
    places = len(node.value.partition(".")[2])
    told = f"{value:.{places}f}" if round(value, places) == value else f"{round(value, 6)}"
    return text[: node.start_mark.index] + told + text[node.end_mark.index :]


def with_value(text: str, path: Path, value: object) -> str:
    """The text with another value at a path of keys; a missing last key is added to its block."""
    parent = _node(text, path[:-1])
    found = next((node for key, node in parent.value if key.value == path[-1]), None)
    if found is None:
        return _added(text, parent, path[-1], value)
    start, end = found.start_mark.index, found.end_mark.index
    tail = text[start:end][len(text[start:end].rstrip()) :]
    return text[:start] + flow(value) + tail + text[end:]


def with_rules(text: str, path: Path, rules: Sequence[Rule]) -> str:
    """The text with these rules at the path, in this order; a rule that is equal keeps its lines and comments."""
    listed = _node(text, path)
    tree, _ = strict_yaml.load(text, file="draft")
    for key in path:
        tree = tree[key]  # type: ignore[index]
    written = {_frozen(rule): segment for rule, segment in zip(tree, _segments(text, listed), strict=True)}  # type: ignore[arg-type]
    if listed.flow_style or not listed.value or not rules:
        start, end = listed.start_mark.index, listed.end_mark.index
        tail = text[start:end][len(text[start:end].rstrip()) :]
        return text[:start] + flow(list(rules)) + tail + text[end:]
    indent = " " * listed.start_mark.column
    lines = [written.get(_frozen(rule), f"{indent}- {flow(rule)}\n") for rule in rules]
    start, end = _extent(text, listed)
    return text[:start] + "".join(lines) + text[end:]


def flow(value: object) -> str:
    """A value as YAML on one line."""
    told = yaml.safe_dump(value, default_flow_style=True, width=10**9, sort_keys=False, allow_unicode=True)
    return told.removesuffix("\n").removesuffix("\n...")


def cell_text(value: object) -> str:
    """A cell of a decision table as a person writes it; blank lets any value through."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(cell_text, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def cell_value(text: str) -> object:
    """What a written cell means: a list in brackets, true or false, a number, else text; None for blank."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        return [cell_value(part) for part in text[1:-1].split(",") if part.strip()]
    if text in WORDS:
        return WORDS[text]
    if NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _rules(block: Mapping[str, Any]) -> tuple[Rule, ...]:
    rules = block.get("rules")
    return tuple(rule for rule in rules if isinstance(rule, Mapping)) if isinstance(rules, list) else ()


def _thresholds(bands: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    found = {name: _mapping(cut) for name, cut in _mapping(bands.get("thresholds")).items()}
    order = bands.get("order") if isinstance(bands.get("order"), list) else list(found)
    numbers = {
        name: (found[name].get("enter"), found[name].get("exit"))
        for name in order or ()
        if isinstance(name, str) and name in found
    }
    return {
        name: (float(enter), float(leave))
        for name, (enter, leave) in numbers.items()
        if isinstance(enter, int | float) and isinstance(leave, int | float)
    }


def _node(text: str, path: Path) -> Any:
    node: Any = yaml.compose(text, Loader=yaml.CSafeLoader)
    for name in path:
        node = next(value for key, value in node.value if key.value == name)
    return node


def _added(text: str, parent: Any, key: str, value: object) -> str:
    start = parent.start_mark.index
    if parent.flow_style:
        comma = ", " if parent.value else ""
        return f"{text[: start + 1]}{key}: {flow(value)}{comma}{text[start + 1 :]}"
    indent = " " * parent.start_mark.column
    return f"{text[:start]}{key}: {flow(value)}\n{indent}{text[start:]}"


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _extent(text: str, listed: Any) -> tuple[int, int]:
    """From the line of the first rule to the end of the last rule's line."""
    last = listed.value[-1]
    content = text[last.start_mark.index : last.end_mark.index].rstrip()
    end = text.find("\n", last.start_mark.index + len(content))
    return _line_start(text, listed.value[0].start_mark.index), len(text) if end < 0 else end + 1


def _segments(text: str, listed: Any) -> list[str]:
    """The lines of each rule of a block list, with the comments that follow it."""
    if listed.flow_style or not listed.value:
        return [""] * len(listed.value)
    starts = [_line_start(text, item.start_mark.index) for item in listed.value]
    ends = [*starts[1:], _extent(text, listed)[1]]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _frozen(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=True, allow_unicode=True)
