"""Refusals of the models room."""

from core.kernel.errors import LeadbenchError, did_you_mean, nearest


class LandmarksInvalid(LeadbenchError):
    """Landmarks that cannot be placed."""

    code = "invalid_landmarks"

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f"The landmarks `{found}` cannot be placed.", value=found, remedy=remedy)


class SplitImpossible(LeadbenchError):
    """A split that the rows do not allow."""

    code = "split_impossible"

    def __init__(self, by: str, reason: str, remedy: str) -> None:
        super().__init__(f"A split by `{by}` is not possible: {reason}.", value=by, remedy=remedy)


class SplitUnreasoned(LeadbenchError):
    """A random split without a reason."""

    code = "split_unreasoned"

    def __init__(self) -> None:
        super().__init__(
            "A split by `random` gives no honest forward estimate and was asked for without a reason.",
            value="random",
            remedy="Write split: {by: time}, or add `reason:` to say why time cannot be used.",
        )


class ThinData(LeadbenchError):
    """Too few leads of one class to train on."""

    code = "thin_data"

    def __init__(self, positive: int, negative: int, needed: int) -> None:
        super().__init__(
            f"Training has `{positive}` positive and `{negative}` negative leads; each class needs {needed}.",
            value=f"{positive}/{negative}",
            remedy=_thin_remedy(positive, negative),
        )


def _thin_remedy(positive: int, negative: int) -> str:
    if positive == negative == 0:
        return (
            "No lead has a known outcome at a landmark: check how outcomes are mapped and that landmarks come before "
            "them, or write `label: null` to import only."
        )
    if positive == 0 or negative == 0:
        return "All training outcomes are equal: check how outcomes are mapped and which outcome is the positive one."
    rare = "positive" if positive < negative else "negative"
    return (
        f"Load a longer history or more {rare} outcomes, choose an earlier landmark or a longer horizon, "
        "or a smaller test_fraction; the import stays as it is."
    )


class ColumnsMissing(LeadbenchError):
    """A frame without columns that a model reads."""

    code = "features_missing"

    def __init__(self, missing: tuple[str, ...]) -> None:
        names = ", ".join(f"`{name}`" for name in missing[:8])
        super().__init__(
            f"The frame lacks {len(missing)} columns that the model reads: {names}.",
            value=", ".join(missing),
            remedy="Build the frame with the feature set that the model was trained on.",
        )


class FeatureTypeInvalid(LeadbenchError):
    """A column whose type is not the declared one."""

    code = "feature_type"

    def __init__(self, name: str, declared: str, found: str) -> None:
        super().__init__(
            f"Feature `{name}` is declared `{declared}` but the frame holds `{found}`.",
            value=found,
            remedy="Counts are whole numbers, booleans true or false, numbers decimals, categories text.",
        )


class MonotoneUnfit(LeadbenchError):
    """A feature that a score cannot be made to rise or fall with."""

    code = "monotone_unfit"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        hint = did_you_mean(name, known, "See `leadbench features list` for the model's features.")
        super().__init__(
            f"`monotone` names `{name}`, which is no feature with an order.",
            value=name,
            remedy=f"Name a count, number or yes/no feature of the set. {hint}",
        )


class NothingLeftToChance(LeadbenchError):
    """Weights asked of a log that left it to chance of no worked lead whether it is worked."""

    code = "nothing_left_to_chance"

    def __init__(self, leads: int, worked: int, logged: int, by_chance: int) -> None:
        super().__init__(
            f"Of `{leads:,}` labelled leads {worked:,} are known to have been worked and {logged:,} have a live "
            f"decision that tells how likely work was; {by_chance:,} decisions left it to chance, none of a lead that "
            "was then worked: there is nothing to weight by.",
            value=leads,
            remedy="Decide live under a policy with an `experiment` (hold-out or exploration) and load outcomes that "
            "say who was worked (`worked`, `worked_at`); until then write `unworked: censor`.",
        )


class WeightsThin(LeadbenchError):
    """Weights under which too few leads count."""

    code = "weights_thin"

    def __init__(self, kept: int, effective: float, needed: int) -> None:
        super().__init__(
            f"Weighted by how likely they were to be worked, `{kept:,}` worked leads count as {effective:,.1f}; "
            f"{needed} are needed.",
            value=kept,
            remedy="Explore or hold out more, or for longer; until then write `unworked: censor`.",
        )


class SegmentUnfit(LeadbenchError):
    """A feature by whose levels leads cannot be told apart."""

    code = "segment_unfit"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        hint = did_you_mean(name, known, f"There are: {', '.join(known[:8]) or 'none'}.")
        super().__init__(
            f"`segments` names `{name}`, which is no category attribute among the model's features.",
            value=name,
            remedy=f"Name an attribute with words for values that the feature set has. {hint}",
        )


class ModelUnknown(LeadbenchError):
    """No model of that version or hash."""

    code = "unknown_model"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        close = nearest(name, known)
        hint = f" Did you mean `{close}`?" if close else ""
        super().__init__(
            f"There is no model `{name}` in this store.",
            value=name,
            remedy=f"See `leadbench models list`.{hint}",
        )


class ModelDamaged(LeadbenchError):
    """A model folder whose files do not give its hash."""

    code = "model_damaged"

    def __init__(self, directory: object, expected: str, found: str) -> None:
        super().__init__(
            f"The model folder `{directory}` has hash `{found}` but was stored as `{expected}`.",
            value=found,
            remedy="Restore the models folder from the backup that belongs to this store, or train a model and let a "
            "second person release it (`leadbench models release`).",
        )


class EvaluationImpossible(LeadbenchError):
    """Rows on which no metric can be computed."""

    code = "evaluation_impossible"

    def __init__(self, rows: int, positives: int) -> None:
        super().__init__(
            f"The rows to evaluate are `{rows}`, of which `{positives}` are positive: both classes are needed.",
            value=rows,
            remedy="Use a larger test_fraction, an earlier test_from or a longer history.",
        )
