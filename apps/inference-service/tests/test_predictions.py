"""The hot route."""

from tests.running import Running


def test_predicts(service: Running, iris: bytes) -> None:
    """Answers the class of each row with its probabilities, and which model said so."""
    answer = service.predict({"instances": [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]})

    assert answer.status == 200
    document = answer.json()
    assert [each["label"] for each in document["predictions"]] == ["setosa", "virginica"]
    assert document["variant"] == "champion"
    assert document["model"]["version"] == "7"
