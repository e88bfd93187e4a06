"""Jobs: they run on their own, say how far they are, and end as done, refused, cancelled or failed."""

import threading

from app import jobs
from app.jobs import Jobs
from core.kernel.errors import LeadbenchError
from core.kernel.workers import Cancelled


def finished(jobs, work):
    job = jobs.start("Work", "ana", work)
    assert job.wait(10)
    return job


def test_a_job_ends_with_its_result_and_its_log():
    def work(progress, cancel):
        progress(0.5, "half")
        return 42

    job = finished(Jobs(), work)
    assert (job.state, job.result, job.done, [text for _, text in job.log]) == ("done", 42, 1.0, ["half"])


def test_progress_never_goes_back():
    def work(progress, cancel):
        progress(0.6, "a")
        progress(0.2, "b")
        raise LeadbenchError("no", remedy="none")

    assert finished(Jobs(), work).done == 0.6


def test_a_refusal_is_kept_with_its_remedy():
    def work(progress, cancel):
        raise LeadbenchError("`x` is wrong.", value="x", remedy="Write y.")

    job = finished(Jobs(), work)
    assert job.state == "refused" and job.refusal is not None and job.refusal.remedy == "Write y."


def test_a_fault_keeps_its_traceback_and_no_result():
    job = finished(Jobs(), lambda progress, cancel: 1 / 0)
    assert job.state == "failed" and "ZeroDivisionError" in job.fault and job.result is None


def test_cancel_reaches_the_work():
    started = threading.Event()

    def work(progress, cancel):
        started.set()
        assert cancel.wait(10)
        raise Cancelled("work")

    jobs = Jobs()
    job = jobs.start("Work", "ana", work)
    assert started.wait(10)
    job.cancel.set()
    assert job.wait(10)
    assert job.state == "cancelled"


def test_the_end_of_the_process_cancels_what_runs():
    jobs = Jobs()
    job = jobs.start("Work", "ana", lambda progress, cancel: cancel.wait(10))
    jobs.end()
    assert not job.running


def test_only_finished_jobs_are_forgotten(monkeypatch):
    monkeypatch.setattr("app.jobs.KEPT", 2)
    jobs, hold = Jobs(), threading.Event()
    running = jobs.start("Long", "ana", lambda progress, cancel: hold.wait(10))
    for _ in range(4):
        finished(jobs, lambda progress, cancel: 1)
    assert jobs.get(running.job_id) is running
    hold.set()
    jobs.end()


def test_jobs_are_found_by_name_newest_first():
    jobs = Jobs()
    first, second = finished(jobs, lambda progress, cancel: 1), finished(jobs, lambda progress, cancel: 2)
    assert jobs.of("Work") == [second, first] and jobs.of("Other") == []


def test_what_has_to_be_cleared_up_is_called_once_at_the_end():
    jobs, cleared = Jobs(), []
    jobs.at_end(lambda: cleared.append(1))
    jobs.end()
    jobs.end()
    assert cleared == [1]


def test_work_on_the_same_subject_is_found_again_and_not_begun_twice(monkeypatch):
    monkeypatch.setattr(jobs.session, "identity", lambda: "ana")
    begun = jobs.begin("Simulation", "these leads|a|b", lambda progress, cancel: 42, 5.0)
    assert begun.result == 42
    assert jobs.about("Simulation", "these leads|a|b") is begun
    assert jobs.about("Simulation", "other leads|a|b") is None


def test_only_the_newest_results_are_kept(monkeypatch):
    monkeypatch.setattr(jobs.session, "identity", lambda: "ana")
    for number in range(jobs.KEPT_SUBJECTS + 3):
        jobs.begin("Kept", f"subject {number}", lambda progress, cancel: "result", 5.0)
    assert jobs.about("Kept", "subject 0") is None
    assert jobs.about("Kept", f"subject {jobs.KEPT_SUBJECTS + 2}") is not None
    assert len(jobs.JOBS.of("Kept")) == jobs.KEPT_SUBJECTS + 1


def test_patience_ends_while_the_work_goes_on_and_cancel_ends_it(monkeypatch):
    monkeypatch.setattr(jobs.session, "identity", lambda: "ana")

    def waiting(progress, cancel):
        cancel.wait(30)
        raise Cancelled("the simulation")

    begun = jobs.begin("Simulation", "slow", waiting, 0.05)
    assert begun.running
    begun.cancel.set()
    assert begun.wait(10) and begun.state == "cancelled" and begun.result is None


def test_a_session_that_meets_a_running_job_is_told_how_it_ended(monkeypatch):
    kept, free = {}, threading.Event()
    monkeypatch.setattr(jobs, "JOBS", Jobs())
    monkeypatch.setattr(jobs.session, "parameter", lambda name: "")
    monkeypatch.setattr(jobs.session, "value", kept.get)
    monkeypatch.setattr(jobs.session, "remember", kept.__setitem__)
    assert jobs.current("Work") is None
    job = jobs.JOBS.start("Work", "ana", lambda progress, cancel: free.wait(10))
    assert jobs.current("Work") is job
    free.set()
    assert job.wait(10) and jobs.current("Work") is job
