"""Bringing a file in: upload, detect, map, check, dry run, load - in this order, each on what the one before found."""

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from app import commands, jobs, session
from app.components import columns, deciding, frame_table, permitted
from app.feedback import refusals, refused
from app.queries import data as reads
from core.governance.permissions import Permission
from core.kernel.canonical import digest
from core.kernel.errors import LeadbenchError
from core.signals.imports import Import

UPLOADED = "data_upload_path"
CHECKED = "data_checked"
DRY_RUN, LOAD = "Dry run", "Load"
TYPES = ["csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "xes", "gz"]


def show(key: str) -> None:
    """Draw the steps as far as they can go."""
    path = _upload(key)
    if path is None:
        return
    found = _inspected(path, key)
    if found is None:
        return
    kind = _detected(found, key)
    if reads.maps_itself(found["adapter"]):
        _by_itself(found["adapter"])
        _load(path, kind, {}, found["adapter"], key)
        return
    planned, extra = _mapped(found, kind, key)
    missing = reads.unmapped(planned, kind)
    if missing:
        st.warning(f"No column gives `{'`, `'.join(missing)}`. Choose one above.", icon=":material/rule:")
        return
    _load(path, kind, reads.mapping(planned, kind, extra), found["adapter"], key)


def _inspected(path: Path, key: str) -> dict[str, Any] | None:
    """What is in the file; where several sources fit it, the person says which."""
    try:
        found = reads.inspect(str(path), path.stat().st_size)
        if found["adapter"] is not None:
            return found
        fitting = next(one["message"] for one in found["findings"] if one["code"] == "ambiguous_format")
        source = st.selectbox(f"{fitting}. Which is it?", reads.sources_of_files(), index=None, key=f"{key}_source_of")
        return reads.inspect(str(path), path.stat().st_size, source) if source else None
    except LeadbenchError as refusal:
        refused(refusal)
        return None


def _by_itself(source: str) -> None:
    with st.expander(f"Map · {source} maps its records itself", type="step", expanded=True):
        st.markdown(reads.about_source(source))


def _upload(key: str) -> Path | None:
    given = st.file_uploader(
        "CSV, JSON lines, Parquet or XES, also gzipped", TYPES, key=f"{key}_file",
        help="The file is read in a process of its own with limits; nothing is stored before you load it.",
    )  # fmt: skip
    kept = session.value(UPLOADED)
    if given is None:
        return None
    if kept is None or kept[0] != given.file_id:
        if kept is not None:
            shutil.rmtree(Path(kept[1]).parent, ignore_errors=True)
        kept = given.file_id, str(_spooled(given))
        session.remember(UPLOADED, kept)
    return Path(kept[1])


@cache
def _spool() -> "tempfile.TemporaryDirectory[str]":
    """The folder of this process's uploads; it goes when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="leadbench-uploads-")
    jobs.JOBS.at_end(folder.cleanup)
    return folder


def _spooled(given: Any) -> Path:
    path = Path(tempfile.mkdtemp(dir=_spool().name)) / (Path(given.name).name or "upload")
    with path.open("wb") as target:
        shutil.copyfileobj(given, target)
    return path


def _detected(found: dict[str, Any], key: str) -> str:
    versions = "".join(f", schema version {number}" for number in found["schema_versions"])
    many = len(found["columns"])
    counted = f"{found['rows']:,} row{'s' if found['rows'] != 1 else ''}, {many} column{'s' if many != 1 else ''}"
    told = f"{found['adapter']}{versions}, {found['format']}, {counted}"
    with st.expander(f"Detected · {told}", type="step", expanded=True):
        kinds = list(reads.KINDS)
        kind = st.segmented_control(
            "What it holds", kinds, default=found["kind"], required=True, format_func=reads.KINDS.__getitem__,
            key=f"{key}_kind",
        )  # fmt: skip
        if many == 1 and found["format"] == "csv":
            st.warning(
                "Only one column was found. If there are more, they are set apart by something else than a comma, "
                "semicolon, tab or bar: save the file with one of these.",
                icon=":material/view_column:",
            )
        for one in found["findings"][:12]:
            st.markdown(f":orange[:material/flag:] {one['message']}. :gray[{one['remedy']}]")
    return kind or found["kind"]


def _mapped(found: dict[str, Any], kind: str, key: str) -> tuple[pl.DataFrame, dict[str, str]]:
    with st.expander("Map · which column gives which field", type="step", expanded=True):
        config = {
            "column": st.column_config.TextColumn("Column", disabled=True),
            "type": st.column_config.TextColumn("Type", disabled=True, width="small"),
            "example": st.column_config.TextColumn("Example", disabled=True),
            "missing": st.column_config.NumberColumn("Missing", format="percent", disabled=True, width="small"),
            "goes_to": st.column_config.SelectboxColumn(
                "Goes to",
                options=[*reads.fields(kind), reads.KEEP, reads.LEAVE_OUT],
                required=True,
                help="Double-click to choose. What is kept as it is stays with the record and can be learnt from.",
            ),
            "personal": st.column_config.CheckboxColumn("Personal", help="Sealed in the store, never a feature."),
        }
        edited = st.data_editor(
            reads.plan(found, kind), key=f"{key}_plan_{kind}", column_config=config, hide_index=True,
            height=min(320, 38 + 35 * len(found["columns"])), alt="Which column of the file gives which field.",
        )  # fmt: skip
        return pl.DataFrame(edited), _extra(kind, reads.source_taken(found["adapter"]), key)


def _extra(kind: str, source: str, key: str) -> dict[str, str]:
    if kind == "events":
        return {"source": st.text_input("Source, where no column says it", source, key=f"{key}_source").strip()}
    if kind == "outcomes":
        with st.container(horizontal=True):
            won = st.text_input("Won where", key=f"{key}_won", placeholder="outcome = 'won'")
            lost = st.text_input("Lost where", key=f"{key}_lost", placeholder="outcome = 'lost'")
        return {"won": won.strip(), "lost": lost.strip()}
    return {}


def _load(path: Path, kind: str, mapping: dict[str, Any], source: str, key: str) -> None:
    plan_hash = digest([str(path), kind, mapping, source])
    with st.container(horizontal=True):
        try_it = st.button(
            DRY_RUN,
            key=f"{key}_dry",
            icon=":material/science:",
            **permitted.by(Permission.IMPORT, help="Counts everything, writes nothing."),
        )
        load = st.button(
            LOAD, key=f"{key}_load", type="primary", icon=":material/upload:",
            **permitted.by(
                Permission.IMPORT, disabled=not _checked(plan_hash), help="After a dry run of this very mapping."
            ),
        )  # fmt: skip
    if try_it or load:
        with refusals():
            jobs.start(
                LOAD if load else DRY_RUN, commands.import_file(kind, path, mapping, source=source, dry_run=not load)
            )
            session.remember(CHECKED, plan_hash)
            st.rerun()
    outcome(key)


def _checked(plan_hash: str) -> bool:
    job = jobs.current(DRY_RUN)
    return session.value(CHECKED) == plan_hash and job is not None and job.state == "done"


def outcome(key: str) -> None:
    """Draw the job of the last dry run or load, and what it counted."""
    job = jobs.latest(DRY_RUN, LOAD)
    if job is None:
        return
    jobs.show(job, f"{key}_job")
    if isinstance(job.result, Import):
        _counted(job.result, key)
        if job.name == LOAD:
            _next(job.result, key)


def _next(result: Import, key: str) -> None:
    """Draw what can be done once the file is in."""
    if result.quarantined:
        st.button(
            "See what was held back, and why", key=f"{key}_held", icon=":material/inventory_2:",
            on_click=session.remember, args=("tab", "Quarantine"),
        )  # fmt: skip
    if result.accepted:
        deciding.show(key)


def _counted(result: Import, key: str) -> None:
    with st.grid(4, min_column_width=130, key=f"{key}_counts"):
        for name in ("read", "accepted", "duplicate", "quarantined"):
            st.metric(name.capitalize(), f"{getattr(result, name):,}", border=True)
    if result.reasons:
        words = [reason.replace("_", " ") for reason in result.reasons]
        told = pl.DataFrame({"reason": words, "records": list(result.reasons.values())})
        config = {"reason": "Held back because of", "records": columns.count("Records")}
        frame_table.show(told, f"{key}_reasons", columns=config, alt="Quarantined records by reason.")
    for warning in result.warnings:
        st.warning(f"{warning.message} {warning.remedy}")
