"""Suspected outcome leaks: columns and event types that know the outcome rather than foretell it.

The evidence is of four kinds. `timing`: the event happens, or the value is filled in, at the outcome or after it.
`one_outcome`: it exists (almost) only for one outcome. `separates`: alone it tells the classes apart on held-out
leads of the split better than is plausible. `name`: its name says that it is kept during selling, it has no history
of its own, and it does tell something of the outcome. What the recipe reads the outcome from (`outcome`) is always
named.
"""

from collections.abc import Collection

import polars as pl

from core.models import leak_columns, leak_events
from core.models.leak_evidence import LeadHistory, Suspect, lead_facts

__all__ = ["LeadHistory", "Suspect", "suspected"]


def suspected(
    history: LeadHistory,
    rows: pl.DataFrame,
    positive: str,
    *,
    outcome_types: Collection[str] = (),
    skip: Collection[str] = (),
) -> tuple[Suspect, ...]:
    """The suspects, the most telling first.

    rows: split rows (lead_id, as_of, y, part); a column is judged by leads, an event type also by rows.
    outcome_types: event types that the recipe reads the outcome from. skip: event types and columns left out anyway.
    """
    facts = lead_facts(history, rows, positive)
    found = [
        *leak_events.examine(history.events, facts, rows, outcome_types),
        *leak_columns.examine(history.attributes, history.attribute_times, facts),
    ]
    kept = [suspect for suspect in found if suspect.key not in skip]
    return tuple(sorted(kept, key=lambda suspect: (-suspect.auc_alone, suspect.name)))
