"""What a role may not do cannot be pressed, and its tooltip says why and who may."""

import pytest

from app.components import permitted
from app.queries import access
from core.governance.permissions import Permission, Role, holders
from tests.app.pages import page

WITHHELD = {
    ("train", ""): {"Start training": Permission.TRAIN, "Decide the open leads": Permission.SCORE,
                    "Train a challenger": Permission.TRAIN, "Approve": Permission.APPROVE},
    ("data", "Contracts"): {"Confirm": Permission.CURATE},
    ("policy", ""): {"Save draft": Permission.SUBMIT, "Request approval": Permission.SUBMIT},
    ("approvals", "Inbox"): {"Approve model": Permission.APPROVE},
}  # fmt: skip


@pytest.mark.parametrize(("script", "tab"), WITHHELD, ids=["train", "contracts", "policy", "approvals"])
def test_a_button_of_another_role_is_shown_disabled_with_the_reason(demo, script, tab):
    at = page(script, "root", **({"tab": tab} if tab else {}))
    shown = {button.label: button for button in at.button}
    for label, permission in WITHHELD[script, tab].items():
        told = shown[label].help
        assert shown[label].disabled
        assert f"Your role, admin, may not {permission}." in told
        assert all(str(role) in told for role in holders(permission))


def test_who_may_do_it_reads_what_the_button_does(monkeypatch):
    monkeypatch.setattr(access, "role", lambda: Role.ANALYST)
    assert permitted.by(Permission.TRAIN, help="Why") == {"disabled": False, "help": "Why"}
    assert permitted.by(Permission.TRAIN, disabled=True)["disabled"]
    told = permitted.by(Permission.APPROVE, help="Why")
    assert (
        told["disabled"] and told["help"] == "Your role, analyst, may not approve or refuse. Roles that may: reviewer."
    )
