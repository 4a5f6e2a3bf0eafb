"""What the environment says, strictly read: a wrong value ends the start with the variable's name and the reason."""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class SettingError(Exception):
    """A variable of the environment that cannot be used."""


class Variant(StrEnum):
    """The two places that a model can have in an experiment. The values are folder names and metric labels."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


class Mode(StrEnum):
    """What becomes of the challenger."""

    OFF = "off"
    AB = "ab"
    SHADOW = "shadow"


class Blessing(StrEnum):
    """Whether a model needs the record of a gate's blessing."""

    REQUIRED = "required"
    NONE = "none"


PREFIX = {Variant.CHAMPION: "MODEL", Variant.CHALLENGER: "CHALLENGER"}
"""What the names of a variant's variables begin with."""

Environment = Mapping[str, str]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SALT = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Expected:
    """The model that is to be served. Version 0 is a model that no registry has numbered."""

    variant: Variant
    sha256: str
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """How requests are shared out. SHARE is the challenger's part of the keys, from 0 to 1."""

    mode: Mode = Mode.OFF
    salt: str = ""
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service is to serve."""

    model_dir: Path
    champion: Expected
    challenger: Expected | None
    experiment: Experiment
    blessing: Blessing
    blessing_key: str | None
    feedback_key: bytes
    drift_minimum: int

    @classmethod
    def of(cls, environment: Environment) -> "Settings":
        """Read the environment; raises SettingError."""
        experiment = _experiment(environment)
        return cls(
            model_dir=model_dir(environment),
            champion=_expected(environment, Variant.CHAMPION),
            challenger=None if experiment.mode is Mode.OFF else _expected(environment, Variant.CHALLENGER),
            experiment=experiment,
            blessing=_choice(environment, "MODEL_BLESSING", Blessing, Blessing.REQUIRED),
            blessing_key=environment.get("MODEL_BLESSING_KEY") or None,
            feedback_key=_feedback_key(environment),
            drift_minimum=number(environment, "DRIFT_MINIMUM", int, 200, lowest=1),
        )


def model_dir(environment: Environment) -> Path:
    """The folder that the init container fills."""
    return Path(environment.get("MODEL_DIR", "/models"))


def sha256(environment: Environment, name: str) -> str:
    """A digest, as 64 hexadecimal digits."""
    value = environment.get(name)
    if value is None:
        raise SettingError(f"{name} is not set: it says by its SHA-256 which file is meant")
    if not _SHA256.fullmatch(value):
        raise SettingError(f"{name} must be 64 lower-case hexadecimal digits, not {value!r}")
    return value


def number[N: (int, float)](
    environment: Environment, name: str, kind: Callable[[str], N], default: N, lowest: N, highest: N | None = None
) -> N:
    """A number that is not smaller than LOWEST and not larger than HIGHEST."""
    text = environment.get(name)
    if text is None:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise SettingError(f"{name} must be a number, not {text!r}") from None
    if not math.isfinite(value) or value < lowest or (highest is not None and value > highest):
        raise SettingError(f"{name} must be {lowest} or more{'' if highest is None else f' and {highest} or less'}, not {text}")
    return value


def switch(environment: Environment, name: str) -> bool:
    """A switch, off unless it says true."""
    text = environment.get(name, "false")
    if text not in ("true", "false"):
        raise SettingError(f"{name} must be true or false, not {text!r}")
    return text == "true"


def secret(environment: Environment, name: str) -> str | None:
    """The text of the file that a variable names."""
    path = environment.get(name)
    if path is None:
        return None
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}: {error}") from None
    if not text or not text.isprintable():
        raise SettingError(f"{name}: {path} must hold one line of text")
    return text


def _choice[C: StrEnum](environment: Environment, name: str, choices: type[C], default: C) -> C:
    text = environment.get(name, default)
    try:
        return choices(text)
    except ValueError:
        raise SettingError(f"{name} must be {' or '.join(choices)}, not {text!r}") from None


def _expected(environment: Environment, variant: Variant) -> Expected:
    prefix = PREFIX[variant]
    return Expected(
        variant,
        sha256(environment, f"{prefix}_SHA256"),
        environment.get(f"{prefix}_NAME", environment.get("MODEL_NAME", "model")),
        number(environment, f"{prefix}_VERSION", int, 0, lowest=0),
    )


def _experiment(environment: Environment) -> Experiment:
    mode = _choice(environment, "EXPERIMENT_MODE", Mode, Mode.OFF)
    if mode is not Mode.AB:
        return Experiment(mode)
    for name in ("EXPERIMENT_SALT", "EXPERIMENT_SHARE"):
        if not environment.get(name):
            raise SettingError(f"{name} is not set: EXPERIMENT_MODE=ab needs it")
    if not _SALT.fullmatch(environment["EXPERIMENT_SALT"]):
        raise SettingError("EXPERIMENT_SALT must be 1 to 64 letters, digits, dots, underscores or hyphens")
    share = number(environment, "EXPERIMENT_SHARE", float, 0.0, lowest=0.0, highest=1.0)
    return Experiment(mode, environment["EXPERIMENT_SALT"], share)


def _feedback_key(environment: Environment) -> bytes:
    """Without a key of its own a service knows the predictions since its start only."""
    text = secret(environment, "FEEDBACK_KEY_FILE")
    if text is None:
        return os.urandom(32)
    if len(text) < 32:
        raise SettingError("FEEDBACK_KEY_FILE must hold 32 characters or more, for instance of `openssl rand -hex 32`")
    return text.encode()[:64]
