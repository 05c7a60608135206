"""A site's address for log-outs: it keeps what it was sent."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Listener:
    """`heard` are the forms that came, in their order."""

    url: str = ""
    heard: "queue.Queue[dict[str, list[str]]]" = field(default_factory=queue.Queue)


@contextmanager
def listening() -> Iterator[Listener]:
    """A server on loopback that answers 200 to every form."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            listener.heard.put(parse_qs(body.decode()))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        listener.url = f"http://127.0.0.1:{server.server_port}/backchannel"
        yield listener
        server.shutdown()
