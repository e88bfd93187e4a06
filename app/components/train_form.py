"""Starting a training: what there is to learn from, the settings, and the job."""

import streamlit as st

from app import jobs, session, work_commands
from app.components import chart, deciding, empty_state, permitted
from app.feedback import refusals
from app.queries import features as feature_sets
from app.queries import models, segments
from core.governance.permissions import Permission
from core.recipes.document import TrainPart

TRAIN = "Train"
CALIBRATIONS = ["auto", "sigmoid", "isotonic", "none"]


def show(key: str) -> None:
    """Draw the guard, the settings and the button; then the job, if there is one."""
    guard, recipe = models.guard(), models.recipe_name()
    with chart.card("Train", "The last recipe again, on what the store holds now; nothing is decided by it."):
        if recipe is None:
            empty_state.link(
                "No recipe has run here yet. Load your files, then run one: `leadbench run RECIPE`.",
                page="data",
                action="Load data",
            )
            return
        st.caption(f"Recipe **{recipe}** · {guard.won:,} won and {guard.lost:,} lost leads")
        if not guard.is_met:
            st.warning(
                f"Need at least {guard.needed} won and {guard.needed} lost; you have {guard.won}/{guard.lost}.",
                icon=":material/data_alert:",
            )
        chosen, features = settings(key), features_of(key)
        if st.button(
            "Start training",
            type="primary",
            key=f"{key}_start",
            icon=":material/model_training:",
            width="stretch",
            **permitted.by(Permission.TRAIN, disabled=not guard.is_met),
        ):
            with refusals():
                jobs.start(TRAIN, work_commands.train(chosen, features))
                st.rerun()
        deciding.show(key)
    job = jobs.current(TRAIN)
    if job is not None:
        jobs.show(job, f"{key}_job")
        if job.result is not None:
            outcome(job.result)


def settings(key: str) -> TrainPart:
    """Draw preset and settings; what they are set to."""
    st.selectbox(
        "Preset",
        list(models.PRESETS),
        format_func=models.PRESETS.__getitem__,
        key=f"{key}_preset",
        persist_state="session",
        on_change=_preset,
        args=(key,),
    )
    if session.value(f"{key}_trees") is None:
        _preset(key)
    with st.expander("Settings"):
        trees = st.number_input("Trees", 1, 5000, step=20, key=f"{key}_trees", persist_state="session")
        rate = st.number_input(
            "Learning rate", 0.001, 1.0, step=0.005, format="%.3f", key=f"{key}_rate", persist_state="session"
        )
        trials = st.number_input(
            "Search trials",
            0,
            1000,
            step=5,
            key=f"{key}_trials",
            persist_state="session",
            help="How many other settings to try, judged on later training leads; 0 takes these as they "
            "are. The best are taken only where they gain more than chance.",
        )
        calibrate = st.selectbox("Calibration", CALIBRATIONS, key=f"{key}_calibrate", persist_state="session")
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            key=f"{key}_seed",
            persist_state="session",
            help="The same data, settings and seed give the same model, bit for bit.",
        )
        by = st.selectbox(
            "Segments",
            ["", *segments.choices()],
            format_func=lambda name: name or "none",
            key=f"{key}_segments",
            persist_state="session",
            help="Levels of this attribute get trees of their own where they have enough leads and are credibly better "
            "for it; all others keep those of all leads.",
        )
    given = {"trees": int(trees), "learning_rate": float(rate), "calibrate": calibrate, "seed": int(seed)}
    return segments.asked(given | {"tune_trials": int(trials)}, by or None)


def features_of(key: str) -> str | None:
    """Draw the choice of a feature set; the hash of a registered one, None for what the recipe says."""
    named = {"": "As the recipe says"} | {
        one["set_hash"]: f"{one['name']} · {one['features']} features · {one['set_hash'][7:19]}"
        for one in feature_sets.sets().iter_rows(named=True)
    }
    chosen = st.selectbox(
        "Features", list(named), format_func=named.__getitem__, key=f"{key}_features", persist_state="session",
        help="A set that was built on Features; what seems to know the outcome is left out of it too.",
    )  # fmt: skip
    return chosen or None


def _preset(key: str) -> None:
    """Set every setting as the preset says."""
    told = models.settings(session.value(f"{key}_preset") or "recipe")
    for name, value in (
        ("trees", told.trees),
        ("rate", told.learning_rate),
        ("calibrate", told.calibrate),
        ("seed", told.seed),
        ("trials", told.tune_trials),
        ("segments", told.segments.by if told.segments else ""),
    ):
        session.remember(f"{key}_{name}", value)


def outcome(result: dict) -> None:
    """Draw what a training came to, with its warnings."""
    model, metrics = result["model"], result["metrics"]
    st.markdown(f"**Model {model['version']}** reaches AUC **{metrics['auc']:.3f}** on unseen leads.")
    if model["tuning"] is not None:
        st.caption(searched(model["tuning"]))
    for warning in result["warnings"]:
        st.caption(f":orange[:material/warning:] {warning['message']}")


def searched(tuning: dict) -> str:
    """What a search for settings came to, in a sentence."""
    if not tuning["trials"]:
        return "No search: too few leads of each class."
    chosen = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in rounded(tuning["settings"]).items())
    gain = f"AUC on later training leads {tuning['auc_given']:.3f} → {tuning['auc_best']:.3f}"
    kept = "taken" if tuning["is_changed"] else "no more than chance, so the settings stay"
    return f"{tuning['trials']} trials, {tuning['pruned']} given up early: {gain}, {kept}. Settings: {chosen}."


def rounded(settings: dict) -> dict:
    """Settings with at most four decimals; what was left to the rule is `auto`."""
    told = {name: "auto" if value is None else value for name, value in settings.items()}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in told.items()}
