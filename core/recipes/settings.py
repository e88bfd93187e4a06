"""A recipe's settings of training, as the models room takes them."""

from core.features.document import FeatureSet
from core.models.segmenting import Segmenting
from core.models.training import TrainConfig
from core.recipes.document import SegmentsPart, TrainPart
from core.recipes.learning import infos


def config_of(asked: TrainPart, feature_set: FeatureSet) -> TrainConfig:
    """The settings for the feature set; raises MonotoneUnfit and SegmentUnfit where they do not fit it."""
    found = TrainConfig(
        asked.trees,
        asked.learning_rate,
        asked.seed,
        asked.calibrate,
        monotone=tuple(sorted(asked.monotone.items())),
        segments=_segmenting(asked.segments, feature_set),
    )
    found.check(infos(feature_set))
    return found


def _segmenting(asked: SegmentsPart | None, feature_set: FeatureSet) -> Segmenting | None:
    """By the feature that reads the attribute, else by the name as given."""
    if asked is None:
        return None
    named = (one.name for one in feature_set.features if asked.by in (one.name, one.attribute))
    return Segmenting(next(named, asked.by), asked.fewest_rows, asked.fewest_of_a_class)
