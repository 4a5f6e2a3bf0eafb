"""A/B and shadow."""

import json
import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inference_service import experiment
from inference_service.settings import Experiment, Mode, Variant
from tests import making
from tests.running import Running, running

GOLDEN = json.loads((Path(__file__).parent / "golden/assignment.json").read_text())["vectors"]
UNSURE = [6.0, 2.7, 5.1, 1.6]
"""A row that lies between two classes."""


def _ab(share: str = "0.5", **environment: str) -> dict[str, str]:
    return {"EXPERIMENT_MODE": "ab", "EXPERIMENT_SALT": "iris-2026-11", "EXPERIMENT_SHARE": share} | environment


def _lay(root: Path, champion: bytes, challenger: bytes) -> tuple[str, dict[str, str]]:
    digest = making.lay(root, "champion", champion)
    return digest, {"CHALLENGER_SHA256": making.lay(root, "challenger", challenger), "CHALLENGER_VERSION": "8"}


@pytest.mark.parametrize("vector", GOLDEN, ids=lambda vector: f"{vector['salt']!r} {vector['key']!r}"[:60])
def test_assigns_as_everybody_else(vector: dict[str, Any]) -> None:
    """The gateway reads the same vectors."""
    assert experiment.bucket(vector["salt"], vector["key"]) == vector["bucket"]
    for share, challenger in vector["challenger"].items():
        assigned = experiment.assign(Experiment(Mode.AB, vector["salt"], float(share)), vector["key"])
        assert (assigned.variant is Variant.CHALLENGER) == challenger


def test_buckets_are_spread_evenly() -> None:
    """Over 20000 keys each twentieth gets its part, and another salt deals anew."""
    keys = [f"client-{i}" for i in range(20_000)]
    first = [experiment.bucket("a", key) for key in keys]
    second = [experiment.bucket("b", key) for key in keys]

    counts = Counter(int(bucket * 20) for bucket in first)
    statistic = sum((counts[place] - 1000) ** 2 / 1000 for place in range(20))
    assert statistic < 43.8  # the 99.9 % quantile of chi-squared with 19 degrees of freedom
    both = sum(a < 0.5 and b < 0.5 for a, b in zip(first, second, strict=True))
    assert abs(both - 5000) < 4 * math.sqrt(20_000 * 0.25 * 0.75)


def test_a_larger_share_takes_nobody_back() -> None:
    """Who is with the challenger stays there while the share grows."""
    for key in (f"client-{i}" for i in range(1000)):
        variants = [experiment.assign(Experiment(Mode.AB, "s", share), key).variant for share in (0.0, 0.1, 0.5, 1.0)]
        assert variants[0] is Variant.CHAMPION
        assert variants[-1] is Variant.CHALLENGER
        assert variants == sorted(variants, reverse=True)


def test_every_client_stays_in_its_variant(iris: bytes, other_iris: bytes, tmp_path: Path) -> None:
    """The answer says which, and by which model; a client without a key is in no experiment."""
    digest, challenger = _lay(tmp_path, iris, other_iris)
    vectors = [vector for vector in GOLDEN if vector["salt"] == "iris-2026-11"]
    with running(tmp_path, digest, **_ab(**challenger)) as service:
        for vector in vectors * 2:
            answer = service.predict(X_Experiment_Key=vector["key"]).json()
            variant = "challenger" if vector["challenger"]["0.5"] else "champion"
            assert (answer["variant"], answer["assignment"]) == (variant, "key")
            assert answer["model"]["version"] == {"champion": "7", "challenger": "8"}[variant]
        alone = service.predict().json()
        assert (alone["variant"], alone["assignment"]) == ("champion", "no-key")

        described = service.get("/v1/model").json()
        assert described["experiment"] == {"mode": "ab", "share": 0.5}
        assert described["challenger"]["sha256"] == challenger["CHALLENGER_SHA256"]
        _check_counts(service, vectors)


def _check_counts(service: Running, vectors: list[dict[str, Any]]) -> None:
    """Every key counts once; the one request without a key counts as a prediction only."""
    challengers = sum(vector["challenger"]["0.5"] for vector in vectors)
    champions = len(vectors) - challengers
    assert min(challengers, champions) > 0
    assert service.sample("iris_experiment_keys_total", variant="challenger", version="8") == challengers
    assert service.sample("iris_experiment_keys_total", variant="champion", version="7") == champions
    assert service.sample("iris_prediction_latency_seconds_count", variant="challenger") == 2 * challengers
    assert service.sample("iris_prediction_latency_seconds_count", variant="champion") == 2 * champions + 1


def test_feedback_counts_each_key_once(iris: bytes, other_iris: bytes, tmp_path: Path) -> None:
    """A second label of the same key is no independent observation, and none of a request without a key is any."""
    digest, challenger = _lay(tmp_path, iris, other_iris)
    with running(tmp_path, digest, **_ab("1", **challenger)) as service:
        for key, label in (("a", "setosa"), ("a", "setosa"), ("b", "virginica"), (None, "setosa")):
            headers = {} if key is None else {"X_Experiment_Key": key}
            identity = service.predict(**headers).json()["predictions"][0]["id"]
            assert service.post("/v1/feedback", {"id": identity, "label": label}).status == 204

        assert _outcomes(service, "iris_experiment_trials_total", "challenger") == (1, 1)
        assert _outcomes(service, "iris_experiment_trials_total", "champion") == (0, 0)
        assert _outcomes(service, "iris_feedback_total", "challenger") == (2, 1)
        assert _outcomes(service, "iris_feedback_total", "champion") == (1, 0)


def _outcomes(service: Running, name: str, variant: str) -> tuple[float, float]:
    right, wrong = (service.sample(name, variant=variant, outcome=outcome) for outcome in ("right", "wrong"))
    return right, wrong


def test_an_ab_test_needs_its_challenger(iris: bytes, tmp_path: Path) -> None:
    """Without it all would get the champion, and nobody would notice."""
    digest = making.lay(tmp_path, "champion", iris)
    with running(tmp_path, digest, **_ab(CHALLENGER_SHA256="0" * 64)) as service:
        service.get("/health/ready").problem(503, "no-verified-model")


def test_variants_take_the_same_features(iris: bytes, tmp_path: Path) -> None:
    """A client does not know who will answer."""
    digest, challenger = _lay(tmp_path, iris, making.breast_cancer())
    with running(tmp_path, digest, **_ab(**challenger)) as service:
        problem = service.get("/health/ready").problem(503, "no-verified-model")
        assert "the challenger's signature is another than the champion's" in problem["detail"]


def test_a_challenger_that_fails_costs_no_answer(iris: bytes, tmp_path: Path) -> None:
    """The champion answers, says so, and the failure is counted, though not as the experiment's."""
    digest, challenger = _lay(tmp_path, iris, making.failing(iris))
    with running(tmp_path, digest, **_ab("1", **challenger)) as service:
        assert service.predict({"instances": [[0, 0, 0, 0]]}, X_Experiment_Key="a").json()["variant"] == "challenger"
        answer = service.predict(X_Experiment_Key="a").json()

        assert (answer["variant"], answer["assignment"]) == ("champion", "challenger-failed")
        assert answer["predictions"][0]["label"] == "setosa"
        assert service.sample("iris_challenger_failures_total", variant="challenger") == 1
        identity = answer["predictions"][0]["id"]
        assert service.post("/v1/feedback", {"id": identity, "label": "setosa"}).status == 204
        assert _outcomes(service, "iris_experiment_trials_total", "champion") == (0, 0)


def test_a_shadow_is_compared_and_never_seen(iris: bytes, other_iris: bytes, tmp_path: Path) -> None:
    """Counts where the two agree, whatever key a client has."""
    digest, challenger = _lay(tmp_path, iris, other_iris)
    with running(tmp_path, digest, EXPERIMENT_MODE="shadow", **challenger) as service:
        for i in range(20):
            answer = service.predict({"instances": [UNSURE, [5.1, 3.5, 1.4, 0.2]]}, X_Experiment_Key=f"client-{i}").json()
            assert (answer["variant"], answer["assignment"]) == ("champion", "none")

        _wait_for(service, "iris_prediction_latency_seconds_count", 20)
        assert _shadow(service, "agreed") + _shadow(service, "disagreed") == 40
        assert _shadow(service, "agreed") >= 20
        assert _shadow(service, "dropped") == _shadow(service, "failed") == 0
        assert service.sample("iris_predictions_total", variant="challenger", class_="setosa") == 20


def test_a_shadow_that_fails_harms_nobody(iris: bytes, tmp_path: Path) -> None:
    """Every answer is the champion's."""
    digest, challenger = _lay(tmp_path, iris, making.failing(iris))
    with running(tmp_path, digest, EXPERIMENT_MODE="shadow", **challenger) as service:
        for _ in range(5):
            assert service.predict().json()["predictions"][0]["label"] == "setosa"
        deadline = time.monotonic() + 10
        while _shadow(service, "failed") < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _shadow(service, "failed") == 5


def test_a_shadow_that_cannot_be_loaded_harms_nobody(iris: bytes, tmp_path: Path) -> None:
    """It is logged, and the champion answers without it."""
    digest = making.lay(tmp_path, "champion", iris)
    with running(tmp_path, digest, EXPERIMENT_MODE="shadow", CHALLENGER_SHA256="0" * 64) as service:
        assert service.get("/health/ready").status == 200
        assert service.predict().status == 200
        assert service.get("/v1/model").json()["challenger"] is None
        assert [line for line in service.lines() if "challenger cannot be loaded" in line["message"]]


def test_a_slow_shadow_is_dropped_and_slows_nobody(iris: bytes, tmp_path: Path) -> None:
    """A challenger that takes hundreds of times as long as the champion fills its queue, and the rest is dropped."""
    digest, challenger = _lay(tmp_path, iris, making.slow(iris))
    with running(tmp_path, digest, EXPERIMENT_MODE="shadow", **challenger) as service:
        begin = time.monotonic()
        for _ in range(200):
            assert service.predict().status == 200
        taken = time.monotonic() - begin

        assert _shadow(service, "dropped") > 0
        done = _shadow(service, "agreed") + _shadow(service, "disagreed")
        assert done < 100, f"the challenger was not slow: {done} rows in {taken:.2f} s"
        assert service.stop() in (0, -15)


def _shadow(service: Running, outcome: str) -> float:
    return service.sample("iris_shadow_rows_total", variant="challenger", outcome=outcome)


def _wait_for(service: Running, name: str, count: float) -> None:
    deadline = time.monotonic() + 10
    while service.sample(name, variant="challenger") < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
