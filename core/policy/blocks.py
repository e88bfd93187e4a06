"""The blocks of schema v1 that decide: contract, guards, bands, priority, lifecycle, routing, pools, actions."""

from typing import Literal

from pydantic import Field

from core.policy.types import (
    Block,
    Cell,
    Condition,
    Dotted,
    Flag,
    Minutes,
    Name,
    Number,
    Scalar,
    Text,
    Whole,
)

Disposition = Literal["DENY", "HOLD", "PERMIT"]
HitPolicy = Literal["UNIQUE", "ANY", "FIRST", "PRIORITY", "COLLECT"]


class InputField(Block):
    """One declared input: its type, domain, whether it must be there, and its value in a plain lead."""

    type: Literal["int", "decimal", "bool", "enum", "text"]
    scale: int | None = Field(default=None, ge=0, le=9, strict=True)
    min: Number | None = None
    max: Number | None = None
    values: tuple[Text, ...] = ()
    required: Flag = True
    typical: Scalar | None = None
    source: Dotted | None = None
    max_age_min: Minutes | None = None
    doc: Text | None = None


class OnViolation(Block):
    """What becomes of a lead whose inputs break the contract."""

    disposition: Literal["HOLD"]
    queue: Dotted
    reason: Name


class Inputs(Block):
    """The input contract: every field that a condition may read."""

    as_of: Literal["event_time"] = "event_time"
    on_violation: OnViolation
    fields: dict[Name, InputField] = Field(min_length=1)
    forbidden: tuple[Name, ...] = ()


class Guard(Block):
    """One eligibility rule; a HOLD names the queue that its leads wait in."""

    id: Dotted
    effect: Literal["DENY", "HOLD"]
    condition: Condition = Field(alias="if")
    reason: Name
    queue: Dotted | None = None


class Guards(Block):
    """Eligibility: all hits are collected and DENY overrides HOLD overrides PERMIT."""

    default: Literal["PERMIT"] = "PERMIT"
    rules: tuple[Guard, ...] = ()


class Threshold(Block):
    """The value at which a band is entered from below, and the one below which it is left."""

    enter: Number
    exit: Number


class Bands(Block):
    """Score bands, high to low, with hysteresis and a shortest stay before a downgrade."""

    field: Name
    previous: Name | None = None
    order: tuple[Name, ...] = Field(min_length=1)
    thresholds: dict[Name, Threshold]
    otherwise: Name
    labels: dict[Name, str] = Field(default_factory=dict)
    min_dwell_min: Minutes = 0


class PriorityBase(Block):
    """The field that priority grows with: floor(field x times)."""

    field: Name
    times: int = Field(ge=0, le=1_000_000, strict=True)


class PriorityAddition(Block):
    """Points added where a condition holds."""

    id: Dotted | None = None
    condition: Condition = Field(alias="if")
    points: int = Field(ge=-1_000_000, le=1_000_000, strict=True)


class Priority(Block):
    """A bounded whole number by which a queue is ordered."""

    base: PriorityBase
    add: tuple[PriorityAddition, ...] = ()
    clamp: tuple[Whole, Whole] = (0, 1000)
    tie_break: tuple[Text, ...] = ()


class State(Block):
    """A lifecycle state with its effects and its time-out."""

    entry: tuple[Name, ...] = ()
    exit: tuple[Name, ...] = ()
    sla_min: Minutes | None = None
    on_timeout: Name | None = None


class Transition(Block):
    """A move from some states to another where a condition holds."""

    id: Dotted
    sources: tuple[Name, ...] = Field(alias="from", min_length=1)
    target: Name = Field(alias="to")
    condition: Condition = Field(alias="if")


class Lifecycle(Block):
    """The lead's state machine; the first transition that holds is taken."""

    initial: Name
    terminal: tuple[Name, ...] = ()
    hit: Literal["FIRST"] = "FIRST"
    states: dict[Name, State] = Field(min_length=1)
    transitions: tuple[Transition, ...] = ()


class Route(Block):
    """Where a lead goes: its pool, how soon, and how an assignee is found."""

    pool: Dotted
    sla_min: Minutes | None = None
    method: Name | None = None


class Row(Block):
    """One row of the routing table; a cell is a value, a list, a unary test or blank."""

    id: Dotted
    when: dict[Name, Cell] = Field(default_factory=dict)
    then: Route
    priority: Whole | None = None


class Routing(Block):
    """The routing decision table."""

    applies_if: Condition | None = None
    hit: HitPolicy
    outputs: dict[Name, Literal["string", "int", "enum"]] = Field(default_factory=dict)
    rules: tuple[Row, ...] = ()
    otherwise: Route | None = None


class PoolCapacity(Block):
    """How much work a pool takes."""

    per_rep_open: Whole | None = None
    per_day: Whole | None = None


class Pool(Block):
    """A place that leads go to, with the pool that takes over when it is full."""

    capacity: Literal["unbounded", "owner"] | PoolCapacity
    territory: Name | None = None
    calendar: Name | None = None
    members: Dotted | None = None
    fallback: Dotted | None = None
    terminal: Flag = False
    alert: Name | None = None


class ActionRule(Block):
    """A next-best action; the highest priority among those that hold wins."""

    id: Dotted
    priority: Whole
    condition: Condition = Field(alias="if")
    do: Name


class ActionCaps(Block):
    """How often leads are touched at most."""

    per_lead_7d: Whole | None = None
    per_account_7d: Whole | None = None
    quiet_hours: Text | None = None


class Actions(Block):
    """Next-best actions over a declared catalogue."""

    applies_if: Condition | None = None
    hit: Literal["PRIORITY"] = "PRIORITY"
    catalogue: tuple[Name, ...] = Field(min_length=1)
    rules: tuple[ActionRule, ...] = ()
    otherwise: Name
    caps: ActionCaps | None = None


class Expectation(Block):
    """The outputs that a golden test names; unnamed outputs may be anything."""

    disposition: Disposition | None = None
    band: Name | None = None
    priority: Whole | None = None
    next_state: Name | None = None
    pool: Dotted | None = None
    sla_min: Whole | None = None
    method: Name | None = None
    action: Name | None = None
    reasons: tuple[Name, ...] | None = None


class GoldenTest(Block):
    """A lead and what must become of it; unnamed inputs take their typical value."""

    name: Text
    given: dict[Name, Scalar | None] = Field(default_factory=dict)
    expect: Expectation
