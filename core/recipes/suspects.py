"""Which event types and columns give the outcome away, and which of them the author keeps."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.kernel.errors import LeadbenchError, did_you_mean
from core.models.leaks import LeadHistory, Suspect, suspected
from core.recipes.document import Recipe
from core.recipes.population import Population
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared
from core.recipes.store import HistoryStore
from core.recipes.warnings import Caution

_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_WORD = re.compile(r"'(?:[^']|'')*'|\b[A-Za-z_]\w*\b")


class SuspectUnknown(LeadbenchError):
    """A recipe that accepts a suspect which nobody suspects."""

    code = "unknown_suspect"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"`accept_suspected` names `{name}`, which is not suspected.",
            value=name,
            remedy=did_you_mean(name, known, "Remove it; nothing of that name is left out."),
        )


@dataclass(frozen=True)
class Findings:
    """The suspects with the names that the author accepted, and what is left out of the features."""

    suspects: tuple[Suspect, ...]
    accepted: frozenset[str]
    excluded: frozenset[str]

    @property
    def left_out(self) -> tuple[Suspect, ...]:
        """The suspects that the features do without."""
        return tuple(one for one in self.suspects if one.name not in self.accepted)

    def types(self, *, with_suspects: bool = False) -> list[str]:
        """Event types that features must not read."""
        return self._keys("event_type", with_suspects=with_suspects)

    def columns(self, *, with_suspects: bool = False) -> list[str]:
        """Attributes that features must not read."""
        return self._keys("column", with_suspects=with_suspects)

    def _keys(self, kind: str, *, with_suspects: bool) -> list[str]:
        suspects = () if with_suspects else self.left_out
        return sorted({one.key for one in suspects if one.kind == kind} | self.excluded)

    def to_json(self) -> list[dict[str, Any]]:
        """The `suspected_leaks` of a run's result."""
        return [
            {
                "name": one.name,
                "kind": one.kind,
                "evidence": one.evidence,
                "auc_alone": round(one.auc_alone, 4),
                "accepted": one.name in self.accepted,
            }
            for one in self.suspects
        ]

    def caution(self) -> Caution | None:
        """The warning that names what was left out."""
        if not self.left_out:
            return None
        names = ", ".join(one.name for one in self.left_out)
        return Caution("suspected_leaks", f"Left out, because they seem to know the outcome: {names}.")


def examine(rooms: Rooms, population: Population, prepared: Prepared, recipe: Recipe) -> Findings:
    """The suspects of a recipe's data; raises SuspectUnknown."""
    stored = HistoryStore(rooms.db)
    history = LeadHistory(
        stored.events(),
        population.leads.select("lead_id", "created_at"),
        population.outcomes.select("lead_id", "outcome", "at"),
        rooms.signals.attributes_wide().drop(*outcome_columns(recipe), strict=False),
        stored.attribute_times(),
    )
    found = suspected(
        history, prepared.rows, prepared.label.positive, outcome_types=outcome_types(recipe), skip=recipe.exclude
    )
    named = {one.name: one.name for one in found} | {one.key: one.name for one in found}
    return Findings(found, _accepted(recipe, named), frozenset(recipe.exclude) | frozenset(outcome_columns(recipe)))


def _accepted(recipe: Recipe, named: dict[str, str]) -> frozenset[str]:
    for one in recipe.accept_suspected:
        if one.name not in named:
            raise SuspectUnknown(one.name, list(named))
    return frozenset(named[one.name] for one in recipe.accept_suspected)


def outcome_types(recipe: Recipe) -> list[str]:
    """Event types that the recipe's outcome conditions name."""
    conditions = [text for one in recipe.sources.outcomes for text in (one.from_events or {}).values()]
    return sorted({found.replace("''", "'") for text in conditions for found in _QUOTED.findall(text)})


def outcome_columns(recipe: Recipe) -> list[str]:
    """Attributes that the recipe's outcomes are read from."""
    sources = [one for one in recipe.sources.outcomes if one.column is not None]
    words = {word for one in sources for text in (one.won, one.lost) if text for word in _WORD.findall(text)}
    return sorted(
        {name for one in sources for name in (one.column, one.at) if name} | {w for w in words if w[0] != "'"}
    )
