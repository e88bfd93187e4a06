"""What an e-mail address looks like in a text, and what stands for one where it is not shown."""

import re

ADDRESS = r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+"
MASK = "•••"


def without_addresses(text: str) -> str:
    """The text with each e-mail address as `•••`."""
    return re.sub(ADDRESS, MASK, text)
