"""Where a lead stands between two decisions: its band and lifecycle state, and since when."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.policy.document import Document, Policy
from core.policy.inputs import engine_fields
from core.policy.timeouts import Effect, Waited, after_timeouts, effects_along, timeout_of

NONE = "none"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How soon a lead is to be taken up: the pool it was routed to, the minutes, since when, and how many steps of
    `sla.on_breach` were carried out.
    """

    pool: str
    sla_min: int
    since: datetime | None
    breaches: int = 0


@dataclass(frozen=True, slots=True)
class LeadState:
    """A lead after its decision at `moment`: its as_of, on undated stores its known_at; naive UTC or null."""

    moment: datetime | None
    band: str | None
    band_since: datetime | None
    state: str | None
    state_since: datetime | None
    agreement: Agreement | None = None


FRESH = LeadState(None, None, None, None, None)


def after(
    before: LeadState,
    moment: datetime | None,
    band: str | None,
    state: str | None,
    agreement: Agreement | None = None,
) -> LeadState:
    """The lead after a decision: `since` stays where nothing changed; a decision without a band keeps the old one."""
    band, state = band or before.band, state or before.state
    return LeadState(
        moment,
        band,
        before.band_since if band == before.band else moment,
        state,
        before.state_since if state == before.state else moment,
        agreement,
    )


@dataclass(frozen=True)
class StateInputs:
    """What a policy's engine.state and engine.age fields are for a lead: words it does not know count as none."""

    names: tuple[str, ...]
    bands: frozenset[str]
    states: frozenset[str]
    no_band: str | None
    initial: str | None
    most: dict[str, int]
    document: Document
    quiet: bool
    timed: frozenset[str]

    def of(self, before: LeadState, moment: datetime | None) -> dict[str, object]:
        """The engine's fields of this policy for a lead that stood so before."""
        known_band = before.band in self.bands
        known_state = before.state in self.states
        found: dict[str, object] = {
            "prev_band": before.band if known_band else self.no_band,
            "dwell_min": self._minutes("dwell_min", before.band_since if known_band else None, moment),
            "state": self.state_of(before),
            "state_age_min": self._minutes("state_age_min", before.state_since if known_state else None, moment),
        }
        return {name: found[name] for name in self.names}

    def waited(self, before: LeadState, moment: datetime | None) -> LeadState:
        """The lead at the moment, after the time-outs of its state that have come since; its own moment stays."""
        found = self._waited(before, moment)
        return replace(before, state=found[0].state, state_since=found[1]) if found else before

    def effects(self, stood: LeadState, moment: datetime | None, next_state: str | None) -> tuple[Effect, ...]:
        """What the lead's moves since its last decision bring about: time-outs, then the move of this decision.

        A lead that this policy has not met, or whose state it does not know, enters the initial state first.
        """
        if self.quiet:
            return ()
        if stood.state not in self.states:
            return effects_along(self.document, (None, self.initial, next_state))
        waited = self._waited(stood, moment)
        way = (*waited[0].passed, waited[0].state) if waited else (stood.state,)
        return effects_along(self.document, (*way, next_state))

    def _waited(self, before: LeadState, moment: datetime | None) -> tuple[Waited, datetime] | None:
        """The standing after the time-outs that have come since, and since when; None where none has."""
        if before.state not in self.timed or before.state_since is None or moment is None:
            return None
        elapsed = max(moment - before.state_since, timedelta(0)) // MINUTE
        found = after_timeouts(self.document, before.state, elapsed)
        if found.state == before.state and found.minutes == elapsed:
            return None
        return found, before.state_since + (elapsed - found.minutes) * MINUTE

    def state_of(self, before: LeadState) -> str | None:
        """The lifecycle state to start from: the lead's own where the policy has it, else the policy's initial one."""
        return before.state if before.state in self.states else self.initial

    def _minutes(self, name: str, since: datetime | None, moment: datetime | None) -> int:
        if since is None or moment is None:
            return 0
        elapsed = max((moment - since) // MINUTE, 0)
        return min(elapsed, self.most.get(name, elapsed))


def state_inputs(policy: Policy) -> StateInputs:
    """How this policy wants to be told where a lead stands."""
    fields, lifecycle = policy.input_fields, policy.document.lifecycle
    mine = ("prev_band", "dwell_min", "state", "state_age_min")
    names = tuple(name for name in engine_fields(policy) if name in mine)
    words = fields["prev_band"].values if "prev_band" in names else ()
    return StateInputs(
        names=names,
        bands=frozenset(policy.document.bands.order),
        states=frozenset(lifecycle.states) if lifecycle else frozenset(),
        no_band=NONE if NONE in words else None,
        initial=lifecycle.initial if lifecycle else None,
        most={name: int(fields[name].max or 0) for name in names if fields[name].max is not None},
        document=policy.document,
        timed=frozenset(name for name in lifecycle.states if timeout_of(policy.document, name))
        if lifecycle
        else frozenset(),
        quiet=not any(one.entry or one.exit for one in (lifecycle.states.values() if lifecycle else ())),
    )


def newer(memory: LeadState | None, stored: LeadState | None, moment: datetime | None) -> LeadState:
    """The newer of two earlier standings; nothing is earlier than a decision without a moment."""
    if moment is None:
        return FRESH
    known = [one for one in (memory, stored) if one and (one.moment is None or one.moment < moment)]
    return max(known, key=lambda one: one.moment or datetime.min, default=FRESH)
