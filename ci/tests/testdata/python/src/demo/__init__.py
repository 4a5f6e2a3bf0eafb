"""A small application."""


def double(value: int) -> int:
    """Double a number that is not too large."""
    if value > 1000:
        raise ValueError(value)
    return 2 * value
