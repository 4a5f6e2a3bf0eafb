"""The one error that a caller can do something about."""


class Problem(Exception):
    """What failed, where, and what to do, in one line. The commands print it and exit 1."""
