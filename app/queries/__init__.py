"""Cached reads for the pages, each keyed by the revisions of the streams that it reads: no time-outs, no clearing."""
