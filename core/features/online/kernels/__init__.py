"""The compiled walk, the only home of numba; importing it costs seconds, so it is imported inside functions.

Compiled code is kept on disk (`cache=True`) beside the source, else in the user's cache: compiling takes seconds once.
"""
