"""Refusals of the decisions room."""

from core.kernel.errors import LeadbenchError


class DecisionUnknown(LeadbenchError):
    """No decision of that id."""

    code = "unknown_decision"

    def __init__(self, decision_id: str) -> None:
        super().__init__(
            f"There is no decision `{decision_id}`.",
            value=decision_id,
            remedy="Lead 360 and `leadbench explain LEAD` show the ids of a lead's decisions.",
        )


class LeadUndecided(LeadbenchError):
    """A lead without a decision at that time."""

    code = "no_decision"

    def __init__(self, lead_id: str, moment: str | None) -> None:
        when = f" at {moment}" if moment else ""
        super().__init__(
            f"Lead `{lead_id}` has no decision{when}.",
            value=lead_id,
            remedy="Check the lead's id, decide leads with `leadbench score`, or ask for a later time.",
        )


class NobodyToDecide(LeadbenchError):
    """A population without a single lead."""

    code = "no_leads"

    def __init__(self, leads: str, as_of: str | None) -> None:
        super().__init__(
            f"No lead is `{leads}` as of {as_of or 'now'}, so there is nobody to decide.",
            value=leads,
            remedy="Decide `leads: all`, or import leads and events first.",
        )


class PopulationUnknown(LeadbenchError):
    """A word for a population that does not exist."""

    code = "unknown_population"

    def __init__(self, leads: str) -> None:
        super().__init__(
            f"There is no population `{leads}`.", value=leads, remedy="Use one of `open`, `all` or `test`."
        )


class RecordMissing(LeadbenchError):
    """A replay of something that is not stored."""

    code = "nothing_to_replay"

    def __init__(self) -> None:
        super().__init__("The store holds no decisions, so there is nothing to replay.", remedy="Decide leads first.")


class FeatureFixed(LeadbenchError):
    """A change asked of a feature that nobody may move."""

    code = "feature_fixed"

    def __init__(self, name: str, why: str, close: str | None) -> None:
        hint = f"Did you mean `{close}`? " if close else ""
        super().__init__(
            f"Feature `{name}` is {why}, so no change of it is looked for.",
            value=name,
            remedy=f"{hint}A feature set may declare `actionable: more|less|any`; forbidden inputs stay out.",
        )


class SinkInvalid(LeadbenchError):
    """A setting of where messages go that cannot be used."""

    code = "invalid_sink"

    def __init__(self, setting: str, value: str | None, remedy: str) -> None:
        super().__init__(f"The setting `{setting}` cannot be used.", value=value, remedy=remedy)


class MessageUnknown(LeadbenchError):
    """No dead message of that id."""

    code = "unknown_message"

    def __init__(self, message_id: str) -> None:
        super().__init__(
            f"There is no dead message `{message_id}`.",
            value=message_id,
            remedy="`leadbench outbox list --status dead` shows them; others are sent by themselves.",
        )
