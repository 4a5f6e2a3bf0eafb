"""The connection to an MLflow server, which may be down, slow, or die in the middle."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from urllib.parse import urlsplit

# MLflow reads these when it is imported. A request is never repeated by the client: creating something twice is worse
# than failing, and whoever calls the command again ends in the same state.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "10"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from requests import RequestException

from training.problem import Problem


@contextmanager
def connect(url: str, seconds: int) -> Iterator[MlflowClient]:
    """A client of the server at url. What the server refuses or does not answer in time, 10 seconds a request and so
    many seconds in all, is a Problem."""
    where = _check(url)

    def late(_signal: int, _frame: FrameType | None) -> None:
        # The client would take any other exception for one of its own, and wrap it.
        raise _LateError(f"{where} needed more than {seconds} seconds: it is too slow; call again")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield MlflowClient(tracking_uri=url, registry_uri=url)
    except _LateError as err:
        raise Problem(str(err)) from err
    except (MlflowException, RequestException) as err:
        raise Problem(f"{where}: {err}") from err
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class _LateError(BaseException):
    """The time is up."""


def _check(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Problem(f"{url!r} is no MLflow server: give --tracking http://… or https://…")
    if parts.username or parts.password:
        raise Problem("the server's URL has a user in it: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
    return f"the MLflow server {url}"
