"""Documents that a hostile or careless author writes: each is refused at once, with its code, at its place."""

import time
from typing import Any

import pytest

from core.policy import checker
from core.policy.errors import EffectiveOverlaps
from core.policy.parser import load
from core.policy.windows import require_apart
from tests.policy.conftest import example_text

GUARD = 'if: "erased",  '
BOMB = "\n".join(
    ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
)
ROWS = "".join(
    f"    - {{id: x.{place}, when: {{employees: {place}}}, then: {{pool: sdr.na}}}}\n" for place in range(10_000)
)
ROUTES = "  rules:\n    - {id: r.opp, "
PERSONAL = "privacy:\n  personal_fields: [email,"


def guard(condition):
    return (GUARD, f'if: "{condition}",')


CASES = {
    "a YAML bomb": ("apiVersion: leadpolicy/v1", f"{BOMB}\napiVersion: leadpolicy/v1", "invalid_document"),
    "a tag": ("kind: LeadPolicy", "kind: !!python/object/apply:os.system [ls]", "invalid_document"),
    "an anchor": ("kind: LeadPolicy", "kind: &kind LeadPolicy", "invalid_document"),
    "a key that stands twice": ("kind: LeadPolicy", "kind: LeadPolicy\nkind: LeadPolicy", "invalid_document"),
    "NO as a region among values": ("values: [NA, UKI, DACH", "values: [NO, UKI, DACH", "invalid_document"),
    "NO as a region in a cell": ("region: [NA, LATAM]", "region: [NO, LATAM]", "invalid_document"),
    "1e400 in a condition": (*guard("score >= 1e400"), "non_finite"),
    "1e400 as a limit": (
        "touches_7d:       {type: int, min: 0, max: 1000",
        "touches_7d: {type: int, min: 0, max: 1e400",
        None,
    ),
    "NaN as a limit": (
        "touches_7d:       {type: int, min: 0, max: 1000",
        "touches_7d: {type: int, min: 0, max: .nan",
        None,
    ),
    "NaN in a condition": (*guard("score >= NaN"), None),
    "a constant outside its domain": (*guard("score >= 1.5"), "constant_out_of_domain"),
    "a constant that is too precise": (*guard("score >= 0.12345"), "over_precise"),
    "an unknown field": (*guard("erasd"), "unknown_field"),
    "an unknown enum value": (*guard("region = 'NOPE'"), "unknown_value"),
    "an unknown key": ("kind: LeadPolicy", "kind: LeadPolicy\nkinds: 1", "unknown_key"),
    "a condition of 600 characters": (*guard(" OR ".join(["erased"] * 61)), "too_long"),
    "a depth of 100": (*guard("(" * 100 + "erased" + ")" * 100), "too_deep"),
    "10,000 rows": (ROUTES, f"  rules:\n{ROWS}    - {{id: r.opp, ", "invalid_document"),
    "fallbacks in a circle": (
        "members: grp-sdr,      fallback: q.unassigned",
        "members: grp-sdr, fallback: sdr.fast",
        "fallback_cycle",
    ),
    "two initial states": ("  initial: new", "  initial: [new, working]", "wrong_type"),
    "initial written twice": ("  initial: new", "  initial: new\n  initial: working", "invalid_document"),
    "a claim about an unknown output": ("in: score, output: sla_min", "in: score, output: sla", "unknown_output"),
    "a claim that reads an unknown output": (
        'claim: "erased AND disposition',
        'claim: "erased AND verdict',
        "unknown_field",
    ),
    "a condition on a personal field": (*guard("email LIKE '%@x.com'"), "unknown_field"),
    "a personal field among the inputs": (PERSONAL, "privacy:\n  personal_fields: [region,", "personal_field"),
    "a forbidden field among the inputs": ("[gender, date_of_birth", "[region, date_of_birth", "forbidden_field"),
    "a window that ends before it begins": (
        "T08:00:00Z, until: null",
        "T08:00:00Z, until: 2026-01-01T00:00:00Z",
        "wrong_limits",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_document_is_refused_at_once_with_its_code_and_place(case):
    old, new, code = CASES[case]
    text = example_text()
    assert text.count(old) == 1, old
    started = time.process_time()
    report: Any = checker.report(text.replace(old, new), "bad.yaml")
    assert time.process_time() - started < 5
    assert report["ok"] is False and report["hash"] is None
    codes = [item["code"] for item in report["checks"]]
    assert codes if code is None else code in codes, codes
    first = report["checks"][0]
    assert first["verdict"] == "fail" and first["line"] >= 1 and first["detail"]


def test_effective_windows_that_overlap_are_refused():
    text = example_text()
    since = "effective: {from: 2026-11-24T08:00:00Z, until: null}"
    assert text.count(since) == 1
    waiting = load(
        text.replace(since, "effective: {from: 2026-11-24T08:00:00Z, until: 2027-01-01T00:00:00Z}"), "a.yaml"
    )
    with pytest.raises(EffectiveOverlaps) as refused:
        require_apart(
            load(text.replace(since, "effective: {from: 2026-12-24T08:00:00Z, until: null}"), "b.yaml"), [waiting]
        )
    assert refused.value.code == "effective_overlap" and refused.value.value == waiting.ref
