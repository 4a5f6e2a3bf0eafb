"""What a scrape says of what was served."""

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from inference_service import drift
from tests import making
from tests.running import Running, running

IRIS = load_iris()


def test_counts_the_training_data_as_the_card_does(service: Running) -> None:
    """Every value falls into the bin that it was counted in, also one that lies on an edge."""
    card = service.get("/v1/model").json()["champion"]["card"]
    before = _bins(service, card)

    service.predict({"instances": IRIS.data.tolist()})
    service.predict({"instances": IRIS.data.tolist()})

    counted = {key: after - before[key] for key, after in _bins(service, card).items()}
    for feature in card["features"]:
        assert [counted[feature["name"], place] for place in range(len(feature["counts"]))] == [
            2 * n for n in feature["counts"]
        ]


def _bins(service: Running, card: dict[str, list[dict[str, str]]]) -> dict[tuple[str, int], float]:
    return {
        (feature["name"], place): service.sample("iris_feature_bin_total", feature=feature["name"], bin=str(place))
        for feature in card["features"]
        for place in range(len(feature["counts"]))
    }


def test_has_no_index_of_too_few(iris: bytes, tmp_path: Path) -> None:
    """Three hundred are asked for; then the training data themselves have drifted nowhere, and others have."""
    with running(tmp_path, making.lay(tmp_path, "champion", iris), DRIFT_MINIMUM="300") as service:
        service.predict({"instances": [*IRIS.data.tolist(), *IRIS.data[:-1].tolist()]})
        assert math.isnan(service.sample("iris_feature_psi", feature="petal width (cm)"))
        assert math.isnan(service.sample("iris_class_mix_psi"))

        service.predict({"instances": IRIS.data[-1:].tolist()})
        assert service.sample("iris_feature_psi", feature="petal width (cm)") < 0.01
        assert service.sample("iris_class_mix_psi") < 0.01

        service.predict({"instances": [[5.1, 3.5, 1.4, 9.0]] * 300})
        assert service.sample("iris_feature_psi", feature="petal width (cm)") > 0.25


def test_names_every_metric_of_the_roadmap(service: Running) -> None:
    """With model, version and variant on each of them."""
    service.predict()

    text = service.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    for name in ("iris_prediction_latency_seconds_count", "iris_model_version", "iris_prediction_confidence_count"):
        assert service.sample(name, model="iris", version="7", variant="champion") > 0
    assert service.sample("iris_predictions_total", model="iris", version="7", variant="champion", class_="setosa") > 0
    assert service.sample("iris_model_version", variant="champion") == 7
    for line in text.body.decode().splitlines():
        assert line.startswith("#") or all(f"{label}=" in line for label in ("model", "version", "variant")), line


@pytest.mark.parametrize(
    ("expected", "actual", "index"),
    [
        ([50, 50], [50, 50], 0.0),
        ([50, 50], [500, 500], 0.0),
        # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5), which half an observation changes in the fifth decimal
        ([50_000, 50_000], [60_000, 40_000], 0.0405465),
        ([10, 0], [0, 10], 2 * (10.5 / 11 - 0.5 / 11) * math.log(21)),
    ],
)
def test_the_index(expected: list[int], actual: list[int], index: float) -> None:
    """Against figures by hand."""
    found = drift.population_stability_index(np.asarray(expected, float), np.asarray(actual, float))

    assert found == pytest.approx(index, abs=1e-6)


def test_the_index_is_symmetric_and_never_negative() -> None:
    """For whatever histograms."""
    generator = np.random.default_rng(4)
    for _ in range(500):
        bins = generator.integers(2, 12)
        expected, actual = (generator.integers(0, 50, bins).astype(float) for _ in range(2))
        found = drift.population_stability_index(expected, actual)
        assert found >= 0
        assert found == pytest.approx(drift.population_stability_index(actual, expected))


def test_nobody_judges_too_few() -> None:
    """One less than the minimum is too few."""
    expected = np.asarray([50.0, 50.0])

    assert math.isnan(drift.judged(expected, np.asarray([100.0, 99.0]), 200))
    assert not math.isnan(drift.judged(expected, np.asarray([100.0, 100.0]), 200))
