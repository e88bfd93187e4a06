"""Loading a recipe's sources: what an import finds is told once, as a warning or by the way."""

from dataclasses import replace
from types import SimpleNamespace

from core.recipes import loading
from core.recipes.reader import read_recipe
from core.signals.checks import Finding
from core.signals.imports import Import

RECIPE = """schema: leadbench/recipe/v1
name: deals
sources: {outcomes: {path: deals.csv, map: {lead_id: id, at: closed}, won: "stage = 'won'"}}
label: {positive: won}
"""
LOADED = Import(path="deals.csv", kind="outcomes", batch_id="b", read=3, accepted=2, duplicate=0, quarantined=0)


def test_findings_that_no_warning_of_a_run_is_about_are_told_while_it_loads(tmp_path):
    (tmp_path / "deals.csv").write_text("id,stage,closed\n")
    (tmp_path / "deals.yaml").write_text(RECIPE)
    nobody = Finding("unmatched_records", "lead_id", "1 outcome record without a known lead", "Check the ids.")
    early = Finding("impossible_time", "at", "1 outcome closed before the lead was created", "Check the clocks.")
    loaded, told = replace(LOADED, warnings=(nobody, early)), []
    signals = SimpleNamespace(import_outcomes=lambda *_, **__: loaded)
    results = loading.load(signals, read_recipe(tmp_path / "deals.yaml"), "ana", lambda *now: told.append(now))
    assert told == [(1.0, "deals.csv: 1 outcome closed before the lead was created. Check the clocks.")]
    warned = loading.cautions(results, {"won": 2})
    assert [one.to_json() for one in warned] == [
        {
            "code": "unmatched_records",
            "message": "deals.csv: 1 outcome record without a known lead. Check the ids.",
        }
    ]
