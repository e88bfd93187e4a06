"""What is remembered of the signals is right at one revision of theirs and of governance, which may take people out."""

from core.kernel.database import Database


def revision(db: Database) -> str:
    """The revisions of both streams as one text."""
    return moved(db.revision("signals"), db.revision("governance"))


def moved(signals: str, governance: str) -> str:
    """The same of the two hashes."""
    return f"{signals} {governance}"
