"""What many tests need, made once."""

from collections.abc import Iterator

import pytest

from tests import making
from tests.running import Running, running


@pytest.fixture(scope="session")
def iris() -> bytes:
    """Make the model that most tests serve."""
    return making.iris()


@pytest.fixture(scope="session")
def other_iris() -> bytes:
    """Make a model that differs from the first, and answers differently now and then."""
    return making.iris(regularisation=0.01)


@pytest.fixture(scope="module")
def service(iris: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the service with nothing but a champion."""
    root = tmp_path_factory.mktemp("models")
    with running(root, making.lay(root, "champion", iris)) as started:
        yield started
