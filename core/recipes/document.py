"""The recipe document: what to load, what to predict, and how to decide, as one strict YAML file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from core.kernel.canonical import digest
from core.kernel.times import duration_us, from_text

SCHEMA = "leadbench/recipe/v1"


POPULATION = r"^(train|test|decided|\d+[smhdw]|[^/]+/[^/]+)$"


def _listed(value: object) -> object:
    return value if isinstance(value, list) or value is None else [value]


def _duration(value: object) -> str:
    duration_us(value)
    return str(value)


Duration = Annotated[str, BeforeValidator(_duration)]
Moment = Annotated[datetime, BeforeValidator(lambda value: from_text(str(value)))]


class Part(BaseModel):
    """A block of the document: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileSource(Part):
    """One file; `map` gives a column name or {literal: x} for each canonical field."""

    path: str
    format: str | None = None
    map: dict[str, str | dict[str, Any]] = Field(default_factory=dict)
    personal: list[str] = Field(default_factory=list)
    placeholders: list[str] = Field(default_factory=list)
    dates: Literal["dmy", "mdy"] | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)


class EventSource(FileSource):
    """One file of events; `properties` are the columns kept beside the canonical fields, null for all."""

    properties: list[str] | None = None


class LeadSource(FileSource):
    """One file of leads with their attributes, known from created_at unless known_at is mapped."""

    attributes: list[str] | None = None


class OutcomeSource(Part):
    """Where outcomes come from: events, a file, or a column of the leads; `worked_if`: on which a lead was worked."""

    from_events: dict[str, str] | None = None
    path: str | None = None
    format: str | None = None
    map: dict[str, str | dict[str, Any]] = Field(default_factory=dict)
    column: str | None = None
    won: str | None = None
    lost: str | None = None
    worked_if: str | None = None
    at: str | None = None
    dates: Literal["dmy", "mdy"] | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(origin is not None for origin in (self.from_events, self.path, self.column)) != 1:
            raise ValueError("name exactly one of `from_events`, `path` or `column`")
        return self


class Sources(Part):
    """The files to load, in this order: leads, events, outcomes."""

    events: Annotated[list[EventSource], BeforeValidator(_listed)] = Field(default_factory=list)
    leads: Annotated[list[LeadSource], BeforeValidator(_listed)] = Field(default_factory=list)
    outcomes: Annotated[list[OutcomeSource], BeforeValidator(_listed)] = Field(default_factory=list)


class Label(Part):
    """What is predicted: the outcome counted as positive, within which horizon (null: whenever it closes).

    `unworked`: what a lead that is known not to have been worked, and did not win, is taken for: unknown (censor: its
    rows are dropped and counted) or lost; weight: the worked leads alone, by the inverse of how likely the decision log
    says that it was to give them work.
    """

    positive: str = "won"
    horizon: Duration | None = None
    censor_open: bool = True
    unworked: Literal["censor", "lost", "weight"] = "censor"


class Landmarks(Part):
    """The as_of moments of the training rows."""

    after_created: list[Duration] | None = None
    every: Duration | None = None
    at: list[Moment] | None = None
    only_open: bool = True

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if sum(rule is not None for rule in (self.after_created, self.every, self.at)) != 1:
            raise ValueError("name exactly one of `after_created`, `every` or `at`, or write `landmarks: none`")
        return self


class AcceptedSuspect(Part):
    """A suspected leak that the author keeps, with the reason."""

    name: str
    because: str = Field(min_length=3)


class SplitPart(Part):
    """How training and test are told apart; a random split needs a reason."""

    by: Literal["time", "random"] = "time"
    test_fraction: float = Field(0.25, gt=0, lt=1)
    test_from: Moment | None = None
    gap: Duration | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _random_has_a_reason(self) -> Self:
        if self.by == "random" and not self.reason:
            raise ValueError("`by: random` needs a `reason`: a random split does not estimate the future")
        return self


class SegmentsPart(Part):
    """The attribute (words for values) whose levels may get trees of their own beside those of all leads.

    A level is tried from so many training rows, and so many won and so many lost training leads on.
    """

    by: str = Field(min_length=1)
    fewest_rows: int = Field(400, ge=100)
    fewest_of_a_class: int = Field(40, ge=20)


class TrainPart(Part):
    """The model's settings."""

    trees: int = Field(300, ge=1, le=5000)
    learning_rate: float = Field(0.03, gt=0, le=1)
    tune_trials: int = Field(0, ge=0, le=1000)
    calibrate: Literal["auto", "sigmoid", "isotonic", "none"] = "auto"
    seed: int = Field(7, ge=0, le=2**31 - 1)
    monotone: dict[str, Literal["increasing", "decreasing"]] = Field(default_factory=dict)
    segments: SegmentsPart | None = None

    @model_serializer(mode="wrap")
    def _told(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what is not asked for: a recipe that names no segment is the one that it always was."""
        told = write(self)
        return {name: value for name, value in told.items() if name != "segments" or value is not None}


class DecidePart(Part):
    """Who is decided, and when; `every` with `last` writes a history of decisions."""

    as_of: Literal["latest"] | Moment = "latest"
    leads: Literal["open", "all", "test"] = "open"
    every: Duration | None = None
    last: Duration | None = None

    @model_validator(mode="after")
    def _history_is_whole(self) -> Self:
        if (self.every is None) != (self.last is None):
            raise ValueError("`every` and `last` go together: every 1d, last 30d")
        return self


class DriftPart(Part):
    """The two populations that are compared: train, test, decided, the last `30d` of the log, or FROM/TO."""

    reference: Annotated[str, Field(pattern=POPULATION)] = "train"
    current: Annotated[str, Field(pattern=POPULATION)] = "test"


class Recipe(Part):
    """One job: from raw data to decisions."""

    schema_: Literal["leadbench/recipe/v1"] = Field(alias="schema")
    name: str = Field(min_length=1, max_length=80)
    sources: Sources
    label: Label | None = Field(default_factory=Label)
    landmarks: Landmarks | Literal["none"] = "none"
    features: str = "auto"
    exclude: list[str] = Field(default_factory=list)
    accept_suspected: list[AcceptedSuspect] = Field(default_factory=list)
    split: SplitPart = Field(default_factory=lambda: SplitPart.model_validate({}))
    train: TrainPart = Field(default_factory=lambda: TrainPart.model_validate({}))
    policy: str = "default"
    decide: DecidePart = Field(default_factory=DecidePart)
    names: dict[str, str] = Field(default_factory=dict)
    drift: DriftPart = Field(default_factory=DriftPart)

    @property
    def document(self) -> dict[str, Any]:
        """The recipe in JSON's own types, defaults included."""
        return self.model_dump(mode="json", by_alias=True)

    def with_drift(self, **populations: str) -> "Recipe":
        """The recipe with other populations to compare."""
        return self.model_copy(update={"drift": self.drift.model_copy(update=populations)})

    @property
    def recipe_hash(self) -> str:
        """SHA-256 of the canonical document."""
        return digest(self.document)


def resolve(folder: Path, path: str) -> Path:
    """A recipe's path: relative ones start at the recipe's own folder."""
    return Path(path) if Path(path).is_absolute() else folder / path
