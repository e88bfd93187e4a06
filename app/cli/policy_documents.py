"""Commands on policy documents alone, without a store: check, decide, diff."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import typer

from app.cli import check_reports
from app.cli.common import JsonOption, emit, speak, table
from app.cli.inputs import text_in
from app.cli.outputs import require_places, writing, written
from core.decisions.queues import in_order
from core.kernel.errors import LeadbenchError
from core.kernel.expressions import Expression, parse
from core.kernel.strict_yaml import read_text
from core.policy import checker, diff, evaluator, inputs, parser
from core.policy.checker import WARNINGS
from core.policy.document import Policy
from core.policy.overlay import LIVE, arms_of, overlay_of
from core.policy.prover import Equality, Found, compare
from core.policy.stages import claim_schema
from core.simulation.errors import ArmUnknown
from core.simulation.population import Engine, decide_all, read_leads

FileArgument = Annotated[Path, typer.Argument(help="A policy document (YAML).")]
POPULATIONS = (".csv", ".jsonl", ".ndjson", ".parquet")


class InputsInvalid(LeadbenchError):
    """Inputs that are no JSON object."""

    code = "invalid_inputs"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"The inputs are not a JSON object: {reason}",
            value=text[:200],
            remedy='Write them as {"score": 0.8, "region": "DACH"}, or @file.json.',
        )


def register(group: typer.Typer) -> None:
    """Add the commands of this module to the policy commands."""
    group.command(epilog="Example: leadbench policy check policies/default.yaml --json")(check)
    group.command(epilog="""Example: leadbench policy decide policies/default.yaml --inputs '{"score": 0.8}'""")(decide)
    group.command("diff", epilog="Example: leadbench policy diff old.yaml new.yaml --exit-code")(show_diff)


def read_document(path: Path) -> str:
    """The text of a policy document; raises FileMissing."""
    return text_in(path, "policy document")


def check(
    file: FileArgument,
    form: Annotated[
        Literal["text", "json", "sarif"], typer.Option("--format", help="sarif: SARIF 2.1.0, for code review.")
    ] = "text",
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML for continuous integration.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a document: its form, names, domains, its own tests, and every proof."""
    if form == "json":
        speak(True)
    require_places(junit)
    started = time.perf_counter()
    report = checker.report(read_document(file), str(file))
    report["seconds"] = round(time.perf_counter() - started, 3)
    if junit:
        written(junit, check_reports.junit(report).encode())
    if form == "sarif":
        speak(True)
        emit(check_reports.sarif(report))
    else:
        emit(report, lambda: _check_text(report))
    raise typer.Exit(0 if report["ok"] else 1)


def decide(
    file: FileArgument,
    given: Annotated[
        str,
        typer.Option("--inputs", "--input", help="One lead as JSON, a file or -; or a CSV, JSONL or Parquet of leads."),
    ] = "{}",
    engine: Annotated[
        Engine, typer.Option(help="Which back end decides a file of leads; spark needs the extra of that name.")
    ] = "python",
    out: Annotated[Path | None, typer.Option("--out", help="CSV, JSONL or Parquet file for the decisions.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Rows of a file in the order of the policy's queue.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Decide one lead and show how, or every lead of a file; unnamed inputs are typical.

    `arm` beside the inputs asks for the decision as met: experiment and caps; `ages` has minutes by field.
    """
    require_places(out)
    policy = parser.load(read_document(file), str(file))
    if Path(given).suffix in POPULATIONS and not given.lstrip().startswith("{"):
        _decide_file(policy, Path(given), engine, out, queue)
    else:
        _decide_one(policy, read_inputs(given))


def _decide_one(policy: Policy, given: dict[str, Any]) -> None:
    asked = given.pop("arm", None)
    arm, ages = str(asked or LIVE), _ages(given.pop("ages", None) or {})
    if arm not in arms_of(policy.document):
        raise ArmUnknown(arm, arms_of(policy.document), "python")
    filled = inputs.fresh(policy, inputs.fill(policy, given), ages)
    found = evaluator.explain(policy, filled)
    if asked:
        serving = evaluator.compile(policy)
        outcome = overlay_of(policy).apply(serving.decide(filled), serving.normalised(filled), arm)
        found["outcome"] = {**found["outcome"], **outcome.to_json()}
    emit({**found.pop("outcome"), **found, "arm": arm})


def _ages(given: object) -> dict[str, int]:
    """Minutes by field; raises InputsInvalid."""
    if isinstance(given, dict) and all(isinstance(age, int) and not isinstance(age, bool) for age in given.values()):
        return given
    raise InputsInvalid(json.dumps({"ages": given}), "`ages` has a whole number of minutes for each field")


def _decide_file(policy: Policy, path: Path, engine: Engine, out: Path | None, queue: bool) -> None:
    started = time.perf_counter()
    leads = read_leads(path, policy)
    decided = decide_all(policy, leads, engine)
    if queue:
        decided = _queued(policy, leads, decided)
    counts = dict(sorted(decided["disposition"].value_counts().iter_rows()))
    payload: dict[str, Any] = {"rows": decided.height, "engine": engine, "dispositions": counts, "out": None}
    if out is None:
        payload["decisions"] = decided.to_dicts()
    else:
        _write(decided, out)
        payload["out"] = str(out)
    payload["seconds"] = round(time.perf_counter() - started, 3)
    columns = [name for name in decided.columns if name not in ("reasons", "errors", "method")]
    emit(payload, lambda: table(decided.head(50).to_dicts(), columns))


def _queued(policy: Policy, leads: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """The decisions in the order of the queue."""
    given = leads.select(name for name in leads.columns if name not in decided.columns)
    return in_order(policy.document, decided.hstack(given)).select(decided.columns)


def _write(decided: Any, out: Path) -> None:
    ways = {".parquet": decided.write_parquet, ".csv": decided.write_csv}
    with writing(out) as stream:
        ways.get(out.suffix, decided.write_ndjson)(stream)


def show_diff(
    before: FileArgument,
    after: FileArgument,
    only_where: Annotated[
        str | None, typer.Option("--only-where", help="Prove that nothing changes outside this condition.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 unless they are proved equal.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Who would be decided differently by two documents - proved, not sampled - and what was rewritten."""
    left, right = (parser.load(read_document(path), str(path)) for path in (before, after))
    asked = parse(only_where, claim_schema(left.document)) if only_where else None
    found = compare(left, right, asked)
    payload = _difference(left, right, found, asked)
    emit(payload, lambda: _difference_text(payload))
    raise typer.Exit(1 if exit_code and found.equivalent is not True else 0)


def _difference(left: Policy, right: Policy, found: Equality, asked: Expression | None) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "equivalent": found.equivalent,
        "before": left.content_hash,
        "after": right.content_hash,
        "outputs": {name: _answer(answer) for name, answer in found.outputs.items()},
        "newly_eligible": _answer(found.newly_eligible, absent="none"),
        "rows": diff.to_json(diff.diff(left, right)),
    }
    if asked is not None and found.outside is not None:
        exists = found.outside.exists
        payload["confined"] = None if exists is None else not exists
        payload["outside"] = found.outside.lead
    return payload


def _answer(found: Found, absent: str = "equal") -> dict[str, Any]:
    present = "differs" if absent == "equal" else "some"
    verdict = "unknown" if found.exists is None else present if found.exists else absent
    told = {"verdict": verdict, "counterexample": found.lead, "before": found.before, "after": found.after}
    return told | ({"detail": found.trouble} if found.trouble else {})


def _difference_text(payload: dict[str, Any]) -> str:
    lines = [f"{name}: {_told(answer, name)}" for name, answer in payload["outputs"].items()]
    newly = payload["newly_eligible"]["verdict"]
    lines.append({"none": "No lead is newly eligible.", "some": "Some leads are newly eligible."}.get(newly, "unknown"))
    if "confined" in payload:
        lines.append(
            "Confined to the condition." if payload["confined"] else "NOT proved to be confined to the condition."
        )
    return "\n".join([*lines, *(change["text"] for change in payload["rows"])])


def _told(answer: dict[str, Any], name: str) -> str:
    if answer["verdict"] == "equal":
        return "proved equal"
    if answer["verdict"] == "unknown":
        return f"unknown - {answer['detail']}"
    if "detail" in answer:
        return f"differs: {answer['detail']}"
    return f"differs: {answer['before'][name]} → {answer['after'][name]} for {json.dumps(answer['counterexample'])}"


def read_inputs(text: str) -> dict[str, Any]:
    """The JSON object given inline, in a file, or on standard input (-); raises InputsInvalid."""
    source = sys.stdin.read() if text == "-" else _file_text(text) or text
    try:
        value = json.loads(source)
    except json.JSONDecodeError as error:
        raise InputsInvalid(source, str(error)) from error
    except RecursionError as error:
        raise InputsInvalid(source, "it is nested too deeply") from error
    if not isinstance(value, dict):
        raise InputsInvalid(source, f"it is a {type(value).__name__}")
    return value


def _file_text(text: str) -> str | None:
    """The content of the file that the text names, perhaps after an @; None where it names none."""
    if text.lstrip().startswith("{"):
        return None
    path = Path(text.removeprefix("@"))
    return read_text(path) if path.is_file() else None


def _check_text(report: dict[str, Any]) -> str:
    lines = [
        f"{d['line']}:{d['column']} {d['code']}: {d['message']} {d.get('hint') or ''}" for d in report["diagnostics"]
    ]
    warned = [item for item in report["checks"] if item["code"] in WARNINGS]
    lines += [f"{item['line']}:{item['column']} {item['name']} (warning): {item['detail']}" for item in warned]
    kinds = ("proof", "claim", "structure")
    proofs = [item for item in report["checks"] if item["kind"] in kinds and item not in warned]
    refuted = [item for item in proofs if item["verdict"] != "pass" and report["name"]]
    lines += [f"{item['line']}:{item['column']} {item['name']} ({item['scope']}): {item['detail']}" for item in refuted]
    held = sum(item["verdict"] == "pass" for item in proofs)
    count = [f"{held} of {len(proofs)} statements proved, {report['tests']['passed']} tests passed."]
    verdict = "The document is sound." if report["ok"] else "The document is refused."
    return "\n".join([*lines, *count, verdict])
