"""Makes models as training makes them, and the records of their blessing."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression

Doubles = npt.NDArray[np.float64]

GATED = "a" * 64


def histogram(values: Doubles) -> dict[str, list[float]]:
    """Count values between their deciles, each bin closed on the right."""
    edges = np.unique(np.quantile(values, np.linspace(0.1, 0.9, 9)))
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def metadata(data: Any, name: str, probabilities: Doubles) -> dict[str, Any]:
    """What the contract wants of a model's metadata."""
    classes = [str(each) for each in data.target_names]
    features = [
        {"name": str(feature), "min": float(values.min()), "max": float(values.max()), **histogram(values)}
        for feature, values in zip(data.feature_names, data.data.T, strict=True)
    ]
    return {
        "esteira.signature": {
            "inputs": [{"name": str(feature), "type": "float32"} for feature in data.feature_names],
            "classes": classes,
        },
        "esteira.card": {
            "dataset": name,
            "rows": len(data.data),
            "class_mix": dict(zip(classes, np.bincount(data.target).tolist(), strict=True)),
            "features": features,
            "confidence": histogram(probabilities.max(axis=1)),
            "intended_use": "tests",
            "limits": "tests only",
            "metrics": {},
        },
        "esteira.recipe": {"estimator": "logistic-regression", "parameters": {}, "seed": 0, "folds": 10},
    }


def model(data: Any, name: str, regularisation: float = 1.0, **changes: Any) -> bytes:
    """Train a model and export it. CHANGES replace metadata; None leaves it out."""
    estimator = LogisticRegression(C=regularisation, max_iter=10_000)
    estimator.fit(data.data.astype(np.float32), data.target)
    graph = convert_sklearn(
        estimator,
        name="esteira",
        initial_types=[("features", FloatTensorType([None, data.data.shape[1]]))],
        options={"zipmap": False},
        target_opset=17,
    )
    entries = metadata(data, name, estimator.predict_proba(data.data)) | changes
    for key, value in sorted(entries.items()):
        if value is not None:
            entry = graph.metadata_props.add()
            entry.key = key
            entry.value = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return bytes(graph.SerializeToString())


def iris(regularisation: float = 1.0, **changes: Any) -> bytes:
    """Make a model of four features and three classes."""
    return model(load_iris(), "iris", regularisation, **changes)


def breast_cancer() -> bytes:
    """Make a model of thirty features and two classes."""
    return model(load_breast_cancer(), "breast-cancer")


def renamed_output(content: bytes) -> bytes:
    """Give a model an output of another name."""
    graph = onnx.load_from_string(content)
    for node in graph.graph.node:
        node.output[:] = ["scores" if name == "probabilities" else name for name in node.output]
    for output in graph.graph.output:
        output.name = "scores" if output.name == "probabilities" else output.name
    return bytes(graph.SerializeToString())


def failing(content: bytes) -> bytes:
    """Make a model answer no number for a row whose sum is above zero."""
    return _after(
        content,
        helper.make_node("ReduceSum", ["features", "axis"], ["sum"]),
        helper.make_node("Neg", ["sum"], ["negative"]),
        helper.make_node("Sqrt", ["negative"], ["added"]),
        axis=np.array([1], np.int64),
    )


def slow(content: bytes) -> bytes:
    """Make a model take some hundred times as long, for the same answer."""
    steps = 200
    products = [
        helper.make_node("MatMul", ["wide" if i == 0 else f"step{i}", "square"], [f"step{i + 1}"]) for i in range(steps)
    ]
    return _after(
        content,
        helper.make_node("MatMul", ["features", "widen"], ["wide"]),
        *products,
        helper.make_node("ReduceSum", [f"step{steps}", "axis"], ["added"]),
        axis=np.array([1], np.int64),
        widen=np.zeros((4, 1024), np.float32),
        square=np.zeros((1024, 1024), np.float32),
    )


def _after(content: bytes, *nodes: onnx.NodeProto, **constants: npt.NDArray[Any]) -> bytes:
    """Add what nodes compute to a model's probabilities."""
    model = onnx.load_from_string(content)
    graph = model.graph
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    for node in graph.node:
        node.output[:] = ["plain" if name == "probabilities" else name for name in node.output]
    graph.node.extend([*nodes, helper.make_node("Add", ["plain", "added"], ["probabilities"])])
    return bytes(model.SerializeToString())


def sha256(content: bytes) -> str:
    """Digest a file."""
    return hashlib.sha256(content).hexdigest()


def gated(judgement: str, file: str = "statement.json") -> bytes:
    """Read what `esteira gate` wrote about the model GATED; a Go test compares the files with what it writes today."""
    return (Path(__file__).parent / "golden/gate" / judgement / file).read_bytes()


def record(digest: str, judgement: str = "bless", **predicate: Any) -> bytes:
    """Make the record of a gate's judgement of any model. PREDICATE replaces fields of it."""
    statement = json.loads(gated(judgement).replace(GATED.encode(), digest.encode()))
    statement["predicate"] |= predicate
    return json.dumps(statement).encode()


def lay(root: Path, variant: str, content: bytes, blessing: bytes | None = None) -> str:
    """Lay a model as the init container does, with a record that blesses it or another; returns its digest."""
    digest = sha256(content)
    folder = root / variant
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / "record.json").write_bytes(record(digest) if blessing is None else blessing)
    return digest
