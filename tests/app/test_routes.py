"""The routing table as a grid: what is shown, what an edit means, and what the grid does not show."""

import polars as pl
import pytest

from app.queries import routes
from core.policy import default, editing, parser

TEXT = default.propose(fields={"region": ["EMEA", "NA"]})


@pytest.fixture
def outline() -> editing.Outline:
    found = editing.outline(TEXT)
    assert found is not None
    return found


def test_an_unedited_grid_gives_the_rules_that_were_there(outline):
    fields = routes.conditions(outline)
    assert fields == ["band", "region"]
    assert routes.rules(routes.table(outline, fields), outline, fields) == [dict(rule) for rule in outline.routes]


def test_an_edited_cell_and_a_new_row_become_rules(outline):
    fields = routes.conditions(outline)
    grid = routes.table(outline, fields)
    more = pl.DataFrame(
        {"id": [None], "band": ["[warm, nurture]"], "region": [""], "pool": ["auto.nurture"], "sla_min": [60]}
        | {"method": [None]},
        schema=grid.schema,
    )
    edited = pl.concat([grid.with_columns(sla_min=pl.lit(30, pl.Int64)), more])
    rules = routes.rules(edited, outline, fields)
    document = parser.load(editing.with_rules(TEXT, editing.ROUTES, rules), "edited").document
    assert {rule.then.sla_min for rule in document.routing.rules[:-1]} == {30}
    assert document.routing.rules[-1].when == {"band": ("warm", "nurture")}
    assert document.routing.rules[-1].then.method is None


def test_a_cleared_cell_lets_any_lead_through(outline):
    fields = routes.conditions(outline)
    cleared = routes.table(outline, fields).with_columns(region=pl.lit(""))
    assert all("region" not in rule["when"] for rule in routes.rules(cleared, outline, fields))


def test_what_the_grid_does_not_show_stays(outline):
    rules = routes.rules(routes.table(outline, ["band"]), outline, ["band"])
    assert [rule["when"] for rule in rules] == [rule["when"] for rule in outline.routes]
