"""The feature sets that are shipped as examples: `data/features/*.yaml`."""

from core.features.document import FeatureSet
from core.features.parser import read
from core.kernel.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "features"


def shipped() -> tuple[FeatureSet, ...]:
    """The shipped feature sets in the order of their file names; raises FeatureSetInvalid where one does not read."""
    return tuple(read(path.read_text(encoding="utf-8"), path.name) for path in sorted(FOLDER.glob("*.yaml")))
