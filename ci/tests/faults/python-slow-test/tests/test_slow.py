import time


def test_waits() -> None:
    time.sleep(300)
