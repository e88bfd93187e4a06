"""Loading a recipe's sources into the store: leads first, then events, then outcomes; each file is one transaction."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import Any

from core.kernel.canonical import digest
from core.kernel.workers import Progress
from core.recipes.document import EventSource, LeadSource, OutcomeSource, Recipe, resolve
from core.recipes.reader import RecipeFile
from core.recipes.warnings import Caution
from core.signals.checks import Finding
from core.signals.columns import file_hash
from core.signals.imports import Import
from core.signals.service import Signals

HEEDED = "unmatched_records"
"""The finding of an import that the result of a run warns of; its progress tells the others."""


def load(
    signals: Signals, file: RecipeFile, actor: str, progress: Progress | None = None, cancel: Event | None = None
) -> list[Import]:
    """Import every source of the recipe; raises the refusals of an import, earlier sources stay."""
    steps, results = list(_steps(signals, file, actor, cancel)), []
    for number, step in enumerate(steps):
        tell = _within(progress, number, len(steps))
        results.append(step(progress=tell))
        for warning in results[-1].warnings:
            if tell and warning.code != HEEDED:
                tell(1.0, _told(results[-1], warning))
    return results


def _steps(signals: Signals, file: RecipeFile, actor: str, cancel: Event | None) -> Iterator[Callable[..., Import]]:
    sources = file.recipe.sources
    for one in sources.leads:
        path, mapping = resolve(file.folder, one.path), lead_mapping(one)
        yield partial(signals.import_leads, path, mapping, format=one.format, actor=actor, cancel=cancel)
    for one in sources.events:
        path, mapping = resolve(file.folder, one.path), event_mapping(one)
        yield partial(signals.import_events, path, mapping, format=one.format, actor=actor, cancel=cancel)
    for one in sources.outcomes:
        yield partial(signals.import_outcomes, outcome_block(one), folder=file.folder, actor=actor, cancel=cancel)


def event_mapping(source: EventSource) -> dict[str, Any]:
    """The mapping of a source of events, as the signals room reads it."""
    return {"map": source.map, "properties": source.properties, **_reading(source)}


def lead_mapping(source: LeadSource) -> dict[str, Any]:
    """The mapping of a source of leads, as the signals room reads it."""
    return {"map": source.map, "attributes": source.attributes, **_reading(source)}


def _reading(source: EventSource | LeadSource) -> dict[str, Any]:
    shared = ("personal", "placeholders", "dates", "delimiter")
    return {name: getattr(source, name) for name in shared}


def outcome_block(source: OutcomeSource) -> dict[str, Any]:
    """The block of a source of outcomes, without what it leaves open."""
    return source.model_dump(exclude_none=True)


def _within(progress: Progress | None, number: int, steps: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, text: progress((number + done) / steps, text)


def cautions(results: list[Import], outcomes: dict[str, int]) -> list[Caution]:
    """What the loaded sources give reason to warn about."""
    found = [
        Caution(
            "unmatched_records",
            f"{result.unmatched:,} of {result.read:,} records of {Path(result.path).name} "
            "belong to no known lead and were left out.",
        )
        for result in results
        if result.unmatched
    ]
    found += [
        Caution(HEEDED, _told(result, warning))
        for result in results
        for warning in result.warnings
        if warning.code == HEEDED and not result.unmatched
    ]
    if not any(count for name, count in outcomes.items() if name != "open"):
        found.append(Caution("no_outcome", "No lead has an outcome, so there is nothing to learn from."))
    return found


def _told(result: Import, warning: Finding) -> str:
    return f"{Path(result.path).name}: {warning.message}. {warning.remedy}"


def run_key(file: RecipeFile) -> str:
    """The hash of this leadbench, the recipe and the content of every file that it reads."""
    recipe, folder = file.recipe, file.folder
    listed = [*recipe.sources.leads, *recipe.sources.events, *recipe.sources.outcomes]
    paths = [one.path for one in listed if one.path is not None] + _documents(recipe)
    return digest([version("leadbench"), recipe.document, [_content(resolve(folder, path)) for path in paths]])


def _content(path: Path) -> str | None:
    return file_hash(path) if path.is_file() else None


def _documents(recipe: Recipe) -> list[str]:
    features = [] if recipe.features == "auto" else [recipe.features]
    return features + ([] if recipe.policy == "default" else [recipe.policy])
