"""Answers every request, on port 8080."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import idna


class Ready(BaseHTTPRequestHandler):
    """Says that it is ready, and with what."""

    def do_GET(self) -> None:
        """Answer 200, or 404 below /nowhere."""
        self.send_response(404 if self.path == "/nowhere" else 200)
        self.end_headers()
        python = ".".join(str(part) for part in sys.version_info[:2])
        self.wfile.write(
            f"demo {version('demo')}, {idna.encode('ô.example').decode()}, {python}\n".encode()
        )


HTTPServer(("", 8080), Ready).serve_forever()
