"""What the tests share: small data, a model of iris, and a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import threadpoolctl

import train
from tests import server
from tests.samples import Samples


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """As in the commands. Two for matrices this small, in each worker, wait for each other most of the time."""
    with threadpoolctl.threadpool_limits(limits=1):
        yield


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    """Makes data sets and models in a folder of the test's own."""
    return Samples(tmp_path)


@pytest.fixture(scope="session")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an MLflow server."""
    with server.mlflow(tmp_path_factory.mktemp("mlflow")) as url:
        yield url


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What train.py leaves for iris."""
    folder = tmp_path_factory.mktemp("iris") / "model"
    assert train.main(["--output", str(folder)]) == 0
    return folder
