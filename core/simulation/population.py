"""A file of leads decided by a policy, by either back end: for differential tests and for trying a draft on a list."""

import json
from pathlib import Path
from typing import Literal

import polars as pl

from core.kernel.database import in_memory
from core.policy import sql
from core.policy.blocks import InputField
from core.policy.caps import caps_of
from core.policy.document import Policy
from core.policy.evaluator import compile
from core.policy.inputs import typical
from core.policy.outcome import Outcome
from core.policy.overlay import LIVE, arms_of, overlay_of
from core.signals.errors import FileUnreadable
from core.signals.readers.opening import detect_format, require_file
from core.simulation.errors import ArmUnknown, LeadColumnsMissing, LeadValueUnfit
from core.simulation.on_spark import decide_on_spark

Engine = Literal["python", "duckdb", "spark"]
TYPES = {"int": pl.Int64, "decimal": pl.Float64, "bool": pl.Boolean, "enum": pl.String, "text": pl.String}
TRUTHS = {"true": True, "false": False, "1": True, "0": False}
KEYS = ("lead_id", "event_time", "arm")
ARM = "arm"
NUMBERS = ("priority", "sla_min")
ONE_OBJECT = "Write one object a line."


def read_leads(path: Path, policy: Policy) -> pl.DataFrame:
    """The leads of a CSV, JSONL or Parquet file: one column an input, typed as declared, with lead_id and arm if there.

    An input without a column - in JSONL, a row without the key - has its typical value; an empty cell or null is a
    missing value. Raises FileMissing, FileEmpty,
    FileUnreadable, UnknownFormat, LeadColumnsMissing and LeadValueUnfit.
    """
    require_file(path)
    frame = _read(path, policy)
    fields = policy.input_fields
    if not set(fields) & set(frame.columns):
        raise LeadColumnsMissing(path, list(fields))
    keys = [frame[name].cast(pl.String) for name in KEYS if name in frame.columns and name not in fields]
    inputs = [_input(name, declared, frame) for name, declared in fields.items()]
    return pl.DataFrame([*keys, *inputs])


def decide_all(policy: Policy, leads: pl.DataFrame, engine: Engine) -> pl.DataFrame:
    """The leads' keys and outputs, a row a lead in their order, reasons and errors as JSON texts.

    A lead with an arm is decided as met in it, caps included, by the Python engine only; one without, by the core.
    Raises ArmUnknown and SparkMissing.
    """
    arms = leads[ARM] if ARM in leads.columns else pl.Series(ARM, [None] * leads.height, dtype=pl.String)
    by_core = () if caps_of(policy.document) else (LIVE,)
    known = arms_of(policy.document) if engine == "python" else by_core
    strange = arms.filter(arms.is_not_null() & ~arms.is_in(known))
    if not strange.is_empty():
        raise ArmUnknown(strange[0], arms_of(policy.document), engine)
    keys = [name for name in KEYS if name in leads.columns and name not in policy.input_fields]
    decided = _by_closure(policy, leads, arms) if engine == "python" else _by_sql(policy, leads, engine)
    return pl.concat([leads.select(keys), decided], how="horizontal") if keys else decided


def _by_closure(policy: Policy, leads: pl.DataFrame, arms: pl.Series) -> pl.DataFrame:
    evaluator, overlay = compile(policy), overlay_of(policy)
    rows = []
    for lead, arm in zip(leads.select(list(policy.input_fields)).iter_rows(named=True), arms, strict=True):
        outcome = evaluator.decide(lead)
        if arm is not None:
            outcome = overlay.apply(outcome, evaluator.normalised(lead), arm)
        rows.append(_row(outcome))
    kinds = {name: pl.Int64 if name in NUMBERS else pl.String for name in sql.OUTPUTS}
    return pl.DataFrame(rows, schema=kinds)


def _row(outcome: Outcome) -> dict[str, object]:
    told = outcome.to_json()
    return {**told, "reasons": json.dumps(told["reasons"]), "errors": json.dumps(told["errors"])}


def _by_sql(policy: Policy, leads: pl.DataFrame, engine: Engine) -> pl.DataFrame:
    inputs = leads.select(list(policy.input_fields))
    found = decide_on_spark(policy, inputs) if engine == "spark" else _by_duckdb(policy, inputs)
    texts = {name: _spaced(found[name]) for name in ("reasons", "errors")}
    return found.with_columns(**texts).cast(dict.fromkeys(NUMBERS, pl.Int64))


def _by_duckdb(policy: Policy, inputs: pl.DataFrame) -> pl.DataFrame:
    with in_memory() as cursor:
        cursor.load("leads", inputs.with_row_index("place:"))
        return cursor.read(f'{sql.render(policy, "leads", ["place:"])} ORDER BY "place:"').drop("place:")


def _spaced(texts: pl.Series) -> pl.Series:
    """JSON texts written as Python writes them; a population has few distinct ones."""
    distinct = texts.unique().to_list()
    return texts.replace_strict(distinct, [json.dumps(json.loads(text)) for text in distinct], return_dtype=pl.String)


def _read(path: Path, policy: Policy) -> pl.DataFrame:
    kind = detect_format(path, None)
    if kind == "jsonl":
        return _read_lines(path, policy)
    try:
        return pl.read_parquet(path) if kind == "parquet" else pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        reason = f"`{path}` cannot be read as {kind}: {str(error).splitlines()[0]}"
        raise FileUnreadable(path, reason, "Give a CSV, JSONL or Parquet file of leads.") from error


def _read_lines(path: Path, policy: Policy) -> pl.DataFrame:
    """A column a key that stands in some row; where a row leaves an input out, it is typical."""
    plain = {name: typical(declared) for name, declared in policy.input_fields.items()}
    rows = [_object(line, place, path) for place, line in enumerate(path.read_bytes().splitlines(), 1) if line.strip()]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name, plain.get(name)) for row in rows] for name in names}
    return pl.DataFrame([pl.Series(name, values, strict=False) for name, values in columns.items()])


def _object(line: bytes, place: int, path: Path) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise FileUnreadable(path, f"Line {place} is no JSON: {error}", ONE_OBJECT, place) from error
    if not isinstance(found, dict):
        raise FileUnreadable(path, f"Line {place} is no JSON object", ONE_OBJECT, place)
    return found


def _input(name: str, declared: InputField, frame: pl.DataFrame) -> pl.Series:
    if name not in frame.columns:
        return pl.Series(name, [typical(declared)] * frame.height, dtype=TYPES[declared.type])
    given = frame[name]
    typed = _typed(given, declared.type)
    lost = typed.is_null() & given.is_not_null()
    if lost.any():
        row = int(lost.arg_true()[0])
        raise LeadValueUnfit(name, declared.type, given[row], row + 1)
    return typed


def _typed(given: pl.Series, kind: str) -> pl.Series:
    """The values as the declared type; missing where they cannot be."""
    if kind == "bool" and given.dtype != pl.Boolean:
        return given.cast(pl.String).str.to_lowercase().replace_strict(TRUTHS, default=None, return_dtype=pl.Boolean)
    if kind == "int" and given.dtype.is_float():
        return given.set(given != given.floor(), None).cast(pl.Int64, strict=False)
    return given.cast(TYPES[kind], strict=False)
