"""The case files of the condition language, and the schema that they share."""

from decimal import Decimal
from pathlib import Path

from core.kernel.expressions import Field, Kind, Schema
from core.kernel.strict_yaml import load

FOLDER = Path(__file__).parents[2] / "cases" / "expressions"


def cases(name):
    path = FOLDER / f"{name}.yaml"
    return load(path.read_text(encoding="utf-8"), file=path.name)[0]


def _field(entry):
    bounds = {key: Decimal(str(entry[key])) for key in ("minimum", "maximum") if key in entry}
    fixed = {"kind": Kind(entry["kind"]), "values": tuple(entry.get("values", ()))}
    return Field(**{**entry, **bounds, **fixed})


SCHEMA = Schema(_field(entry) for entry in cases("schema"))
