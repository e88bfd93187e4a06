"""What a column's name alone says about when and by whom it is filled in.

Only names of columns without a history of their own are read this way: a value known from a recorded time on is
seen as of that time and needs no guess.
"""

import re

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
LATEST = frozenset({"last", "latest", "recent"})
STATE = frozenset({"status", "stage", "lifecycle", "tag", "tags", "rating", "quality", "disposition", "owner"})
RESULT = frozenset({"outcome", "result", "converted", "conversion", "closed", "won", "lost", "deal", "contract"})
SALES = STATE | RESULT | {"qualified", "qualification", "opportunity"}
JUDGED = frozenset({"score", "scoring", "index", "grade", "rank", "profile", "probability", "likelihood", "propensity"})


def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a column name: `LastActivityDate` is last, activity, date."""
    return tuple(word.lower() for word in WORD.findall(name))


def hint(name: str) -> str | None:
    """Why the name makes the column suspect, as the middle of a sentence; None where it does not."""
    found = words(name)
    if LATEST & set(found) and "name" not in found:
        return "its name says that it holds the latest state at export, not the state when the lead was scored"
    told = [word for word in found if word in SALES]
    if told:
        return f"its name (`{told[0]}`) says that it is kept by the people who sell"
    judged = [word for word in found if word in JUDGED or word.endswith("score")]
    if judged:
        return f"its name (`{judged[0]}`) says that it is a judgement made of the lead by then"
    return None
