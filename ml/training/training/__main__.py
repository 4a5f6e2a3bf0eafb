"""The commands by name, for an image: python -m training train --output …"""

import sys

import evaluate
import mlflow_config
import train
from training import command

_COMMANDS = {"train": train.main, "evaluate": evaluate.main, "mlflow_config": mlflow_config.main}


def main(argv: list[str]) -> int:
    """Runs the command that is named first. Returns its exit code."""
    if not argv or argv[0] not in _COMMANDS:
        print(f"usage: python -m training {'|'.join(_COMMANDS)} …", file=sys.stderr)
        return 2
    return _COMMANDS[argv[0]](argv[1:])


if __name__ == "__main__":
    command.end(main(sys.argv[1:]))
