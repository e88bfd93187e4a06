"""The decision memo holds the outcome, the reasons and the versions, and formats nothing that it quotes."""

import json
from datetime import UTC, datetime

from core.exports import memo
from core.exports.origin import Origin

MOMENT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ORIGIN = Origin("Decision memo", "lead = l1", "default@v1", "2", MOMENT, MOMENT, "ana")
EXPLANATION = {
    "lead_id": "l1",
    "decision_id": "d_1",
    "as_of": "2026-11-24T09:30:00Z",
    "score": 0.4213,
    "probability": 0.42134,
    "percentile": 93.2,
    "base": 0.1,
    "points": [{"feature": "f", "label": "Pricing | visits", "value": 4, "points": 0.3213, "sentence": "s"}],
    "fit": 0.1,
    "engagement": 0.2,
    "decision": {
        "disposition": "ALLOW",
        "band": "hot",
        "pool": "ae",
        "action": "call",
        "reasons": [{"rule": "R<b>1</b>", "reason": None}],
    },
    "model_hash": "sha256:m",
    "policy_hash": "sha256:p",
}


def test_the_memo_names_outcome_reasons_and_versions():
    text = memo.to_markdown(EXPLANATION, ORIGIN).decode()
    for part in ("l1", "93", "0.4213", "hot", "+32.13", "default@v1", "sha256:p", "2026-11-24T09:30:00Z"):
        assert part in text


def test_quoted_text_cannot_format_the_memo():
    text = memo.to_markdown(EXPLANATION, ORIGIN).decode()
    assert "<b>" not in text and "Pricing \\| visits" in text
    assert memo.escaped("a\n# b") == "a \\# b"


def test_the_json_memo_is_the_explanation_with_its_origin():
    read = json.loads(memo.to_json(EXPLANATION, ORIGIN))
    assert read["probability"] == 0.42134 and read["memo"]["exported_by"] == "ana"


def test_the_memo_tells_what_changed_and_what_would_change_it():
    parts = [{"cause": "New behaviour", "points": 0.12}, {"cause": "Decay", "points": -0.02}]
    options = [{"option": "a call", "feature": "Calls <b>", "before": "0", "after": "1"}]
    told = EXPLANATION | {
        "change": {"parts": parts, "flipped_by": "New behaviour"},
        "otherwise": {"words": "One call more.", "changes": options},
    }
    text = memo.to_markdown(told, ORIGIN).decode()
    for part in ("| New behaviour | +12.00 |", "first flipped by: New behaviour", "One call more.", "Calls \\<b\\>"):
        assert part in text
    nothing = memo.to_markdown(EXPLANATION | {"change": None, "otherwise": None}, ORIGIN).decode()
    assert "the first decision" in nothing and "Not told" in nothing
    assert "What would change it" not in memo.to_markdown(EXPLANATION, ORIGIN).decode()
