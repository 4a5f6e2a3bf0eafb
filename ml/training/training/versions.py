"""What a model's bytes depend on besides its recipe."""

import platform
from importlib import metadata

import threadpoolctl

_PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx")


def used() -> dict[str, str]:
    """Versions by name, and the kernel of the linear algebra, which changes the last bits of a model."""
    kernels = {
        f"{library['internal_api']} {library.get('architecture', '')}".strip()
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    }
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
        "blas": ", ".join(sorted(kernels)),
    }
