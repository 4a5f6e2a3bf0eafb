"""A model that was verified and loaded."""

import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from inference_service import contract, record
from inference_service.contract import Contract
from inference_service.files import Folder
from inference_service.limits import MAX_MODEL_BYTES, MAX_RECORD_BYTES
from inference_service.settings import Blessing, Expected, Settings

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


class ModelError(Exception):
    """A model that must not be served."""


class Predicted(NamedTuple):
    """What rows are: the index of each one's class [N], every class's probability [N, K], and the largest of them [N]."""

    labels: Labels
    probabilities: Floats
    confidences: Floats


class Model:
    """One model, ready to predict."""

    def __init__(self, expected: Expected, content: bytes) -> None:
        """Load the model from its bytes; raises ModelError or ContractError."""
        self.expected = expected
        try:
            self._session = onnxruntime.InferenceSession(content, _options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has no common class of errors
            raise ModelError(f"ONNX Runtime cannot load it: {error}") from None
        self.contract: Contract = contract.read(self._session.get_modelmeta().custom_metadata_map)
        self.classes = self.contract.signature.classes
        self.width = len(self.contract.signature.inputs)
        self._check_graph()

    def predict(self, features: Floats) -> Predicted:
        """Predict rows [N, F]; raises ModelError when a probability is no number."""
        labels, probabilities = self._session.run(("label", "probabilities"), {"features": features})
        confidences = probabilities.max(axis=1)
        if not np.isfinite(confidences).all():
            raise ModelError("it answers a probability that is no number")
        return Predicted(labels, probabilities, confidences)

    def _check_graph(self) -> None:
        inputs = [(node.name, node.type) for node in self._session.get_inputs()]
        if inputs != [("features", "tensor(float)")]:
            raise ModelError(f"its input must be features, a float32 tensor, not {inputs}")
        outputs = {node.name: node.type for node in self._session.get_outputs()}
        if outputs != {"label": "tensor(int64)", "probabilities": "tensor(float)"}:
            raise ModelError(f"its outputs must be label (int64) and probabilities (float32), not {outputs}")
        try:
            labels, probabilities, _ = self.predict(np.zeros((2, self.width), np.float32))
        except Exception as error:
            raise ModelError(f"it cannot predict {self.width} features, which its signature names: {error}") from None
        if labels.shape != (2,) or probabilities.shape != (2, len(self.classes)):
            raise ModelError(f"it answers two rows by shapes {labels.shape} and {probabilities.shape}")


def load(settings: Settings, expected: Expected) -> Model:
    """Verify a model and load it. Raises an error that says why it must not be served."""
    with Folder(settings.model_dir, expected.variant) as folder:
        content = folder.read("model.onnx", MAX_MODEL_BYTES)
        digest = hashlib.sha256(content).hexdigest()
        if digest != expected.sha256:
            raise ModelError(f"model.onnx has SHA-256 {digest}, not {expected.sha256}: download it again")
        if settings.blessing is Blessing.REQUIRED:
            record.check(folder.read("record.json", MAX_RECORD_BYTES), digest, settings.blessing_key)
    # From the very bytes that were verified: the file may be another one by now.
    return Model(expected, content)


def _options() -> onnxruntime.SessionOptions:
    """One thread that does not spin: a prediction takes microseconds, and other workers want the processor."""
    onnxruntime.disable_telemetry_events()  # it would send them, and note a device of its own on disk
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
