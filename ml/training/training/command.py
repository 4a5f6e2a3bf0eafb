"""What the commands have in common."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable

import threadpoolctl

from training.problem import Problem

Run = Callable[[argparse.Namespace], None]
Check = Callable[[argparse.ArgumentParser, argparse.Namespace], None]


def main(name: str, parser: argparse.ArgumentParser, run: Run, check: Check = lambda *_: None) -> None:
    """Parses the command line, checks it, and runs. Exit 0: done; 1: a Problem, on one line; 2: called wrongly."""
    arguments = parser.parse_args()
    check(parser, arguments)
    warnings.showwarning = lambda message, *_: print(f"{name}: warning: {_line(message)}", file=sys.stderr)
    try:
        # More threads add up in another order, and the model has other bytes.
        with threadpoolctl.threadpool_limits(limits=1):
            run(arguments)
    except Problem as problem:
        print(f"{name}: {_line(problem)}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)


def _line(message: object) -> str:
    return " ".join(str(message).split())
