"""What a model was compared with when it was trained, in words: the champion of the time, and on which rows."""

from collections.abc import Mapping
from typing import Any

NOT_COMPARED = "champion_not_compared"


def judged_on(found: Mapping[str, Any]) -> str:
    """`, on the 90 rows whose window is over, worked leads each by its weight for all`; empty where it is not known."""
    told = f", on the {found['rows']:,} rows whose window is over" if "rows" in found else ""
    return told + (", worked leads each by its weight for all" if found.get("weighted") else "")


def compared(metrics: Mapping[str, Any]) -> str | None:
    """One sentence on the comparison with the champion, or why there is none; None where there was no champion."""
    found = metrics.get("against_champion")
    if found:
        area = next(one for one in found["figures"] if one["figure"] == "auc")
        lead = "" if area["difference"] is None else f" (AUC {area['difference']:+.3f})"
        return f"Compared with model {found['version']}, which scored then{judged_on(found)}: {found['verdict']}{lead}."
    if NOT_COMPARED not in (metrics.get("cautions") or ()):
        return None
    return metrics.get("not_compared") or "Nothing was compared with the champion of the time; the training said why."
