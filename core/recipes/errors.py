"""Refusals of the recipes room."""

from core.kernel.errors import LeadbenchError


class NothingRun(LeadbenchError):
    """A step that repeats the last recipe on a store where none has run."""

    code = "no_recipe"

    def __init__(self, step: str) -> None:
        super().__init__(
            f"`{step}` works on the last recipe, and none has run on this store.",
            value=step,
            remedy="Run one with `leadbench run RECIPE`.",
        )


class LabelMissing(LeadbenchError):
    """Training asked of a recipe that only imports."""

    code = "no_label"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The recipe `{name}` has no label, so there is nothing to train or to compare.",
            value=name,
            remedy="Give it a `label:` block and run it again.",
        )


class NothingTrained(LeadbenchError):
    """A step that needs a model on a store without one."""

    code = "no_model"

    def __init__(self, step: str) -> None:
        super().__init__(
            f"`{step}` needs a model, and none was trained on this store.",
            value=step,
            remedy="Run a recipe with a `label:` block, which trains one.",
        )


class FeaturesSuspected(LeadbenchError):
    """A feature set of which nothing is left without the suspected leaks."""

    code = "features_suspected"

    def __init__(self, name: str, left_out: list[str]) -> None:
        super().__init__(
            f"Every feature of `{name}` reads a suspected leak: {', '.join(f'`{one}`' for one in left_out[:8])}.",
            value=name,
            remedy="Add features that read something else, or keep a suspect under `accept_suspected` with a reason.",
        )


class DataMoved(LeadbenchError):
    """A training to be made again from data that has changed since."""

    code = "data_moved"

    def __init__(self, version: str, trained_on: object, now: str) -> None:
        super().__init__(
            f"Model `{version}` was trained on the data of `{trained_on}`; the store now holds `{now}`.",
            value=version,
            remedy="Make it again on a backup of that time (`leadbench store restore`), or train anew.",
        )


class MomentAhead(LeadbenchError):
    """Deciding or asking as of a time that has not come."""

    code = "moment_ahead"

    def __init__(self, moment: object, now: object) -> None:
        super().__init__(
            f"Nothing is decided or known as of `{moment}` yet: it is only `{now}`.",
            value=moment,
            remedy="Give a time that has passed, or leave it out for the newest.",
        )
