"""The commands: `python -m inference_service` serves, `python -m inference_service download` fetches the models."""

import argparse
import os
import sys

from inference_service.settings import SettingError, Settings, number


def main() -> int:
    """Run a command; returns its exit code."""
    arguments = _arguments()
    try:
        return _download() if arguments.command == "download" else _serve(arguments)
    except SettingError as error:
        print(f"inference_service: {error}", file=sys.stderr)
        return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="inference_service", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("serve", "download"), default="serve")
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on; :: for IPv6 (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="the port (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, choices=range(1, 65), metavar="N", help="processes that answer (default: WEB_CONCURRENCY, or 1)"
    )
    return parser.parse_args()


def _download() -> int:
    # The init container needs nothing of what serving needs, and starts the faster for it.
    from inference_service import download

    return download.run(os.environ)


def _serve(arguments: argparse.Namespace) -> int:
    settings = Settings.of(os.environ)
    workers = arguments.workers or number(os.environ, "WEB_CONCURRENCY", int, 1, lowest=1, highest=64)
    from inference_service import logs, server

    logs.configure()
    return server.serve(settings, arguments.host, arguments.port, workers)


if __name__ == "__main__":
    sys.exit(main())
