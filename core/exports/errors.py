"""Refusals of the exports."""

from core.kernel.errors import LeadbenchError


class ExportTooLarge(LeadbenchError):
    """More rows than the form can hold."""

    code = "export_too_large"

    def __init__(self, form: str, rows: int, most: int) -> None:
        super().__init__(
            f"{form} holds at most {most:,} rows; this list has {rows:,}.",
            value=rows,
            remedy="Narrow the filter, or export it as Parquet or CSV.",
        )


class FolderExists(LeadbenchError):
    """A folder to be written that already holds something."""

    code = "folder_exists"

    def __init__(self, out: object) -> None:
        super().__init__(
            f"`{out}` is there already and not empty.", value=out, remedy="Name a folder that does not exist yet."
        )
