"""Training rows: the moments at which a lead is looked at, and what came of it afterwards.

A row is *(lead, as_of)* with label y. With a horizon h the window is (as_of, as_of + h]; without one it is
everything after as_of. y is 1 where the positive outcome happens in the window, 0 where another outcome does
or where the window passed fully observed; else the row is not matured and is censored: dropped and counted.
With a horizon every label counts as known at the end of its window, wins too: were wins known at once, the leads just
before a cut would be in training only if they won. Windows that begin before wins were recorded are censored as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from core.kernel.times import duration_text, naive, to_text, utc
from core.models.errors import LandmarksInvalid

MOMENT = pl.Datetime("us")
COLUMNS = ("lead_id", "as_of", "known_at", "landmark", "created_at", "created_order", "y", "label_known_at")


@dataclass(frozen=True)
class LabelSpec:
    """Which outcome is the positive one, within how many microseconds of as_of (None: whenever it closes)."""

    positive: str
    horizon_us: int | None = None
    censor_open: bool = True


@dataclass(frozen=True)
class LandmarkSpec:
    """The as_of moments of the rows: after creation, every so often from creation on, at given times, or one a lead."""

    after_created_us: tuple[int, ...] = ()
    every_us: int | None = None
    at: tuple[datetime, ...] = ()
    none: bool = False
    only_open: bool = True


@dataclass(frozen=True)
class LandmarkRows:
    """The labelled rows with what was left out.

    censored: rows (and leads) whose label is not known yet or, `truncated` of them, was never recorded, because wins
    are on record from `recorded_from` on only; decided: rows at or after the outcome; unreached: rows beyond the end
    of the log; undated: rows without the times that a horizon needs; waiting: the censored rows that may still get a
    label, with y null; unworked: censored rows of leads that nobody worked (`worked.without_unworked`).
    """

    rows: pl.DataFrame
    censored: int
    censored_leads: int
    truncated: int
    recorded_from: datetime | None
    decided: int
    unreached: int
    undated: int
    waiting: pl.DataFrame = field(repr=False)
    unworked: int = 0

    @property
    def positive_leads(self) -> int:
        """Leads with at least one positive row."""
        return self.rows.filter(pl.col("y") == 1)["lead_id"].n_unique()


def landmark_rows(
    leads: pl.DataFrame,
    outcomes: pl.DataFrame,
    label: LabelSpec,
    landmarks: LandmarkSpec,
    observed_until: datetime | None,
) -> LandmarkRows:
    """The training rows of the leads, sorted by creation, lead and as_of.

    leads: lead_id, created_at, created_order; outcomes: lead_id, outcome, at, received_at (times may be null);
    observed_until: the end of the log, None where nothing is dated. Raises LandmarksInvalid.
    """
    end = None if observed_until is None else naive(observed_until)
    decided = _decisions(outcomes, label.positive)
    placed = _place(_typed(leads), decided, landmarks, end)
    reached = _reached(placed, end)
    closed = _decided_before() if landmarks.only_open else _positive_before()
    open_rows = reached.filter(~closed)
    recorded_from = truncated_before(leads, outcomes, label.positive)
    found = labelled(open_rows, outcomes, label, end)
    censored = _censor_truncated(found, label, recorded_from)
    unlabelled = censored.filter(pl.col("y").is_null())
    kept = censored.filter(pl.col("y") >= 0)
    return LandmarkRows(
        rows=_ordered(kept),
        censored=len(unlabelled),
        censored_leads=unlabelled["lead_id"].n_unique(),
        truncated=int(censored["truncated"].sum()),
        recorded_from=recorded_from,
        decided=len(reached) - len(open_rows),
        unreached=len(placed) - len(reached),
        undated=len(censored) - len(unlabelled) - len(kept),
        waiting=_ordered(unlabelled.filter(~pl.col("truncated"))),
    )


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    known = rows.with_columns(pl.col("as_of").alias("known_at")).select(COLUMNS)
    return known.sort("created_at", "created_order", "lead_id", "as_of", nulls_last=True)


def _typed(leads: pl.DataFrame) -> pl.DataFrame:
    order = pl.col("created_order") if "created_order" in leads.columns else pl.lit(None)
    return leads.select(
        pl.col("lead_id").cast(pl.String),
        pl.col("created_at").cast(MOMENT),
        order.cast(pl.Int64).alias("created_order"),
    )


def _outcome_times(outcomes: pl.DataFrame) -> pl.DataFrame:
    received = pl.col("received_at") if "received_at" in outcomes.columns else pl.lit(None)
    return outcomes.select(
        pl.col("lead_id").cast(pl.String),
        "outcome",
        pl.col("at").cast(MOMENT),
        pl.max_horizontal(pl.col("at").cast(MOMENT), received.cast(MOMENT)).alias("learned_at"),
    )


def _decisions(outcomes: pl.DataFrame, positive: str) -> pl.DataFrame:
    """One row a lead: when it was first decided and first won."""
    times = _outcome_times(outcomes)
    return times.group_by("lead_id").agg(
        pl.col("at").min().alias("decided_at"),
        pl.col("at").filter(pl.col("outcome") == positive).min().alias("won_at"),
    )


def _place(leads: pl.DataFrame, decided: pl.DataFrame, spec: LandmarkSpec, end: datetime | None) -> pl.DataFrame:
    """Every (lead, as_of) that the landmarks name, with decided_at and won_at beside it."""
    base = leads.join(decided, on="lead_id", how="left", maintain_order="left")
    given = [bool(spec.after_created_us), spec.every_us is not None, bool(spec.at), spec.none]
    if sum(given) != 1:
        raise LandmarksInvalid(str(spec), "Give exactly one of after_created, every, at and none.")
    if spec.none:
        return base.with_columns(pl.col("created_at").alias("as_of"), pl.lit("none").alias("landmark"))
    dated = base.filter(pl.col("created_at").is_not_null())
    if spec.every_us is not None:
        return _place_every(dated, spec.every_us, end)
    if spec.at:
        return _place_at(dated, spec.at)
    return _place_after(dated, spec.after_created_us)


def _place_after(leads: pl.DataFrame, after: Sequence[int]) -> pl.DataFrame:
    steps = pl.DataFrame(
        {"step": list(after), "landmark": [duration_text(step) for step in after]},
        schema={"step": pl.Duration("us"), "landmark": pl.String},
    )
    return (
        leads.join(steps, how="cross").with_columns((pl.col("created_at") + pl.col("step")).alias("as_of")).drop("step")
    )


def _place_at(leads: pl.DataFrame, moments: Sequence[datetime]) -> pl.DataFrame:
    named = pl.DataFrame(
        {"as_of": [naive(moment) for moment in moments], "landmark": [to_text(moment) for moment in moments]},
        schema={"as_of": MOMENT, "landmark": pl.String},
    )
    return leads.join(named, how="cross").filter(pl.col("created_at") < pl.col("as_of"))


def _place_every(leads: pl.DataFrame, step: int, end: datetime | None) -> pl.DataFrame:
    """One row a step of the lead's age, up to the first decision or the end of the log."""
    if end is None or step <= 0:
        raise LandmarksInvalid(f"every: {step} us", "Landmarks by `every` need a positive duration and dated events.")
    last = pl.min_horizontal(pl.col("decided_at"), pl.lit(end, dtype=MOMENT))
    age = (last - pl.col("created_at")).dt.total_microseconds()
    counted = leads.with_columns((age // step).clip(lower_bound=0).alias("steps")).filter(pl.col("steps") > 0)
    numbered = counted.with_columns(pl.int_ranges(1, pl.col("steps") + 1).alias("number")).explode("number")
    offset = pl.col("number") * step
    return numbered.with_columns(
        (pl.col("created_at") + offset.cast(pl.Duration("us"))).alias("as_of"),
        pl.col("number")
        .replace_strict(_step_names(numbered["number"], step), return_dtype=pl.String)
        .alias("landmark"),
    ).drop("steps", "number")


def _step_names(numbers: pl.Series, step: int) -> dict[int, str]:
    return {number: duration_text(number * step) for number in numbers.unique().to_list()}


def _reached(placed: pl.DataFrame, end: datetime | None) -> pl.DataFrame:
    if end is None:
        return placed
    return placed.filter(pl.col("as_of").is_null() | (pl.col("as_of") <= pl.lit(end, dtype=MOMENT)))


def _decided_before() -> pl.Expr:
    return (pl.col("decided_at") <= pl.col("as_of")).fill_null(False)


def _positive_before() -> pl.Expr:
    return (pl.col("won_at") <= pl.col("as_of")).fill_null(False)


def labelled(rows: pl.DataFrame, outcomes: pl.DataFrame, label: LabelSpec, end: datetime | None) -> pl.DataFrame:
    """The rows (lead_id, as_of) with y (null: censored; -1: no window can be measured) and label_known_at."""
    numbered = rows.with_row_index("row_no")
    found = _found_in_window(numbered, outcomes, label)
    joined = numbered.join(found, on="row_no", how="left", maintain_order="left")
    positive, other = pl.col("positive").fill_null(False), pl.col("other").fill_null(False)
    passed = _window_passed(label, end)
    unmeasured = (
        (pl.col("as_of").is_null() | pl.col("unplaced").fill_null(False))
        if label.horizon_us is not None
        else pl.lit(False)
    )
    y = (
        pl.when(unmeasured)
        .then(-1)
        .when(positive)
        .then(1)
        .when(other | passed | pl.lit(not label.censor_open))
        .then(0)
        .otherwise(None)
    )
    learned = pl.when(positive).then("positive_known_at").when(other).then("other_known_at")
    if label.horizon_us is None:
        known = learned.otherwise("as_of")
    else:
        known = pl.max_horizontal(learned.otherwise(None), _window_end(label))
    return joined.with_columns(y.cast(pl.Int8).alias("y"), known.cast(MOMENT).alias("label_known_at"))


def _found_in_window(rows: pl.DataFrame, outcomes: pl.DataFrame, label: LabelSpec) -> pl.DataFrame:
    """Per row_no: whether the positive or another outcome lies in the window, and when each was learned."""
    pairs = rows.select("row_no", "lead_id", "as_of").join(_outcome_times(outcomes), on="lead_id")
    dated = pl.col("at").is_not_null() & pl.col("as_of").is_not_null()
    inside = ~dated | (pl.col("at") > pl.col("as_of"))
    if label.horizon_us is not None:
        inside = inside & ~(dated & (pl.col("at") > _window_end(label)))
    wins, losses = inside & (pl.col("outcome") == label.positive), inside & (pl.col("outcome") != label.positive)
    return pairs.group_by("row_no").agg(
        wins.any().alias("positive"),
        losses.any().alias("other"),
        pl.col("learned_at").filter(wins).min().alias("positive_known_at"),
        pl.col("learned_at").filter(losses).min().alias("other_known_at"),
        pl.col("at").is_null().any().alias("unplaced"),
    )


def _window_end(label: LabelSpec) -> pl.Expr:
    """The end of the row's window; its as_of where the window has none."""
    return pl.col("as_of") + pl.duration(microseconds=label.horizon_us or 0)


def _window_passed(label: LabelSpec, end: datetime | None) -> pl.Expr:
    if label.horizon_us is None:
        return pl.lit(False)
    if end is None:
        return pl.lit(True)
    return _window_end(label) <= pl.lit(end, dtype=MOMENT)


def _censor_truncated(rows: pl.DataFrame, label: LabelSpec, recorded_from: datetime | None) -> pl.DataFrame:
    """The rows with y null where their window begins before wins were recorded, and `truncated` saying so."""
    if label.horizon_us is None or recorded_from is None:
        return rows.with_columns(pl.lit(False).alias("truncated"))
    early = (pl.col("as_of") < pl.lit(naive(recorded_from), dtype=MOMENT)).fill_null(False)
    return rows.with_columns(pl.when(early).then(None).otherwise(pl.col("y")).alias("y"), early.alias("truncated"))


def truncated_before(leads: pl.DataFrame, outcomes: pl.DataFrame, positive: str) -> datetime | None:
    """The moment before which wins were not recorded, or None where the record looks whole.

    It is the first win's time, where the leads that were by then older than the median time to win should, at
    the later leads' rate, have brought at least ten wins.
    """
    times = _decisions(outcomes, positive)
    dated = _typed(leads).filter(pl.col("created_at").is_not_null())
    joined = dated.join(times, on="lead_id", how="left").with_columns(
        (pl.col("won_at") - pl.col("created_at")).alias("delay")
    )
    plausible = joined.filter(pl.col("delay") >= pl.duration(microseconds=0))
    if plausible.is_empty():
        return None
    start, delay = plausible["won_at"].to_list(), plausible["delay"].median()
    first = min(start)
    early, later = joined.filter(pl.col("created_at") < first - delay), joined.filter(pl.col("created_at") >= first)
    won = int(later["won_at"].is_not_null().sum())
    expected = 0.5 * len(early) * won / max(len(later), 1)
    return utc(first) if expected >= 10 else None
