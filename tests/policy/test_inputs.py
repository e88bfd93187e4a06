"""Where inputs come from, and the inputs of a plain lead."""

import pytest

from core.policy.blocks import InputField
from core.policy.errors import InputUnknown
from core.policy.inputs import engine_fields, fill, looked_up_fields, normalised, typical, violations


def field(**keys):
    return InputField.model_validate(keys)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (field(type="int", min=3, max=9, typical=5), 5),
        (field(type="int", min=3, max=9), 3),
        (field(type="int"), 0),
        (field(type="bool"), False),
        (field(type="enum", values=["x", "y"]), "x"),
        (field(type="text"), ""),
        (field(type="decimal", scale=4, min=0, max=1), 0),
        (field(type="int", min=3, required=False), None),
        (field(type="enum", values=["x"], required=False), None),
    ],
)
def test_a_plain_value_is_typical_else_missing_or_the_first_of_the_domain(declared, value):
    assert typical(declared) == value


def test_a_lead_is_filled_up_with_typical_values(example):
    filled = fill(example, {"score": 0.9, "employees": None})
    assert list(filled) == list(example.input_fields)
    assert (filled["score"], filled["employees"], filled["region"]) == (0.9, None, "NA")
    assert violations(example, filled) == []


def test_an_input_that_the_policy_does_not_declare_is_refused(example):
    with pytest.raises(InputUnknown) as refused:
        fill(example, {"scor": 0.9})
    assert "`score`" in refused.value.remedy


def test_engine_fields_are_told_from_looked_up_ones(example, default):
    assert engine_fields(default)["prev_band"] == "engine.state"
    assert looked_up_fields(default) == ["suppressed", "test_lead"]
    assert "score" not in looked_up_fields(example)
    assert "bot_prob" in looked_up_fields(example)


def test_every_violation_is_listed_and_kept_as_missing(example):
    lead = {**fill(example, {}), "score": float("nan"), "region": "EMEA", "bot_prob": 0.123456}
    assert violations(example, lead) == [("score", "not_a_number"), ("region", "unknown_value")]
    kept = normalised(example, lead)
    assert (kept["score"], kept["region"], kept["bot_prob"]) == (None, None, 0.1235)
