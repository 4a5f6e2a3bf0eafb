from demo.broken import half


def test_halves() -> None:
    assert half(42) == 21
