"""A module whose types are wrong."""


def half(value: int) -> int:
    """Half of a number."""
    return value / 2
