"""Refusals of the simulation room."""

from core.kernel.errors import LeadbenchError


class LeadValueUnfit(LeadbenchError):
    """A file of leads with a value that its column's declared type cannot hold."""

    code = "lead_value_unfit"

    def __init__(self, column: str, kind: str, value: object, row: int) -> None:
        super().__init__(
            f"Column `{column}` has `{value}` in row {row}; the policy declares it as {kind}.",
            value=value,
            remedy=f"Correct the value, or declare `{column}` as it is.",
        )


class LeadColumnsMissing(LeadbenchError):
    """A file of leads in which no input of the policy stands."""

    code = "lead_columns_missing"

    def __init__(self, path: object, wanted: list[str]) -> None:
        super().__init__(
            f"No column of `{path}` is an input of the policy.",
            value=path,
            remedy=f"Name the columns as the inputs: {', '.join(wanted[:8])}.",
        )


class ArmUnknown(LeadbenchError):
    """An arm that the policy's experiment does not have, or an engine that knows no arms."""

    code = "unknown_arm"

    def __init__(self, arm: object, known: tuple[str, ...], engine: str) -> None:
        super().__init__(
            f"`{arm}` is no arm that engine `{engine}` decides.",
            value=arm,
            remedy=f"Known arms: {', '.join(known)}; only engine `python` decides others than `live`.",
        )


class EvidenceUnknown(LeadbenchError):
    """A simulation that is not kept, or that is no longer what it was."""

    code = "evidence_unknown"

    def __init__(self, evidence_hash: str, *, altered: bool = False) -> None:
        why = "is not what was kept: its content was altered" if altered else "is not kept on this store"
        super().__init__(
            f"The simulation `{evidence_hash}` {why}.",
            value=evidence_hash,
            remedy="Simulate again with `policy simulate FILE --keep`.",
        )


class SparkMissing(LeadbenchError):
    """Deciding by Spark where Spark is not installed."""

    code = "spark_missing"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Spark cannot run here: there is no `{what}`.",
            value=what,
            remedy="Install the extra with `uv sync --extra spark`, and Java 17 or newer.",
        )
