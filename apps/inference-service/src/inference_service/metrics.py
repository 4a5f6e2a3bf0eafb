"""What Prometheus scrapes. Every figure carries model, version and variant."""

from collections.abc import Iterable, Iterator

import numpy as np
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from inference_service import drift
from inference_service.counts import Histogram
from inference_service.service import Served, Service
from inference_service.shadow import OUTCOMES

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_LABELS = ("model", "version", "variant")


def render(service: Service) -> bytes:
    """All metrics in Prometheus' text format."""
    for served in service.variants:
        served.counts.flush()
    registry = CollectorRegistry()
    registry.register(_ServiceCollector(service))
    return generate_latest(registry)


class _ServiceCollector(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterable[Metric]:
        yield from self._predictions()
        yield from self._inputs()
        yield from self._drift()
        yield from self._experiment()

    def _predictions(self) -> Iterator[Metric]:
        predictions = _counter("iris_predictions", "Predictions by the class that was predicted", "class")
        latency = _histogram("iris_prediction_latency_seconds", "Time from a request's body to its answer")
        version = _gauge("iris_model_version", "The version of the model that is served; 0 if none was given")
        confidence = _histogram("iris_prediction_confidence", "Probability of the class that was predicted")
        failures = _counter("iris_challenger_failures", "Requests that the champion answered because the challenger failed")
        for served in self._service.variants:
            labels, counts = _labels(served), served.counts
            for name, count in zip(served.model.classes, counts.classes.total(), strict=True):
                predictions.add_metric([*labels, name], count)
            _fill(latency, labels, counts.latency)
            version.add_metric(labels, served.model.expected.version)
            _fill(confidence, labels, counts.confidence)
            if served is not self._service.champion:
                failures.add_metric(labels, counts.failures.total()[0])
        yield from (predictions, latency, version, confidence, failures)

    def _inputs(self) -> Iterator[Metric]:
        bins = _counter("iris_feature_bin", "Values of a feature by the bins of the model's card", "feature", "bin")
        for served in self._service.variants:
            features = served.model.contract.card.features
            for feature, tray in zip(features, served.counts.features, strict=True):
                for place, count in enumerate(tray.total()):
                    bins.add_metric([*_labels(served), feature.name, str(place)], count)
        yield bins

    def _drift(self) -> Iterator[Metric]:
        """Since the start of the service. What drifted last week is judged from the counters, over a time of choice."""
        about = "against the model's card, since the start; NaN while there are too few"
        features = _gauge("iris_feature_psi", f"Population stability index of a feature, {about}", "feature")
        classes = _gauge("iris_class_mix_psi", f"Population stability index of the predicted classes, {about}")
        minimum = self._service.drift_minimum
        for served in self._service.variants:
            labels, card = _labels(served), served.model.contract.card
            for feature, tray in zip(card.features, served.counts.features, strict=True):
                expected = np.asarray(feature.counts, np.float64)
                features.add_metric([*labels, feature.name], drift.judged(expected, tray.total(), minimum))
            mix = np.asarray([card.class_mix[name] for name in served.model.classes], np.float64)
            classes.add_metric(labels, drift.judged(mix, served.counts.classes.total(), minimum))
        yield from (features, classes)

    def _experiment(self) -> Iterator[Metric]:
        feedback = _counter("iris_feedback", "Predictions whose true label was told, by what they were", "outcome")
        trials = _counter(
            "iris_experiment_trials", "Experiment keys by what their first prediction with a label was", "outcome"
        )
        keys = _counter("iris_experiment_keys", "Experiment keys that were assigned, each counted once")
        for served in self._service.variants:
            labels, counts = _labels(served), served.counts
            for family, tray in ((feedback, counts.feedback), (trials, counts.trials)):
                for outcome, count in zip(("right", "wrong"), tray.total(), strict=True):
                    family.add_metric([*labels, outcome], count)
            keys.add_metric(labels, counts.keys.total()[0])
        yield from (feedback, trials, keys)
        shadow, challenger = self._service.shadow, self._service.challenger
        if shadow is not None and challenger is not None:
            rows = _counter("iris_shadow_rows", "Rows that the challenger predicted unseen, by what came of it", "outcome")
            for outcome, count in zip(OUTCOMES, shadow.rows.total(), strict=True):
                rows.add_metric([*_labels(challenger), outcome], count)
            yield rows


def _labels(served: Served) -> list[str]:
    expected = served.model.expected
    return [expected.name, str(expected.version), expected.variant]


def _counter(name: str, text: str, *more: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, labels=[*_LABELS, *more])


def _gauge(name: str, text: str, *more: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=[*_LABELS, *more])


def _histogram(name: str, text: str) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, text, labels=_LABELS)


def _fill(family: HistogramMetricFamily, labels: list[str], histogram: Histogram) -> None:
    family.add_metric(labels, histogram.cumulated(), histogram.sum())
