"""Edits that a form makes leave every other character as it was."""

import pytest

from core.kernel.strict_yaml import load
from core.policy import editing, parser
from tests.policy.conftest import example_text


def rules(text, path):
    tree, _ = load(text, file="x")
    return tree[path[0]][path[1]]


def changed_lines(before, after):
    return [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]


def test_a_threshold_is_changed_where_it_stands():
    text = editing.with_threshold(example_text(), "warm", 0.6, 0.5)
    assert changed_lines(example_text(), text) == [
        ("    warm:    {enter: 0.5500, exit: 0.5000}", "    warm:    {enter: 0.6000, exit: 0.5000}")
    ]
    assert parser.load(text, "x").document.bands.thresholds["warm"].enter == 0.6


def test_a_threshold_that_stays_changes_nothing():
    assert editing.with_threshold(example_text(), "hot", 0.8, 0.74) == example_text()


@pytest.mark.parametrize("path", [editing.GUARDS, editing.ROUTES])
def test_rules_that_stay_keep_their_text(path):
    assert editing.with_rules(example_text(), path, rules(example_text(), path)) == example_text()


def test_one_changed_rule_is_the_only_changed_line():
    kept = [dict(rule) for rule in rules(example_text(), editing.ROUTES)]
    kept[9] = {**kept[9], "when": {"band": "warm", "employees": ">= 500"}}
    text = editing.with_rules(example_text(), editing.ROUTES, kept)
    assert len(changed_lines(example_text(), text)) == 1
    assert parser.load(text, "x").document.routing.rules[9].when["employees"] == ">= 500"


def test_a_value_that_is_not_there_is_added_to_its_block():
    text = editing.with_value(example_text(), ("bands", "min_dwell_min"), 45)
    assert parser.load(text, "x").document.bands.min_dwell_min == 45
    without = example_text().replace("  change_ticket: RVO-1482\n", "")
    assert parser.load(editing.with_value(without, ("metadata", "change_ticket"), "X-1"), "x").document.metadata


def test_a_long_rationale_is_written_as_one_value():
    words = "Because: 'quotes', \"more quotes\", # no comment\nand a second line"
    text = editing.with_value(example_text(), ("metadata", "rationale"), words)
    assert parser.load(text, "x").document.metadata.rationale == words


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "warm", ">= 200", ["hot", "warm"]])
def test_a_cell_reads_back_as_it_was_written(value):
    assert editing.cell_value(editing.cell_text(value)) == value
