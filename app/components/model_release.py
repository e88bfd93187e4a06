"""Who trusts a model and whether it scores: a second person's approval, release and way back; its card and folder."""

import streamlit as st

from app import release_commands, session
from app.components import badges, chart, glossary, permitted
from app.feedback import done, refusals
from app.queries import models
from core.exports import onnx_folder
from core.governance.permissions import Permission
from core.models.store import ModelVersion

MLFLOW = "Scores without leadbench; mlflow.pyfunc loads it."
ONNX = "Any ONNX runtime scores by it; needs the extra: `uv sync --extra onnx`."
NEEDS_REASON = "Say why: it is kept in the record."


def trust(version: ModelVersion, key: str) -> None:
    """Draw what the model is trusted with, and what a second person can do about it."""
    standing, approved = models.standing(version), models.is_approved(version)
    released = models.releases()
    scores = standing == "champion" and not released.is_empty()
    badge = ":green-badge[:material/verified_user: Approved]" if approved else badges.trial("trial")
    alias = f":blue-badge[:material/trophy: {standing.capitalize()}]" if standing else ""
    with chart.card(f"Model {version.version}"):
        badges.show(badge, alias)
        st.caption(f"Trained by {version.actor} · `{version.model_hash[7:19]}`")
        st.caption(_said(standing, approved, scores), help=glossary.term("four_eyes"))
        reason = st.text_input("Reason", key=f"{key}_reason", placeholder="What was looked at").strip()
        with st.container(horizontal=True):
            if not approved and st.button(
                "Approve", key=f"{key}_approve", icon=":material/verified_user:", **permitted.by(Permission.APPROVE)
            ):
                _approve(version, reason)
            if not scores and st.button(
                "Release", key=f"{key}_release", icon=":material/rocket_launch:", **permitted.by(Permission.APPROVE)
            ):
                _release(version, reason)
            if scores and st.button(
                "Roll back", key=f"{key}_back", icon=":material/undo:", **permitted.by(Permission.ROLL_BACK)
            ):
                _roll_back(reason)
        if not released.is_empty():
            last = released.row(0, named=True)
            word = "back to" if last["kind"] == "rollback" else "released"
            st.caption(f"{last['released_at']:%d %b %Y, %H:%M} UTC: {word} model {last['version']} by {last['actor']}.")


def _said(standing: str, approved: bool, scores: bool) -> str:
    if scores:
        return "It was released: it scores whatever policy decides, and live where that one is published."
    if standing == "champion":
        if approved:
            return "No model was released yet, so the newest approved one scores; live with a published policy."
        return "No model was released or approved yet, so the newest one scores, on trial."
    if standing == "challenger":
        return "It scores in shadow until somebody who did not train it releases it."
    return "Another model scores. Somebody who did not train this one may release it."


def _approve(version: ModelVersion, comment: str) -> None:
    with refusals():
        release_commands.approve_model(version.version, version.model_hash, comment)
        done(f"Model {version.version} is approved.")
        st.rerun()


def _release(version: ModelVersion, reason: str) -> None:
    if not reason:
        st.warning(NEEDS_REASON, icon=":material/edit_note:")
        return
    with refusals():
        release_commands.release_model(version.version, reason)
        done(f"Model {version.version} scores from now on.")
        st.rerun()


def _roll_back(reason: str) -> None:
    if not reason:
        st.warning(NEEDS_REASON, icon=":material/edit_note:")
        return
    with refusals():
        done(f"Model {release_commands.roll_back_model(reason)} scores again.")
        st.rerun()


def papers(version: ModelVersion, key: str) -> None:
    """Draw the model card to read, and card and folder to take away."""
    with refusals():
        card = models.card(version)
        with chart.card("Model card", glossary.term("model_card")):
            with st.container(horizontal=True):
                st.download_button(
                    "Card", card, f"model-{version.version}.md", "text/markdown", key=f"{key}_card",
                    on_click="ignore", icon=":material/description:",
                )  # fmt: skip
                _folder(version, key)
            st.markdown(_body(card))


def _folder(version: ModelVersion, key: str) -> None:
    actor = session.identity()
    for name, onnx, about in (("MLflow", False, MLFLOW), ("ONNX", True, ONNX)):
        possible = not onnx or onnx_folder.is_possible()
        st.download_button(
            f"Model as {name}", lambda onnx=onnx: models.folder(version, actor, onnx=onnx),
            f"model-{version.version}-{name.lower()}.zip", "application/zip", key=f"{key}_{name.lower()}",
            on_click="ignore", icon=":material/folder_zip:",
            **permitted.by(Permission.EXPORT, disabled=not possible, help=about),
        )  # fmt: skip


def _body(card: str) -> str:
    """The card without its front matter, its headings small enough for a panel."""
    body = card.split("---\n", 2)[-1].lstrip()
    return "\n".join(f"###{line}" if line.startswith("#") else line for line in body.splitlines())
