"""A module that is none."""


def half(value: int) -> int
    return value // 2
