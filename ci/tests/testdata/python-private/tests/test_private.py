from private_thing import ANSWER


def test_answers() -> None:
    assert ANSWER == 42
