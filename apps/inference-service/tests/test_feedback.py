"""True labels of earlier predictions."""

from pathlib import Path

import pytest

from inference_service.feedback import Ids, Memory, Novelty, UnknownPredictionError
from inference_service.settings import Variant
from tests import making
from tests.running import Running, running


def _counted(service: Running) -> tuple[float, float]:
    """Return how many predictions were right, and how many wrong."""
    right, wrong = (service.sample("iris_feedback_total", outcome=outcome) for outcome in ("right", "wrong"))
    return right, wrong


def _predict(service: Running) -> str:
    identity: str = service.predict().json()["predictions"][0]["id"]
    return identity


def test_counts_right_and_wrong_once_each(service: Running) -> None:
    """A client that repeats itself, because it saw no answer, changes nothing; one that contradicts itself is told."""
    right, wrong = _counted(service)
    first, second = _predict(service), _predict(service)

    assert service.post("/v1/feedback", {"id": first, "label": "setosa"}).status == 204
    assert service.post("/v1/feedback", {"id": first, "label": "setosa"}).status == 204
    service.post("/v1/feedback", {"id": first, "label": "virginica"}).problem(409, "contradicting-feedback")
    assert service.post("/v1/feedback", {"id": second, "label": "virginica"}).status == 204

    assert _counted(service) == (right + 1, wrong + 1)


@pytest.mark.parametrize("identity", ["", "nonsense", "A" * 36, "é" * 36, "A" * 1000])
def test_refuses_an_id_that_was_not_made_here(service: Running, identity: str) -> None:
    """Whatever it looks like."""
    service.post("/v1/feedback", {"id": identity, "label": "setosa"}).problem(404, "unknown-prediction")


def test_refuses_an_id_that_was_changed(service: Running) -> None:
    """By a single character."""
    identity = _predict(service)

    for place in range(len(identity)):
        other = "A" if identity[place] != "A" else "B"
        changed = identity[:place] + other + identity[place + 1 :]
        service.post("/v1/feedback", {"id": changed, "label": "setosa"}).problem(404, "unknown-prediction")


@pytest.mark.parametrize(
    ("body", "status", "kind", "pointer"),
    [
        (b"{", 400, "malformed-json", None),
        ({"id": "x"}, 422, "wrong-shape", "#/label"),
        ({"id": 1, "label": "setosa"}, 422, "wrong-shape", "#/id"),
        ({"id": "x", "label": "setosa", "<script>": 1}, 422, "wrong-shape", "#"),
        ([], 422, "wrong-shape", "#"),
    ],
)
def test_refuses_another_shape(service: Running, body: object, status: int, kind: str, pointer: str | None) -> None:
    """As everywhere."""
    answer = service.post("/v1/feedback", body)

    assert answer.problem(status, kind).get("pointer") == pointer
    assert b"script" not in answer.body


def test_refuses_an_unknown_label(service: Running) -> None:
    """One that the model can't even say."""
    problem = service.post("/v1/feedback", {"id": _predict(service), "label": "rose"}).problem(422, "unknown-label")

    assert problem["pointer"] == "#/label"


def test_a_shared_key_makes_predictions_known_to_other_replicas(iris: bytes, tmp_path: Path) -> None:
    """And known after a restart, for as long as the model is served."""
    key = tmp_path / "key"
    key.write_text("0123456789abcdef" * 4 + "\n")
    digest = making.lay(tmp_path, "champion", iris)
    with running(tmp_path, digest, FEEDBACK_KEY_FILE=str(key)) as service:
        identity = _predict(service)

    with running(tmp_path, digest, FEEDBACK_KEY_FILE=str(key)) as service:
        assert service.post("/v1/feedback", {"id": identity, "label": "setosa"}).status == 204
        assert _counted(service) == (1, 0)
    with running(tmp_path, digest) as service:
        service.post("/v1/feedback", {"id": identity, "label": "setosa"}).problem(404, "unknown-prediction")
    digest = making.lay(tmp_path, "champion", making.iris(regularisation=0.5))
    with running(tmp_path, digest, FEEDBACK_KEY_FILE=str(key)) as service:
        service.post("/v1/feedback", {"id": identity, "label": "setosa"}).problem(410, "model-retired")


def test_an_id_says_what_was_predicted() -> None:
    """Every row of a request, for either variant."""
    ids = Ids(b"key")
    for variant in Variant:
        sealed = ids.seal(variant, b"\x01\x02\x03\x04\x05", 2**32 - 1, [0, 9, 65535])

        opened = [ids.open(identity) for identity in sealed]
        assert [each.label for each in opened] == [0, 9, 65535]
        assert {(each.variant, each.model, each.unit) for each in opened} == {(variant, b"\x01\x02\x03\x04", 2**32 - 1)}


def test_another_key_opens_nothing() -> None:
    """Nobody can make up feedback."""
    with pytest.raises(UnknownPredictionError):
        Ids(b"other").open(Ids(b"key").seal(Variant.CHAMPION, b"abcd", 0, [0])[0])


def test_the_memory_is_bounded() -> None:
    """Forgets what came first."""
    memory = Memory(2)

    assert [memory.remember(identity, 1) for identity in "abc"] == [Novelty.NEW] * 3
    assert memory.remember("c", 1) is Novelty.REPEATED
    assert memory.remember("b", 0) is Novelty.CONTRADICTING
    assert memory.remember("a", 0) is Novelty.NEW
