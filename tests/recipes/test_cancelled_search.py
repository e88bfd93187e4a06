"""A search that is cancelled half-way through its trials leaves nothing: no model, no entry, no file, no process."""

import tempfile
from pathlib import Path

from app.jobs import Jobs
from core.recipes.document import TrainPart

SETTINGS = TrainPart.model_validate({"trees": 20, "learning_rate": 0.1, "tune_trials": 400})


def state(bench):
    files = sorted(str(path) for path in (bench.db.directory / "models").rglob("*"))
    return bench.db.verify().head, bench.rooms.models.list().rows(), bench.rooms.runs.latest(), files


def working_in(folder):
    """The processes whose command names the folder."""
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return [line for line in lines if str(folder).encode() in line]


def test_a_search_cancelled_in_the_middle_of_its_trials_registers_nothing(regional, tmp_path, monkeypatch):
    """As the page runs it: a job, whose cancel ends the worker that the command uses too."""
    bench, _ = regional
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, told, seen = state(bench), [], []

    def work(progress, cancel):
        def tell(done, text):
            progress(done, text)
            told.append(text)
            if "trial 3 of 400" in text:
                seen.extend(working_in(tmp_path))
                cancel.set()

        return bench.runner.train(actor="ana", settings=SETTINGS, progress=tell, cancel=cancel)

    job = Jobs().start("Train", "ana", work)
    assert job.wait(300)
    assert (
        (job.state, job.result) == ("cancelled", None) and job.refusal is not None and "cancelled" in str(job.refusal)
    )
    assert seen and any("trial 3 of 400" in text for text in told) and not any("trial 9" in text for text in told)
    assert state(bench) == before and not working_in(tmp_path) and list(tmp_path.iterdir()) == []
