"""What people say: feedback on leads, saved views, annotations; each by permission, each in the ledger."""

from datetime import UTC, datetime

import pytest

from core.decisions.errors import LeadUndecided
from core.governance.annotations import Annotations
from core.governance.desk_errors import AnnotationInvalid, AnnotationUnknown, ViewNameInvalid, ViewUnknown
from core.governance.errors import Forbidden
from core.governance.feedback import Feedback, Verdict
from core.governance.users import Users
from core.governance.views import SavedViews

MOMENT = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.fixture
def users(store):
    return Users(store)


@pytest.fixture
def views(store, users):
    return SavedViews(store, users)


@pytest.fixture
def annotations(store, users):
    return Annotations(store, users)


def kinds(store) -> list[str]:
    return store.entries("governance")["kind"].to_list()


def test_feedback_on_a_lead_that_was_never_decided_is_refused_and_leaves_nothing(store, users):
    feedback, before = Feedback(store, users), kinds(store)
    with pytest.raises(LeadUndecided):
        feedback.give("ld_1", Verdict.GOOD, "ana")
    assert feedback.latest().is_empty()
    assert kinds(store) == before


def test_a_viewer_may_leave_nothing(store, users, views, annotations):
    users.add("vic", "viewer", "root")
    with pytest.raises(Forbidden):
        Feedback(store, users).give("ld_1", Verdict.GOOD, "vic")
    with pytest.raises(Forbidden):
        views.save("leads", "mine", {}, "vic", shared=False)
    with pytest.raises(Forbidden):
        annotations.add(MOMENT, "campaign", "vic")
    assert views.of("leads", "vic") == [] and annotations.all() == []


def test_a_private_view_is_its_owners_and_a_shared_one_everybodys(views):
    views.save("leads", "  my   hot ones ", {"band": ["hot"]}, "ana", shared=False)
    views.save("leads", "for all", {"view": "rising"}, "ana", shared=True)
    assert [one.name for one in views.of("leads", "ana")] == ["for all", "my hot ones"]
    assert [(one.name, dict(one.parameters)) for one in views.of("leads", "rita")] == [("for all", {"view": "rising"})]
    assert views.of("drift", "ana") == []


def test_saving_under_the_same_name_takes_the_place_of_the_owners_view_only(views):
    views.save("leads", "hot", {"band": ["hot"]}, "ana", shared=True)
    views.save("leads", "hot", {"band": ["warm"]}, "ana", shared=True)
    views.save("leads", "hot", {"band": ["cold"]}, "rita", shared=True)
    found = {one.owner: one.parameters["band"] for one in views.of("leads", "ana")}
    assert found == {"ana": ["warm"], "rita": ["cold"]}


def test_only_its_owner_drops_a_view(views, store):
    views.save("leads", "hot", {}, "ana", shared=True)
    with pytest.raises(ViewUnknown):
        views.drop("leads", "hot", "rita")
    views.drop("leads", "hot", "ana")
    assert views.of("leads", "ana") == []
    assert kinds(store)[-2:] == ["view.saved", "view.dropped"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_view_needs_a_name_of_a_bearable_length(views, name):
    with pytest.raises(ViewNameInvalid):
        views.save("leads", name, {}, "ana", shared=False)


def test_a_mark_can_be_taken_away_and_brought_back(annotations, store):
    mark = annotations.add(MOMENT, "Spring  campaign", "ana")
    assert [(one.content, one.at) for one in annotations.all()] == [("Spring campaign", MOMENT.replace(tzinfo=None))]
    annotations.remove(mark, "rita")
    assert annotations.all() == []
    annotations.remove(mark, "rita", undo=True)
    assert len(annotations.all()) == 1
    assert kinds(store)[-3:] == ["annotation.added", "annotation.removed", "annotation.restored"]


def test_a_mark_without_words_or_without_an_id_is_refused(annotations):
    with pytest.raises(AnnotationInvalid):
        annotations.add(MOMENT, "  ", "ana")
    with pytest.raises(AnnotationUnknown):
        annotations.remove("a_nothing", "ana")
