"""The compiled walk, the only home of numba; importing it costs seconds, so it is imported inside functions.

Compiled code is kept on disk (`cache=True`) beside the source, else where core.kernel.compiling says: it takes seconds
once.
"""

from core.kernel.compiling import settle

settle(__file__)
