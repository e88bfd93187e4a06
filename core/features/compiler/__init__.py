"""The as-of compiler: a feature set becomes one DuckDB statement over the spine and the event log.

The statement reads the temporary table `spine_rows` (row_no, lead_no, a, known; microseconds since 1970) and gives
`row_no` and one column a feature, ordered by row_no. Its shape is the packed-lanes build that features.md measured.
"""

from core.features.compiler.parts import PLACE
from core.features.compiler.statement import Keeping, compile, have_parts, parts_of, words_of

__all__ = ["PLACE", "Keeping", "compile", "have_parts", "parts_of", "words_of"]
