"""Versions of event schemas: a new one must understand the one before, and events come in at the newest."""

import json

import pytest

from core.features.schema import event_schema
from core.kernel.strict_yaml import DocumentInvalid
from core.signals.schemas.compatibility import changes
from core.signals.schemas.document import TYPES, SchemaInvalid, of
from core.signals.schemas.errors import SchemaBreaks, SchemaVersionTaken, SchemaVersionWrong
from core.signals.schemas.upcasting import retyped, upcast

FIRST = {"seats": {"type": "number"}, "plan": {"type": "text"}, "name": {"type": "text", "required": True}}


def declared(version, properties, *steps):
    body = {"schema": "leadbench/event-schema/v1", "type": "demo", "version": version, "properties": properties}
    return of(body | ({"upcast": list(steps)} if steps else {}))


def without(*names, **more):
    return {name: about for name, about in FIRST.items() if name not in names} | more


NUMBER, TEXT = {"type": "number"}, {"type": "text"}
NEEDED = {"type": "text", "required": True}
OLD = declared(1, FIRST)
MATRIX = {
    "add optional": (without(region=TEXT), (), None),
    "add required": (without(region=NEEDED), (), "`region` is required"),
    "add required with a default": (without(region=NEEDED), ({"default": "region", "value": "EU"},), None),
    "remove optional": (without("plan"), (), None),
    "remove required": (without("name"), (), "`name` was required and is gone"),
    "remove required, said": (without("name"), ({"remove": "name"},), None),
    "rename": (without("seats", users=NUMBER), (), "`seats` is gone and `users` of the same type is new"),
    "rename, said": (without("seats", users=NUMBER), ({"rename": "seats", "to": "users"},), None),
    "retype": (without(seats=TEXT), (), "`seats` was number and is text"),
    "retype, said": (without(seats=TEXT), ({"retype": "seats", "to": "text"},), None),
    "number to decimal": (without(seats={"type": "decimal"}), (), None),
    "require": (without(plan=NEEDED), (), "`plan` was optional and is required"),
    "require with a default": (without(plan=NEEDED), ({"default": "plan", "value": "free"},), None),
    "split": (
        without("name", first=NEEDED, last=TEXT),
        ({"split": "name", "by": " ", "into": ["first", "last"]},),
        None,
    ),
}
EVENT = {"seats": 5, "plan": "pro", "name": "Ann Lee", "unknown": [1]}


def fits(schema, properties):
    """Whether a reader of this version understands the properties: what is declared is of its type and not missing."""
    kinds: dict = {"number": (int, float), "decimal": (int, float), "text": (str,)}
    return all(
        isinstance(properties[name], kinds[about.type]) if properties.get(name) is not None else not about.required
        for name, about in schema.properties.items()
    )


@pytest.mark.parametrize("name", MATRIX)
def test_old_and_new_writers_are_understood_by_new_readers_or_the_version_is_refused(name):
    properties, steps, broken = MATRIX[name]
    new = declared(2, properties, *steps)
    found = [one.breaks for one in changes(OLD, new) if one.breaks]
    assert (found[0] if found else None) == broken or str(found[0]).startswith(str(broken))
    if broken:
        return
    assert fits(new, upcast(EVENT, [new])), "an old writer's event, a new reader"
    by_new_writer = upcast(EVENT, [new])
    assert upcast(by_new_writer, [new]) == by_new_writer, "a new writer's event is not changed again"
    assert by_new_writer["unknown"] == [1], "what nobody declared is kept"


@pytest.mark.parametrize("name", [name for name, (_, _, broken) in MATRIX.items() if broken])
def test_the_refusal_of_a_breaking_version_names_the_remedy(signals, name):
    properties, steps, _ = MATRIX[name]
    register(signals, OLD.content)
    with pytest.raises(SchemaBreaks) as refusal:
        register(signals, declared(2, properties, *steps).content)
    assert any(word in refusal.value.remedy for word in ("upcast", "optional"))
    assert signals.schemas().height == 1


def register(signals, content):
    return signals.register_schema(json.dumps(dict(content)), "s.yaml", actor="ana")


def send(signals, write, *events):
    lines = [{"lead_id": "l1", "type": "demo", "occurred_at": "2026-01-01", **event} for event in events]
    return signals.import_events(write("e.jsonl", "".join(json.dumps(one) + "\n" for one in lines)), actor="ana")


def stored(signals):
    rows = signals.db.read("SELECT schema_version, properties FROM event_log ORDER BY properties").rows()
    return [(version, json.loads(text)) for version, text in rows]


RENAMED = declared(2, without("seats", users=NUMBER), {"rename": "seats", "to": "users"})
THIRD = declared(3, without("seats", users=NUMBER, region=NEEDED), {"default": "region", "value": "EU"})


def test_an_old_writers_event_comes_in_at_the_newest_version_and_its_original_is_kept(signals, write):
    for schema in (OLD, RENAMED, THIRD):
        assert register(signals, schema.content)[1]
    assert not register(signals, THIRD.content)[1]
    send(signals, write, {"seats": 3, "name": "a"}, {"users": 4, "name": "b", "schema_version": 2, "odd": True})
    assert stored(signals) == [
        (3, {"name": "a", "users": 3, "region": "EU"}),
        (3, {"name": "b", "users": 4, "odd": True, "region": "EU"}),
    ]
    originals = signals.db.read("SELECT schema_version, properties FROM event_originals ORDER BY schema_version").rows()
    assert [(version, json.loads(text)) for version, text in originals] == [
        (1, {"name": "a", "seats": 3}),
        (2, {"name": "b", "odd": True, "users": 4}),
    ]
    kinds = [entry["kind"] for entry in signals.db.entries("signals").iter_rows(named=True)]
    assert kinds == ["schema.registered"] * 3 + ["events.imported"]


def test_an_event_stored_before_a_new_version_is_known_again(signals, write):
    register(signals, OLD.content)
    event = {"event_id": "e1", "seats": 3, "name": "a", "email": "ann@firma.example"}
    send(signals, write, event)
    register(signals, RENAMED.content)
    again = send(signals, write, event)
    assert (again.duplicate, again.quarantined) == (1, 0)
    assert send(signals, write, {**event, "seats": 4}).reasons == {"conflicting_duplicate": 1}


def test_an_event_of_a_version_that_nobody_registered_is_kept_as_it_is(signals, write):
    register(signals, OLD.content)
    send(signals, write, {"persons": 3, "schema_version": 7})
    assert stored(signals) == [(7, {"persons": 3})]


def test_an_event_that_does_not_fit_waits_with_its_reason_and_passes_after_a_fix(signals, write):
    register(signals, OLD.content)
    found = send(signals, write, {"seats": "many", "name": "a"}, {"seats": 1, "name": "b"}, {"seats": 2})
    assert (found.accepted, found.reasons) == (1, {"schema_mismatch": 2})
    details = signals.quarantine()["detail"].to_list()
    assert details == [
        "`seats` is text, where version 1 of its type has number",
        "`name` is missing, which version 1 of its type requires",
    ]
    fixed = declared(2, without("name", seats=TEXT, name=TEXT), {"retype": "seats", "to": "text"})
    register(signals, fixed.content)
    assert signals.redrive(found.batch_id, actor="ana").accepted == 2
    assert (2, {"name": "a", "seats": "many"}) in stored(signals)


def test_a_call_that_does_not_fit_passes_after_a_fix_too(signals, write):
    register(signals, OLD.content)
    call = {
        "type": "track", "messageId": "1", "userId": "u", "event": "demo", "timestamp": "2026-01-01T00:00:00Z",
        "properties": {"seats": "many", "name": "a", "email": "ann@firma.example"},
    }  # fmt: skip
    found = signals.import_events(write("s.jsonl", json.dumps(call) + "\n"), actor="ana")
    assert (found.adapter, found.reasons) == ("segment", {"schema_mismatch": 1})
    assert "ann@firma" not in str(signals.quarantine_raw([found.batch_id])["raw"][0])
    register(signals, declared(2, without(seats=TEXT), {"retype": "seats", "to": "text"}).content)
    assert signals.redrive(found.batch_id, actor="ana").accepted == 1
    assert {**stored(signals)[0][1], "email": 0} == {"seats": "many", "name": "a", "email": 0}


def test_what_is_declared_for_every_event_holds_for_every_type(signals, write):
    common = {"schema": "leadbench/event-schema/v1", "type": "*", "version": 1, "properties": {"tenant": NEEDED}}
    register(signals, common)
    found = send(signals, write, {"tenant": "a"}, {"n": 1})
    assert (found.accepted, found.reasons) == (1, {"schema_mismatch": 1})


def test_a_version_never_changes_and_none_is_left_out(signals):
    register(signals, OLD.content)
    with pytest.raises(SchemaVersionTaken, match="v1"):
        register(signals, declared(1, without("plan")).content)
    with pytest.raises(SchemaVersionWrong, match="v3"):
        register(signals, THIRD.content)


def test_a_declared_property_may_be_named_bare_before_any_event_has_it(signals, write):
    register(signals, OLD.content)
    send(signals, write, {"name": "a", "other": 1})
    schema = event_schema(signals.db)
    assert schema.find("seats").name == "properties.seats"
    assert schema.find("other").name == "properties.other"
    assert schema.find("seets") is None and schema.nearest("seets") == "seats"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "x"}, "`schema` is `x`"),
        ({"type": ""}, "`type` is"),
        ({"version": 0}, "`version` is `0`"),
        ({"version": True}, "`version` is `True`"),
        ({"properties": {"a": {"type": "nummber"}}}, "`nummber`"),
        ({"properties": {"a b": TEXT}}, "no name of a property"),
        ({"properties": {"a": {"type": "text", "required": "yes"}}}, "`required` of `a`"),
        ({"upcast": [{"rename": "x"}]}, "A step is"),
        ({"upcast": [{"rename": "x", "to": "y"}]}, "`y`, which this version does not declare"),
        ({"upcast": [{"retype": "a", "to": "int"}]}, "retyped to `int`"),
        ({"upcast": [{"split": "x", "by": "", "into": ["a"]}]}, "split by"),
        ({"upcast": "eval"}, "is no list"),
    ],
)
def test_a_document_that_says_no_schema_is_refused_with_the_reason(signals, change, told):
    body = {"schema": "leadbench/event-schema/v1", "type": "t", "version": 1, "properties": {"a": TEXT}} | change
    with pytest.raises(SchemaInvalid, match=told) as refusal:
        register(signals, body)
    assert refusal.value.where is not None
    assert signals.db.entries().is_empty()


def test_an_unknown_key_is_refused_with_the_nearest():
    with pytest.raises(DocumentInvalid, match="propertys") as refusal:
        of({"schema": "leadbench/event-schema/v1", "type": "t", "version": 1, "propertys": {}})
    assert "properties" in refusal.value.remedy


def test_a_value_is_retyped_only_where_it_can_be_said_exactly():
    values = ["12", "1.5", "x", "inf", True, "true", 1735689600, 1735689600000, 5]
    assert [retyped(value, "number") for value in values[:5]] == [12, 1.5, "x", "inf", 1]
    assert [retyped(value, "boolean") for value in ("true", "0", "x")] == [True, False, "x"]
    assert retyped(1735689600, "time") == retyped(1735689600000, "time") == "2025-01-01T00:00:00+00:00"
    assert [retyped(value, "text") for value in (5, True, "a")] == ["5", "true", "a"]
    assert set(TYPES) == {"text", "number", "decimal", "boolean", "time"}
