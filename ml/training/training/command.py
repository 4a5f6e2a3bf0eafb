"""What the commands have in common."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

import threadpoolctl

from training.problem import Problem

Run = Callable[[argparse.Namespace], None]
Check = Callable[[argparse.ArgumentParser, argparse.Namespace], None]


def execute(parser: argparse.ArgumentParser, argv: Sequence[str] | None, run: Run, check: Check | None = None) -> int:
    """Parses the command line, checks it, and runs. Returns the exit code: 0 done, 1 a Problem, which is printed on one
    line. A wrong call ends with exit 2, as argparse does."""
    arguments = parser.parse_args(argv)
    if check:
        check(parser, arguments)
    name = parser.prog.removesuffix(".py")
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: print(f"{name}: warning: {_line(message)}", file=sys.stderr)
        try:
            # More threads add up in another order, and the model has other bytes.
            with threadpoolctl.threadpool_limits(limits=1):
                run(arguments)
        except (Problem, OSError) as problem:  # a file that cannot be written has its name in the error
            print(f"{name}: {_line(problem)}", file=sys.stderr)
            return 1
    return 0


def end(code: int) -> NoReturn:
    """Ends the process. After a Problem at once: a client's thread may still wait for a server."""
    if code:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _line(message: object) -> str:
    return " ".join(str(message).split())
