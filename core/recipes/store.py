"""Where finished recipes are kept, so that a repeated run is recognised and pages can show the last one."""

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.kernel.canonical import canonical
from core.kernel.database import Database
from core.kernel.times import naive


@dataclass(frozen=True)
class Run:
    """One finished recipe: its result as `leadbench run --json` prints it, and the tables behind its charts."""

    run_key: str
    name: str
    recipe: dict[str, Any]
    folder: str
    result: dict[str, Any]
    charts: dict[str, Any]


class RunStore:
    """The finished recipes of a store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, run_key: str, signals_revision: str) -> Run | None:
        """The run of the same recipe and files on the same signals, if there was one."""
        rows = self._db.read(
            "SELECT * FROM recipe_runs WHERE run_key = ? AND signals_revision = ? ORDER BY finished_at DESC LIMIT 1",
            [run_key, signals_revision],
        )
        return _run(rows.row(0, named=True)) if rows.height else None

    def latest(self) -> Run | None:
        """The run that finished last, or None."""
        rows = self._db.read("SELECT * FROM recipe_runs ORDER BY finished_at DESC, run_key LIMIT 1")
        return _run(rows.row(0, named=True)) if rows.height else None

    def all(self) -> pl.DataFrame:
        """Every run, newest first: run_key, name, finished_at, actor, result (JSON text)."""
        return self._db.read(
            "SELECT run_key, name, finished_at, actor, result FROM recipe_runs ORDER BY finished_at DESC, run_key"
        )

    def add(self, run: Run, signals_revision: str, actor: str) -> None:
        """Keep a finished run; its result's hash goes to the ledger."""
        with self._db.change("decisions", "recipe.finished", actor) as change:
            change.body.update(run_key=run.run_key, name=run.name, model=run.result.get("model"))
            change.insert(
                "recipe_runs",
                pl.DataFrame(
                    {
                        "run_key": [run.run_key],
                        "name": [run.name],
                        "recipe": [canonical(run.recipe).decode()],
                        "folder": [run.folder],
                        "signals_revision": [signals_revision],
                        "result": [canonical(run.result).decode()],
                        "charts": [canonical(run.charts).decode()],
                        "finished_at": [naive(self._db.clock.now())],
                        "actor": [actor],
                    }
                ),
            )


def _run(row: dict[str, Any]) -> Run:
    return Run(
        row["run_key"],
        row["name"],
        json.loads(row["recipe"]),
        row["folder"],
        json.loads(row["result"]),
        json.loads(row["charts"]),
    )


class HistoryStore:
    """Everything on record about the leads, for the search for leaks: before and after any as_of."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def events(self) -> pl.DataFrame:
        """lead_id, type, occurred_at of every event."""
        return self._db.read("SELECT lead_id, type, occurred_at FROM event_log")

    def attribute_times(self) -> pl.DataFrame:
        """lead_id, name, valid_from of the first value of every attribute."""
        return self._db.read(
            "SELECT lead_id, name, min(valid_from) AS valid_from "
            "FROM attributes JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no "
            "GROUP BY lead_id, name"
        )
