"""Everything that answers are made from: models, their counts, and who gets which."""

import logging
from dataclasses import dataclass

import msgspec

from inference_service import experiment
from inference_service.board import Board, Desk
from inference_service.counts import Counts
from inference_service.feedback import Ids, Memory
from inference_service.model import Model, ModelError, load
from inference_service.settings import Expected, Experiment, Mode, Settings, Variant
from inference_service.shadow import Shadow

_log = logging.getLogger(__name__)

_REMEMBERED_FEEDBACK = 100_000


class Served:
    """A model in its place."""

    def __init__(self, model: Model, desk: Desk) -> None:
        self.model = model
        self.variant = model.expected.variant
        self.counts = Counts(model, desk)
        self.short_digest = bytes.fromhex(model.expected.sha256)[:4]
        expected = model.expected
        identity = {"name": expected.name, "version": str(expected.version), "sha256": expected.sha256}
        self.identity = msgspec.Raw(msgspec.json.encode(identity))


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers, whether an experiment's key decided it, and the key's number, 0 if none did."""

    served: Served
    assignment: str
    unit: int = 0


class Service:
    """A champion, and perhaps a challenger."""

    def __init__(self, settings: Settings, board: Board, worker: int) -> None:
        """Load the models; raises an error that says why one must not be served."""
        desk = board.desk(worker)
        self._board = board
        self.experiment: Experiment = settings.experiment
        self.drift_minimum = settings.drift_minimum
        self.ids = Ids(settings.feedback_key)
        self.memory = Memory(_REMEMBERED_FEEDBACK)
        self.champion = Served(_loaded(settings, settings.champion), desk)
        self.challenger: Served | None = None
        self.shadow: Shadow | None = None
        if settings.challenger is not None:
            self._add_challenger(settings, settings.challenger, desk)

    @property
    def variants(self) -> list[Served]:
        """All that is served."""
        return [self.champion] if self.challenger is None else [self.champion, self.challenger]

    def choose(self, key: str | None) -> Choice:
        """Choose who answers. A request without a key is in no experiment."""
        if self.experiment.mode is not Mode.AB or self.challenger is None:
            return Choice(self.champion, "none")
        if key is None:
            return Choice(self.champion, "no-key")
        assignment = experiment.assign(self.experiment, key)
        served = self.champion if assignment.variant is Variant.CHAMPION else self.challenger
        if self._board.assigned.first(assignment.unit):
            served.counts.keys.own[0] += 1
        return Choice(served, "key", assignment.unit)

    def tell(self, served: Served, unit: int, right: bool) -> None:
        """Count whether a prediction was right, and of each experiment's key the first only.

        The next ones of the same key are no independent observations.
        """
        place = 0 if right else 1
        served.counts.feedback.own[place] += 1
        if unit and self._board.tried.first(unit):
            served.counts.trials.own[place] += 1

    def _add_challenger(self, settings: Settings, expected: Expected, desk: Desk) -> None:
        """A shadow that cannot be loaded is done without; an A/B test without its challenger would be none."""
        try:
            model = _loaded(settings, expected)
            ours, theirs = self.champion.model.contract.signature, model.contract.signature
            if ours != theirs:
                raise ModelError(f"the challenger's signature is another than the champion's: {theirs}, not {ours}")
        except Exception:
            if settings.experiment.mode is not Mode.SHADOW:
                raise
            _log.exception("The challenger cannot be loaded; the champion answers without it")
            return
        self.challenger = Served(model, desk)
        if settings.experiment.mode is Mode.SHADOW:
            self.shadow = Shadow(model, self.challenger.counts, desk)


def _loaded(settings: Settings, expected: Expected) -> Model:
    model = load(settings, expected)
    _log.info("Loaded the %s: %s version %s, SHA-256 %s", expected.variant, expected.name, expected.version, expected.sha256)
    return model
