"""A form's edits of a policy's text change what was edited and nothing else."""

import pytest

from core.policy import default, diff, editing, golden, parser

TEXT = default.propose(fields={"region": ["EMEA", "NA", "Österreich – Süd"]})


def lines_that_differ(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


def test_an_outline_holds_what_the_form_shows():
    found = editing.outline(TEXT)
    assert found is not None
    assert found.thresholds == {"hot": (0.8, 0.75), "warm": (0.55, 0.49), "nurture": (0.25, 0.2)}
    assert [rule["id"] for rule in found.guards] == ["g.suppressed", "g.test_lead", "g.stale", "g.model_red"]
    assert found.risk_class == "low"


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "a: 1\na: 2\n", ""])
def test_a_text_that_cannot_be_read_has_no_outline(text):
    assert editing.outline(text) is None


@pytest.mark.parametrize("text", ["bands: 3\nguards: []\n", "bands: {order: 1, thresholds: [1]}\n", "metadata: x\n"])
def test_a_text_of_another_shape_has_an_empty_outline(text):
    found = editing.outline(text)
    assert found is not None and not found.thresholds and not found.guards


def test_a_threshold_changes_one_number_and_keeps_its_places():
    after = editing.with_threshold(TEXT, "hot", 0.7, 0.75)
    assert lines_that_differ(TEXT, after) == ["    hot:     {enter: 0.7000, exit: 0.7500}"]


def test_the_tests_at_a_threshold_and_just_under_it_move_along_and_the_policy_stays_sound():
    after = editing.with_tests_moved(editing.with_threshold(TEXT, "hot", 0.9, 0.75), 0.8, 0.9)
    after = editing.with_tests_moved(editing.with_threshold(after, "nurture", 0.3, 0.2), 0.25, 0.3)
    assert "given: {score: 0.9000}" in after and "given: {score: 0.2999}" in after
    assert "given: {score: 0.7500, prev_band: hot, state: working}" in after
    assert all(result.passed for result in golden.run(parser.load(after, "moved")))


def test_a_document_without_tests_has_none_to_move():
    bare = TEXT[: TEXT.index("tests:")]
    assert editing.with_tests_moved(bare, 0.8, 0.9) == bare


def test_an_equal_threshold_leaves_the_text_alone():
    assert editing.with_threshold(TEXT, "hot", 0.8, 0.75) == TEXT


def test_equal_rules_leave_the_text_alone():
    found = editing.outline(TEXT)
    assert found is not None
    assert editing.with_rules(TEXT, editing.ROUTES, found.routes) == TEXT
    assert editing.with_rules(TEXT, editing.GUARDS, found.guards) == TEXT


def test_one_changed_row_changes_one_line():
    found = editing.outline(TEXT)
    assert found is not None
    rows = list(found.routes)
    rows[-1] = {**rows[-1], "then": {**rows[-1]["then"], "sla_min": 720}}
    after = editing.with_rules(TEXT, editing.ROUTES, rows)
    assert len(lines_that_differ(TEXT, after)) == 1
    assert parser.load(after, "after").document.routing.rules[-1].then.sla_min == 720


def test_rules_can_be_dropped_and_put_back_in_their_order():
    found = editing.outline(TEXT)
    assert found is not None
    without = editing.with_rules(TEXT, editing.GUARDS, found.guards[1:])
    again = editing.with_rules(without, editing.GUARDS, found.guards)
    assert diff.diff(parser.load(TEXT, "a"), parser.load(again, "b")) == ()
    none = editing.with_rules(TEXT, editing.GUARDS, [])
    back = editing.with_rules(none, editing.GUARDS, found.guards)
    assert diff.diff(parser.load(TEXT, "a"), parser.load(back, "b")) == ()


def test_comments_beside_other_rules_stay():
    text = TEXT.replace("    - {id: g.stale,", "    # asked for by sales\n    - {id: g.stale,")
    found = editing.outline(text)
    assert found is not None
    assert "asked for by sales" in editing.with_rules(text, editing.GUARDS, found.guards[:2])


def test_a_missing_key_is_added_to_its_block():
    after = editing.with_value(TEXT, ("metadata", "change_ticket"), "RO-1: hot, now")
    assert parser.load(after, "after").document.metadata.change_ticket == "RO-1: hot, now"
    inside = editing.with_value(TEXT, ("metadata", "labels", "team"), "north")
    assert parser.load(inside, "inside").document.metadata.labels["team"] == "north"


def test_a_folded_text_is_replaced_whole():
    after = editing.with_value(TEXT, ("metadata", "rationale"), "Fewer calls: two are away")
    assert parser.load(after, "after").document.metadata.rationale == "Fewer calls: two are away"


@pytest.mark.parametrize(
    "value", [["hot", "warm"], "hot", ">= 5", 5, 0.25, True, False, None, "[x", "EMEA, NA", [1, 2]]
)
def test_a_cell_comes_back_as_it_went(value):
    assert editing.cell_value(editing.cell_text(value)) == value
