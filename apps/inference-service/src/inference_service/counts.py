"""What one variant has done."""

import threading
from bisect import bisect_left

import numpy as np

from inference_service.board import Desk, Tray
from inference_service.model import Floats, Labels, Model

LATENCY_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
CONFIDENCE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)

_WAITING_ROWS = 1024


class Histogram:
    """Counts of values by bins that are closed on the right, and the sum of the values."""

    def __init__(self, desk: Desk, edges: tuple[float, ...]) -> None:
        self.edges = edges
        self._bins = desk.cells(len(edges) + 1)
        self._sum = desk.cells(1)

    def add(self, value: float) -> None:
        """Count one value."""
        self._bins.own[bisect_left(self.edges, value)] += 1
        self._sum.own[0] += value

    def add_all(self, values: Floats) -> None:
        """Count many values."""
        places = np.searchsorted(np.asarray(self.edges, np.float32), values)
        self._bins.own += np.bincount(places, minlength=len(self.edges) + 1)
        self._sum.own[0] += values.sum(dtype=np.float64)

    def cumulated(self) -> list[tuple[str, float]]:
        """The counts at or below each edge, as Prometheus wants them."""
        limits = [str(edge) for edge in self.edges] + ["+Inf"]
        return list(zip(limits, self._bins.total().cumsum().tolist(), strict=True))

    def sum(self) -> float:
        """The sum of all values."""
        return float(self._sum.total()[0])


class Counts:
    """Counts what a variant predicts, over the bins of its model's card.

    Sorting a row's values into bins takes longer than predicting it, so that rows wait until there are many, or until
    somebody looks. Edges and values are compared as float32: a value that lies on an edge of the training data shall lie
    on it here too.
    """

    def __init__(self, model: Model, desk: Desk) -> None:
        self._edges = [np.asarray(feature.edges, np.float32) for feature in model.contract.card.features]
        self.latency = Histogram(desk, LATENCY_SECONDS)
        self.confidence = Histogram(desk, CONFIDENCE)
        self.classes = desk.cells(len(model.classes))
        self.features = [desk.cells(edges.size + 1) for edges in self._edges]
        self.feedback = desk.cells(2)  # right, wrong
        self.trials = desk.cells(2)
        self.keys = desk.cells(1)
        self.failures = desk.cells(1)
        self._rows = np.empty((_WAITING_ROWS, model.width), np.float32)
        self._labels = np.empty(_WAITING_ROWS, np.int64)
        self._confidences = np.empty(_WAITING_ROWS, np.float32)
        self._waiting = 0
        self._lock = threading.Lock()  # a shadow counts in a thread of its own

    def predicted(self, features: Floats, labels: Labels, confidences: Floats, seconds: float) -> None:
        """Count the rows of one request [N, F], and how long they took."""
        with self._lock:
            self.latency.add(seconds)
            if self._waiting + len(labels) > _WAITING_ROWS:
                self._count()
            end = self._waiting + len(labels)
            self._rows[self._waiting : end] = features
            self._labels[self._waiting : end] = labels
            self._confidences[self._waiting : end] = confidences
            self._waiting = end

    def flush(self) -> None:
        """Count the rows that wait."""
        with self._lock:
            self._count()

    def _count(self) -> None:
        rows, self._waiting = self._waiting, 0
        if rows == 0:
            return
        _tally(self.classes, self._labels[:rows])
        self.confidence.add_all(self._confidences[:rows])
        for edges, tray, values in zip(self._edges, self.features, self._rows[:rows].T, strict=True):
            _tally(tray, np.searchsorted(edges, values))


def _tally(tray: Tray, places: Labels) -> None:
    tray.own += np.bincount(places, minlength=tray.own.size)
