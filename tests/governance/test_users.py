"""Who may act, and what each role may do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.governance.errors import (
    Forbidden,
    LastAdmin,
    NoIdentity,
    RoleUnknown,
    UserExists,
    UserNameInvalid,
    UserUnknown,
)
from core.governance.permissions import TABLE, Permission, Role, allowed, holders
from core.governance.users import Users
from core.kernel.clock import FixedClock
from core.kernel.database import Database

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def users(tmp_path: Path):
    with Database.open(tmp_path / "store", FixedClock(NOW)) as database:
        people = Users(database)
        people.ensure_defaults()
        yield people


def entries(users: Users) -> list[str]:
    return users._database.entries("governance")["kind"].to_list()


def test_a_new_store_has_an_analyst_a_reviewer_and_an_admin(users):
    assert {user.name: user.role for user in users.list()} == {"ana": "analyst", "rita": "reviewer", "root": "admin"}


def test_the_first_users_are_made_once(users):
    users.ensure_defaults()
    assert entries(users) == ["users.created"]


def test_only_an_admin_adds_users(users):
    with pytest.raises(Forbidden) as refused:
        users.add("bo", "viewer", "ana")
    assert refused.value.code == "forbidden" and "`admin`" in refused.value.remedy
    assert users.add("bo", "viewer", "root").role is Role.VIEWER
    assert entries(users) == ["users.created", "user.added"]


def test_a_name_is_taken_whatever_its_case(users):
    with pytest.raises(UserExists):
        users.add("ANA", "viewer", "root")


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "x" * 65, "leadbench"])
def test_a_name_that_cannot_be_a_users_is_refused(users, name):
    with pytest.raises(UserNameInvalid):
        users.add(name, "viewer", "root")


def test_an_unknown_role_is_refused_with_the_known_ones(users):
    with pytest.raises(RoleUnknown) as refused:
        users.add("bo", "boss", "root")
    assert "`reviewer`" in refused.value.remedy


def test_a_disabled_user_may_not_act_and_can_come_back(users):
    users.add("bo", "reviewer", "root")
    users.disable("bo", "root")
    with pytest.raises(UserUnknown):
        users.identity("bo")
    assert users.add("bo", "viewer", "root").role is Role.VIEWER


def test_the_last_admin_stays(users):
    with pytest.raises(LastAdmin):
        users.disable("root", "root")


def test_nobody_named_is_refused(users):
    with pytest.raises(NoIdentity) as refused:
        users.identity(None)
    assert refused.value.code == "no_identity"


def test_ana_stands_in_only_while_the_store_has_its_first_users(users):
    assert users.identity(None, default=True).name == "ana"
    users.add("bo", "viewer", "root")
    with pytest.raises(NoIdentity):
        users.identity(None, default=True)


def test_an_unknown_name_gets_the_nearest_one(users):
    with pytest.raises(UserUnknown) as refused:
        users.identity("anna")
    assert "`ana`" in refused.value.remedy


def test_a_refused_command_leaves_no_entry(users):
    with pytest.raises(Forbidden):
        users.disable("rita", "ana")
    assert entries(users) == ["users.created"]


def test_only_reviewers_approve_and_only_admins_manage_users():
    assert holders(Permission.APPROVE) == (Role.REVIEWER,)
    assert holders(Permission.MANAGE_USERS) == (Role.ADMIN,)
    assert holders(Permission.OVERRIDE) == (Role.ANALYST, Role.LEADER)


def test_a_viewer_changes_nothing():
    assert TABLE[Role.VIEWER] == {Permission.READ, Permission.AUDIT}
    assert all(allowed(role, Permission.READ) for role in Role)


def test_a_name_in_other_letters_is_nobody(users):
    with pytest.raises(UserUnknown) as refused:
        users.require("Rita", Permission.APPROVE)
    assert "`rita`" in refused.value.remedy


def test_who_comes_back_in_other_letters_is_the_same_person(users):
    users.disable("rita", "root")
    assert users.add("Rita", "reviewer", "root").name == "rita"
    assert [user.name for user in users.list()] == ["ana", "rita", "root"]
