"""Checks of metadata, rule ids, guards, lifecycle, routing and actions."""

from collections.abc import Iterator

from core.kernel.errors import LeadbenchError
from core.kernel.expressions import Diagnostic
from core.kernel.strict_yaml import Path
from core.kernel.times import from_text
from core.policy.blocks import Lifecycle, Route
from core.policy.caps import caps_of, quiet_minutes
from core.policy.checks.names import distinct, resolve
from core.policy.document import Document
from core.policy.routing import STATE
from core.policy.shape import Located

OUTPUT_TYPES = {"pool": "string", "sla_min": "int", "method": "enum"}


def check_metadata(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `metadata`."""
    effective = document.metadata.effective
    if effective is None:
        return
    moments = [("from", effective.since), ("until", effective.until)]
    faults = [_check_time(located, key, text) for key, text in moments if text]
    yield from (fault for fault in faults if fault)
    if (
        effective.since
        and effective.until
        and not any(faults)
        and from_text(effective.since) >= from_text(effective.until)
    ):
        path = ("metadata", "effective")
        message = f"The policy ends at `{effective.until}`, before it begins."
        yield located.diagnostic("wrong_limits", path, message, "Let `until` be later than `from`, or null.")


def _check_time(located: Located, key: str, text: str) -> Diagnostic | None:
    try:
        from_text(text)
    except (LeadbenchError, ValueError):
        path = ("metadata", "effective", key)
        return located.diagnostic("invalid_time", path, f"`{text}` is not a time.", "Write 2026-11-24T08:00:00Z.")
    return None


def rule_ids(document: Document) -> Iterator[tuple[str, Path]]:
    """Every rule's id with its place in the document."""
    listed = (
        (("guards", "rules"), document.guards.rules),
        (("priority", "add"), document.priority.add if document.priority else ()),
        (("lifecycle", "transitions"), document.lifecycle.transitions if document.lifecycle else ()),
        (("routing", "rules"), document.routing.rules),
        (("actions", "rules"), document.actions.rules if document.actions else ()),
        (("properties",), document.properties),
    )
    for path, rules in listed:
        yield from ((rule.id, (*path, place)) for place, rule in enumerate(rules) if rule.id)


def check_ids(document: Document, located: Located) -> Iterator[Diagnostic]:
    """A finding an id that two rules share."""
    seen: set[str] = set()
    for name, path in rule_ids(document):
        if name in seen:
            yield located.diagnostic(
                "duplicate_id", path, f"Two rules are called `{name}`.", "A reason names one rule: rename one."
            )
        seen.add(name)
    yield from distinct(located, ("tests",), "the tests", [test.name for test in document.tests])


def check_guards(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `guards`."""
    for place, guard in enumerate(document.guards.rules):
        path = ("guards", "rules", place)
        yield from resolve(located, (*path, "queue"), "pool", guard.queue, document.pools)
        if (guard.queue is None) is (guard.effect == "HOLD"):
            held = guard.effect == "HOLD"
            yield located.diagnostic(
                "guard_queue",
                path,
                f"Guard `{guard.id}` {'holds leads but names no queue' if held else 'denies leads but names a queue'}.",
                "Give it the pool that held leads wait in." if held else "A denied lead waits nowhere: leave it out.",
            )


def check_lifecycle(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `lifecycle`."""
    block, root = document.lifecycle, "lifecycle"
    if block is None:
        return
    states = block.states
    yield from _check_state_field(document, located, block)
    yield from resolve(located, (root, "initial"), "state", block.initial, states)
    for name in block.terminal:
        yield from resolve(located, (root, "terminal"), "state", name, states)
    for name, state in states.items():
        yield from resolve(located, (root, "states", name), "state", state.on_timeout, states)
        if (state.on_timeout is None) is not (state.sla_min is None):
            message = f"State `{name}` has a time-out without a target, or a target without a time."
            yield located.diagnostic("half_timeout", (root, "states", name), message, "Give sla_min and on_timeout.")
        if state.on_timeout is not None and (state.sla_min == 0 or name in block.terminal):
            message = (
                f"State `{name}` {'is terminal and' if name in block.terminal else 'has no time before it'} times out."
            )
            hint = "A lead stays in a terminal state, and in any other for a minute or more."
            yield located.diagnostic("wrong_timeout", (root, "states", name), message, hint)
    for place, move in enumerate(block.transitions):
        yield from _check_transition(located, block, move.sources, move.target, (root, "transitions", place))


def _check_state_field(document: Document, located: Located, block: Lifecycle) -> Iterator[Diagnostic]:
    field = document.inputs.fields.get(STATE)
    if field is None or set(field.values) != set(block.states):
        yield located.diagnostic(
            "state_field",
            ("lifecycle", "states"),
            f"The input `{STATE}` does not list exactly the lifecycle's states.",
            f"Declare it under `inputs.fields`: type enum, values [{', '.join(block.states)}].",
        )


def _check_transition(
    located: Located, block: Lifecycle, sources: tuple[str, ...], target: str, path: Path
) -> Iterator[Diagnostic]:
    yield from resolve(located, (*path, "to"), "state", target, block.states)
    for name in sources:
        yield from resolve(located, (*path, "from"), "state", name, block.states)
        if name in block.terminal:
            message = f"`{name}` is terminal, so no transition leaves it."
            yield located.diagnostic("leaves_terminal", (*path, "from"), message, "Take it out of `from`.")


def check_routing(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `routing`."""
    block = document.routing
    for name, kind in block.outputs.items():
        yield from resolve(located, ("routing", "outputs", name), "output", name, OUTPUT_TYPES)
        if OUTPUT_TYPES.get(name, kind) != kind:
            path = ("routing", "outputs", name)
            yield located.diagnostic("wrong_type", path, f"`{name}` is `{kind}`.", f"Write `{OUTPUT_TYPES[name]}`.")
    for place, row in enumerate(block.rules):
        yield from _check_route(document, located, row.then, ("routing", "rules", place, "then"))
        if (row.priority is None) is (block.hit == "PRIORITY"):
            message = f"Row `{row.id}` has priority `{row.priority}` under hit policy `{block.hit}`."
            hint = "Rows have a priority under PRIORITY, and only there."
            yield located.diagnostic("row_priority", ("routing", "rules", place), message, hint)
    if block.otherwise:
        yield from _check_route(document, located, block.otherwise, ("routing", "otherwise"))
    ranks = [str(row.priority) for row in block.rules if row.priority is not None]
    yield from distinct(located, ("routing", "rules"), "the rows' priorities", ranks)


def _check_route(document: Document, located: Located, route: Route, path: Path) -> Iterator[Diagnostic]:
    yield from resolve(located, (*path, "pool"), "pool", route.pool, document.pools)
    declared = document.routing.outputs
    for name in ("sla_min", "method"):
        if declared and name not in declared and getattr(route, name) is not None:
            message = f"`{name}` is given but not among the table's outputs."
            yield located.diagnostic("undeclared_output", (*path, name), message, "Add it to `routing.outputs`.")


def check_actions(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `actions`."""
    block = document.actions
    if block is None:
        return
    yield from distinct(located, ("actions", "catalogue"), "the catalogue", block.catalogue)
    yield from resolve(located, ("actions", "otherwise"), "action", block.otherwise, block.catalogue)
    for place, rule in enumerate(block.rules):
        yield from resolve(located, ("actions", "rules", place, "do"), "action", rule.do, block.catalogue)
    ranks = [str(rule.priority) for rule in block.rules]
    yield from distinct(located, ("actions", "rules"), "the actions' priorities", ranks)
    yield from _check_caps(document, located)


def _check_caps(document: Document, located: Located) -> Iterator[Diagnostic]:
    path = ("actions", "caps")
    quiet = document.actions.caps.quiet_hours if document.actions and document.actions.caps else None
    if quiet and quiet_minutes(quiet) is None:
        hint = "Write `20:00-08:00 lead_tz`: from and until, in the lead's own time."
        yield located.diagnostic("invalid_hours", (*path, "quiet_hours"), f"`{quiet}` is no span of a day.", hint)
    for cap in caps_of(document):
        field = document.inputs.fields[cap.input]
        if field.type != "int":
            message = f"`{cap.input}`, which `{cap.key}` reads, is `{field.type}`."
            yield located.diagnostic("wrong_type", (*path, cap.key), message, "Declare it as an int.")
