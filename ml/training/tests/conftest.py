"""What the tests share: small data, and a model of iris."""

from pathlib import Path

import pytest

import train
from tests.samples import Samples


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    """Makes data sets and models in a folder of the test's own."""
    return Samples(tmp_path)


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What train.py leaves for iris."""
    folder = tmp_path_factory.mktemp("iris") / "model"
    assert train.main(["--output", str(folder)]) == 0
    return folder
