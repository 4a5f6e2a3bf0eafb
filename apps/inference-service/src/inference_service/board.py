"""The counts of all workers, in memory that they share.

A scrape reaches one worker of several, by chance, and has to tell what all of them counted. So the counts of each are a
row of one table, made before the workers are: a worker writes to its own row only, which needs no lock, and whoever is
asked adds up the rows. No file is needed, and the counts of a worker that died are not lost.
"""

import mmap

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.float64]

_CELLS = 2**17
_REMAINDERS = 2**20


class BoardFullError(Exception):
    """A model with more features, bins and classes than there is room for."""


class Board:
    """A table of counts, a row for each worker, and which experiment keys they saw."""

    def __init__(self, workers: int) -> None:
        table = mmap.mmap(-1, workers * _CELLS * np.dtype(np.float64).itemsize)
        self._table: Cells = np.frombuffer(table, np.float64).reshape(workers, _CELLS)
        self.assigned = Seen()
        self.tried = Seen()

    def desk(self, worker: int) -> "Desk":
        """Give the place of one worker."""
        return Desk(self._table, worker)


class Seen:
    """Which numbers were seen, by any worker.

    A byte for each of 2^20 remainders, so that a new number passes for a known one now and then. That happens to the keys
    of all variants alike, and the proportions, for which keys are counted, stay what they are.
    """

    def __init__(self) -> None:
        self._seen = mmap.mmap(-1, _REMAINDERS)

    def first(self, number: int) -> bool:
        """Say whether a number is new, and remember it."""
        place = number % _REMAINDERS
        new = self._seen[place] == 0
        self._seen[place] = 1
        return new


class Desk:
    """Hands out cells of a worker's row. Workers that ask for the same in the same order get the same cells."""

    def __init__(self, table: Cells, worker: int) -> None:
        self._table = table
        self._worker = worker
        self._taken = 0

    def cells(self, number: int) -> "Tray":
        """Take the next cells; raises BoardFullError when there are no more."""
        begin, self._taken = self._taken, self._taken + number
        if self._taken > self._table.shape[1]:
            raise BoardFullError(f"the model has more than {self._table.shape[1]} bins of features, and classes, to count")
        columns = self._table[:, begin : self._taken]
        return Tray(columns[self._worker], columns)


class Tray:
    """Some cells: our own, to be added to, and everybody's, to be summed up."""

    def __init__(self, own: Cells, everybody: Cells) -> None:
        self.own = own
        self._everybody = everybody

    def total(self) -> Cells:
        """The sum over all workers."""
        total: Cells = self._everybody.sum(axis=0)
        return total
