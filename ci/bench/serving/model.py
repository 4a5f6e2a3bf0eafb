"""Makes the model that both services are measured with: the one of the inference service's tests, in both layouts."""

import sys
from pathlib import Path

import mlflow
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from tests import making

root = Path(sys.argv[1])
content = making.iris()
making.lay(root, "champion", content)
features = Schema([TensorSpec(np.dtype(np.float32), (-1, 4), "features")])
mlflow.onnx.save_model(onnx.load_from_string(content), root / "mlflow", signature=ModelSignature(inputs=features))
print(making.sha256(content))
