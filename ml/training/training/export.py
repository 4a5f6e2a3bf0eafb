"""Trained models as ONNX, and the proof that they are still the same."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.pipeline import Pipeline

from training import canonical
from training.problem import Problem
from training.table import Labels, Rows

# Pinned: the newest that the converter may use (it writes the oldest that suffices), so that upgrades change nothing.
OPSETS = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 8

# The largest difference between a probability of scikit-learn and of ONNX Runtime.
TOLERANCE = 1e-5

Probabilities = npt.NDArray[np.float64]


def convert(model: Pipeline, features: int) -> bytes:
    """The model as ONNX: features [N, F] float32 → label [N] int64, probabilities [N, K] float32."""
    proto = convert_sklearn(
        model,
        name="classifier",  # without a name it makes one up, and no two files are the same
        initial_types=[("features", FloatTensorType([None, features]))],
        target_opset=OPSETS,
        options={"zipmap": False},
    )
    proto.ir_version = IR_VERSION
    proto.opset_import.sort(key=lambda opset: opset.domain)  # a set in the converter: its order is one of the process
    return _bytes(proto)


def describe(model: bytes, metadata: dict[str, object]) -> bytes:
    """The model with metadata inside it, as canonical JSON under esteira.NAME."""
    proto = onnx.load_model_from_string(model)
    onnx.helper.set_model_props(proto, {f"esteira.{key}": canonical.dumps(metadata[key]) for key in sorted(metadata)})
    return _bytes(proto)


def _bytes(proto: onnx.ModelProto) -> bytes:
    return bytes(proto.SerializeToString(deterministic=True))


def predict(model: bytes, rows: Rows) -> tuple[Labels, Probabilities]:
    """What the served model says: labels [N] and probabilities [N, K], each row of which sums to one."""
    labels, raw = _session(model).run(["label", "probabilities"], {"features": rows})
    probabilities = raw.astype(np.float64)
    total = probabilities.sum(axis=1, keepdims=True)
    # A forest adds up float32 shares, and the sum is off by their rounding; by more than that, the model is broken.
    if not np.allclose(total, 1, rtol=0, atol=1e-4):
        row = int(np.argmax(np.abs(np.nan_to_num(total, nan=np.inf) - 1)))
        raise Problem(f"the model's probabilities for row {row + 1} sum to {total[row, 0]}, and not to one")
    return labels.astype(np.int64), probabilities / total


def _session(model: bytes) -> onnxruntime.InferenceSession:
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def prove(model: Pipeline, exported: bytes, rows: Rows, seed: int) -> None:
    """Is a Problem unless the exported model says what the trained one says: on the rows, between them, around them,
    and one rounding beside them. Where two classes tie within the tolerance either label is right."""
    probes = np.vstack([rows, *_jitter(rows, seed)])
    expected = model.predict_proba(probes)
    labels, raw = _session(exported).run(["label", "probabilities"], {"features": probes})
    difference = float(np.abs(raw - expected).max())
    if not difference <= TOLERANCE:
        raise Problem(
            f"the ONNX export is not proven: a probability differs by {difference:.2g}, more than {TOLERANCE}"
        )
    largest = expected.max(axis=1)
    chosen = expected[np.arange(len(probes)), labels]
    if wrong := int((largest - chosen > 2 * TOLERANCE).sum()):
        raise Problem(f"the ONNX export is not proven: {wrong} of {len(probes)} labels differ")


def _jitter(rows: Rows, seed: int) -> list[Rows]:
    """Rows near the given ones: with noise of a tenth of a deviation, one float32 up and down, half-way to another."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=rows.shape) * rows.std(axis=0) * 0.1
    other = rows[generator.permutation(len(rows))]
    return [
        (rows + noise).astype(np.float32),
        np.nextafter(rows, np.float32(np.inf)),
        np.nextafter(rows, np.float32(-np.inf)),
        (rows + other) / np.float32(2),
    ]
