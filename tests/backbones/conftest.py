"""A server on this machine that serves one folder, and can misbehave."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


@dataclass
class Server:
    """`files` by name; `cut` sends that many bytes and hangs up; `pause` waits before each byte after the first ten."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: int | None = None
    pause: float = 0.0
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append(self.path)
            content = state.files.get(self.path.strip("/"))
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):  # a client that gives up is what some tests are about
                self.send(content[: state.cut])

        def send(self, content: bytes) -> None:
            head = content[:10] if state.pause else content
            self.wfile.write(head)
            for byte in content[len(head) :]:
                time.sleep(state.pause)
                self.wfile.write(bytes([byte]))

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{listening.server_address[1]}"
    monkeypatch.setenv("TL_WEIGHTS_URL", state.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield state
    state.pause = 0.0
    listening.shutdown()
    listening.server_close()
