"""How fresh a feature has to be: live, within minutes, or by the day, as its max_age says."""

from core.features.document import Feature
from core.kernel.times import UNITS_US

TIERS = (("live", 15 * UNITS_US["m"]), ("minutes", 6 * UNITS_US["h"]))
DAILY = "daily"


def tier(feature: Feature) -> str:
    """live up to a max_age of 15 minutes, minutes up to six hours, daily beyond that and where none is declared."""
    age = feature.max_age
    return next((name for name, most in TIERS if age is not None and age <= most), DAILY)
