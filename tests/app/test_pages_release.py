"""Policy studio and Approvals: a change from the form to publishing and back, by two people."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false
import pytest
from streamlit.testing.v1 import AppTest

from app import jobs, release_commands
from app.components import policy_release, policy_simulating, policy_study
from app.queries import alerts
from core.kernel.workers import Cancelled
from core.policy import editing
from tests.app.pages import page

STRICTER = "fewer hot leads while two representatives are away"


def button(at: AppTest, label: str):
    return next(one for one in at.button if one.label == label)


def errors(at: AppTest) -> str:
    return " ".join(error.value for error in at.error)


def handed_in(at: AppTest) -> AppTest:
    """The page once the request for approval has ended, however long that took."""
    if at.toast:
        return at
    assert jobs.JOBS.of(policy_release.REQUEST)[0].wait(60)
    return at.run()


@pytest.mark.parametrize("step", ["draft", "check", "simulate", "approve", "roll-out"])
def test_every_step_opens(demo_copy, step):
    assert page("policy", step=step).title[0].value == "Policy studio"


@pytest.mark.parametrize("tab", ["Inbox", "History", "Audit"])
def test_every_tab_of_approvals_opens(demo_copy, tab):
    assert page("approvals", tab=tab).title[0].value == "Approvals"


def test_the_form_edits_the_text_and_the_text_the_form(demo_copy):
    at = page("policy")
    hot = next(one for one in at.slider if "hot" in one.label)
    leave, enter = hot.value
    at = hot.set_value((leave, hot.max)).run()
    text = at.text_area(key="policy_yaml").value
    assert enter < hot.max and editing.outline(text).thresholds["hot"] == (hot.max, leave)
    pushed = next(one for one in at.slider if "hot" in one.label)
    assert (pushed.id, pushed.max) == (hot.id, hot.max), "another slider in its place ends the push"
    assert not at.text_area(key="policy_rationale").proto.set_value, "what is being typed stays"
    typed = editing.with_threshold(text, "warm", 0.2222, 0.1111)
    at = at.text_area(key="policy_yaml").set_value(typed).run()
    warm = next(one for one in at.slider if "warm" in one.label)
    assert warm.value == (0.1111, 0.2222)


def test_a_text_that_is_no_policy_is_told_where_it_is_wrong(demo_copy):
    at = page("policy")
    text = at.text_area(key="policy_yaml").value
    at = at.text_area(key="policy_yaml").set_value(text.replace("apiVersion: leadpolicy/v1", "apiVersion: v9")).run()
    assert not at.exception
    assert any("line 2" in (one.help or "") for one in at.markdown)


def test_a_version_that_is_not_there_is_named_with_the_way_to_the_one_that_decides(demo_copy):
    at = page("policy", v="nothing")
    assert "nothing" in at.error[0].value
    at = at.button(key="policy_to_live").click().run()
    assert any("`nothing` does not wait here" in one.value for one in page("approvals", v="nothing").caption)
    assert not at.error and at.text_area(key="policy_yaml").value == demo_copy.rooms.policies.active("default").source


def test_from_an_edit_to_publishing_and_back_by_two_people(demo_copy):
    at = page("policy")
    hot = next(one for one in at.slider if "hot" in one.label)
    at = hot.set_value((hot.value[0], round(hot.value[1] + 0.05, 3))).run()
    at = at.text_area(key="policy_rationale").set_value(STRICTER).run()
    at = button(at, "Save draft").click().run()
    at = handed_in(button(at, "Request approval").click().run())
    assert not at.exception and not at.error and "waits for approval" in at.toast[0].value
    submitted = next(one for one in demo_copy.rooms.policies.history() if one.state == "submitted")
    made = [one.kind for one in demo_copy.rooms.policies.actions(submitted.content_hash)]
    assert made == ["drafted", "submitted"]

    mine = page("approvals", v=submitted.ref)
    assert button(mine, "Approve").disabled and "may not approve" in button(mine, "Approve").help
    desk = button(page("policy", v=submitted.ref), "Request approval")
    assert desk.disabled and "waits for somebody" in desk.help

    hers = page("approvals", "rita", v=submitted.ref)
    hers = button(hers, "Refuse").click().run()
    assert hers.error, "a no without a reason is refused"
    hers = button(hers, "Approve").click().run()
    assert demo_copy.rooms.policies.get(submitted.ref).state == "approved"

    live = page("approvals", "rita", v=submitted.ref)
    live = button(live, "Publish").click().run()
    assert live.error, "publishing needs a reason"
    reason = next(one for one in live.text_input if one.label == "Reason")
    live = reason.set_value("fewer calls").run()
    live = button(live, "Publish").click().run()
    assert demo_copy.rooms.policies.active("default").content_hash == submitted.content_hash

    back = page("approvals", "rita", tab="History")
    back = next(one for one in back.text_input if one.label == "Reason").set_value("too few calls").run()
    back = button(back, "Roll back").click().run()
    assert not back.exception
    assert demo_copy.rooms.policies.get(submitted.ref).state == "rolled_back"
    assert demo_copy.rooms.policies.active("default").version == 1
    review = [one.value for one in page("approvals", "rita").markdown]
    assert any("From default v2 to default v1" in text for text in review)


def test_a_simulation_that_takes_longer_is_followed_and_found_again(demo_copy, monkeypatch):
    monkeypatch.setattr(policy_simulating, "PATIENCE", 0.0)
    at = page("policy", step="draft")
    hot = next(one for one in at.slider if "hot" in one.label)
    at = hot.set_value((hot.value[0], round(hot.value[1] + 0.03, 3))).run()
    at.query_params["step"] = "simulate"
    at = at.run()
    begun = jobs.JOBS.of(policy_simulating.SIMULATE)[0]
    assert begun.wait(60) and begun.state == "done"
    at = at.run()
    assert any("Where leads move" in one.value for one in at.markdown) or any(
        "Where leads move" in one.value for one in at.subheader
    )
    assert jobs.JOBS.of(policy_simulating.SIMULATE)[0] is begun


def test_a_draft_is_simulated_in_full_kept_as_evidence_and_a_cell_opens_its_leads(demo_copy, monkeypatch):
    monkeypatch.setattr(policy_simulating, "PATIENCE", 60.0)
    at = page("policy")
    hot = next(one for one in at.slider if "hot" in one.label)
    at = hot.set_value((hot.value[0], round(hot.value[1] + 0.07, 3))).run()
    at.query_params["step"], at.query_params["how"] = "simulate", "rolled-forward"
    at = at.run()
    assert "Not simulated for this draft yet" in " ".join(one.value for one in at.caption)
    at = button(at, "Simulate in full").click().run()
    assert jobs.JOBS.of(policy_study.JOB)[0].wait(60)
    at = at.run()
    assert not at.exception
    told = " ".join(one.value for one in at.markdown)
    assert "Cannot say" in told and "No rep stands" in told and "explored" in told and "Rolled forward" in str(at.main)
    assert any("Touches are each version's own" in one.value for one in at.caption)
    way = next(one.value for one in at.dataframe if {"what", "before", "after"} == set(one.value.columns))
    assert "Leads overdue at the end" in way["what"].to_list()
    verdicts = next(one.value for one in at.dataframe if "verdict" in one.value.columns)
    assert {"region", "segment", "company size", "consent"} == set(verdicts["dimension"])
    entries = demo_copy.db.entries().height
    at = button(at, "Keep as evidence").click().run()
    assert demo_copy.db.entries().height == entries + 1 and "Kept by ana" in " ".join(one.value for one in at.caption)
    moves = jobs.JOBS.of(policy_study.JOB)[0].result.simulation.matrix("band").row(0)
    at.query_params["move"] = f"band:{moves[0]}→{moves[1]}"
    at = at.run()
    assert f"**{moves[0]} → {moves[1]}** · {moves[2]:,} lead" in " ".join(one.value for one in at.markdown)
    assert demo_copy.db.entries().height == entries + 1, "looking writes nothing"


def test_a_viewer_may_look_but_not_simulate(demo_copy):
    demo_copy.rooms.users.add("vic", "viewer", "root")
    at = page("policy", "vic", step="simulate")
    assert "may not simulate" in at.info[0].value and not at.error
    at = page("approvals", "vic", tab="Audit")
    at = button(at, "Verify chain").click().run()
    assert "The chain holds" in at.success[0].value


def test_a_model_is_approved_by_somebody_who_did_not_train_it(demo_copy):
    assert button(page("approvals", v="model-1"), "Approve model").disabled
    at = button(page("approvals", "rita", v="model-1"), "Approve model").click().run()
    assert not at.error
    assert demo_copy.rooms.model_releases.is_approved(demo_copy.rooms.models.champion().model_hash)
    trial = next(one for one in alerts.alerts() if "are a trial" in one.text)
    assert "made before the model was approved" in trial.text and trial.page == "train"


def test_long_work_shows_beside_the_steps_and_is_cancelled(demo_copy, monkeypatch):
    """A request for approval that takes long, and a full simulation: both say that they are at work."""

    def long(*_):
        def work(progress, cancel):
            progress(0.4, "deciding 300 leads after")
            assert cancel.wait(60)
            raise Cancelled("the work")

        return work

    monkeypatch.setattr(release_commands, "submit", long)
    monkeypatch.setattr(release_commands, "study", long)
    monkeypatch.setattr(policy_release, "PATIENCE", 0.0)
    monkeypatch.setattr(policy_simulating, "PATIENCE", 60.0)
    at = page("policy")
    hot = next(one for one in at.slider if "hot" in one.label)
    at = hot.set_value((hot.value[0], round(hot.value[1] + 0.04, 3))).run()
    at = button(at, "Request approval").click().run()
    assert any("being handed in" in option for group in at.button_group for option in group.options)
    assert any("Request for approval" in one.text for one in at.get("progress"))
    at = button(at, "Cancel").click().run()
    assert jobs.JOBS.of(policy_release.REQUEST)[0].wait(10)
    assert "was cancelled" in " ".join(one.value for one in at.run().info)
    at.query_params["step"] = "simulate"
    at = button(at.run(), "Simulate in full").click().run()
    assert "Being simulated" in " ".join(one.value for one in at.caption)
    jobs.JOBS.of(policy_study.JOB)[0].cancel.set()
    assert jobs.JOBS.of(policy_study.JOB)[0].wait(10)
    assert "Not simulated for this draft yet" in " ".join(one.value for one in at.run().caption)


PLAN = """
rollout:
  strategy: canary
  unit: lead_id
  salt: ro-1
  steps: [{pct: 0, mode: shadow}, {pct: 40}]
  judge: {alpha: 0.05, method: always_valid, guards: [{metric: eligibility_rate, direction: either, max_abs: 0.1}]}
"""


def test_a_canary_is_reviewed_started_and_taken_back_on_the_pages(demo_copy):
    releases = demo_copy.rooms.releases
    active = releases.policies.active("default")
    ref = releases.submit(active.source + PLAN, "canary.yaml", "ana").version.ref
    at = page("approvals", "rita", v=ref)
    assert [one.label[:2] for one in at.expander if one.label[0].isdigit()] == [f"{n}." for n in range(1, 10)] + ["10"]
    at.text_input(key=next(one.key for one in at.text_input if one.label == "Comment")).set_value("Read all ten.")
    at = button(at, "Approve").click().run()
    assert not at.error and releases.standing(ref).is_approved
    at = page("approvals", v=ref)
    at.text_input(key=next(one.key for one in at.text_input if one.label == "Reason")).set_value("capacity")
    at = button(at, "Start canary").click().run()
    assert not at.error and releases.rollouts.exposure("default").is_shadow
    at = page("approvals", tab="History")
    assert any("0 % shadow" in one.text for one in at.get("progress"))
    at.text_input(key="approvals_history_rollout_reason").set_value("enough seen")
    at = button(at, "Go back to the version before").click().run()
    assert not at.error and releases.policies.active("default").content_hash == active.content_hash
    at = page("approvals", tab="History")
    assert any("post review" in one.value for one in at.markdown)
    an_emergency_waits_in_the_inbox_until_a_reviewer_looked(releases, active)


def an_emergency_waits_in_the_inbox_until_a_reviewer_looked(releases, active):
    """On the same store: open, then gone back from, then read by a reviewer who did neither."""
    fire = releases.submit(active.source.replace("title: ", "title: On fire, ", 1), "fire.yaml", "ana").version.ref
    releases.emergencies.break_glass(fire, "ana", "queue is closed", "1h")
    at = page("approvals", "rita", v=f"emergency-{fire}")
    assert any("queue is closed" in one.value for one in at.markdown)
    at = button(said(at, "the queue is open again"), "Go back now").click().run()
    assert not at.error and releases.policies.active("default").content_hash == active.content_hash
    at = page("approvals", v=f"emergency-{fire}")
    version = releases.policies.get(fire)
    assert any(version.content_hash[7:15] in one.key for one in at.text_input), (
        "words about one are not said of another"
    )
    at = button(said(at, "It was mine."), "Reviewed").click().run()
    assert not at.error and len(releases.reviews.due()) == 2
    at = button(said(page("approvals", "rita", v=f"emergency-{fire}"), "Right to do."), "Reviewed").click().run()
    assert not at.error and [one.kind for one in releases.reviews.due()] == ["rollback"]


def said(at, words):
    at.text_input(key=next(one.key for one in at.text_input if one.label == "What you saw")).set_value(words)
    return at


def test_owners_are_listed_and_a_lead_without_one_has_a_reason(demo_copy):
    at = page("leads")
    owners = next(one for one in at.expander if one.label.startswith("Owners"))
    assert "0 reps" in owners.label
    assert owners.dataframe[0].value["why"].to_list() == ["no sales reps were imported"] * len(
        owners.dataframe[0].value
    )
