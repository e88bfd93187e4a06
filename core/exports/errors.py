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


class NothingToFindBy(LeadbenchError):
    """Rows for a CRM of which none has what its records are found by."""

    code = "no_crm_key"

    def __init__(self, crm: str, keys: str, rows: int) -> None:
        super().__init__(
            f"None of the {rows:,} leads has what {crm} finds its records by: {keys}.",
            value=rows,
            remedy="Load the leads with their record ids or an e-mail column, or export CSV and match by hand.",
        )


class OnnxMissing(LeadbenchError):
    """A model asked for as ONNX where the packages for it are not installed."""

    code = "onnx_missing"

    def __init__(self) -> None:
        super().__init__(
            "A model cannot be written as ONNX here: onnx and onnxruntime are not installed.",
            value="onnx",
            remedy="Install the extra with `uv sync --extra onnx`, or export the folder for MLflow.",
        )


class OnnxDiffers(LeadbenchError):
    """A model whose ONNX graph does not give the probabilities of the model itself; nothing is written."""

    code = "onnx_differs"

    def __init__(self, version: str, apart: float, most: float) -> None:
        super().__init__(
            f"Model {version} as ONNX differs from itself by up to {apart:.2g}; at most {most:.0e} is allowed.",
            value=apart,
            remedy="Export the folder for MLflow, which scores by LightGBM itself.",
        )
