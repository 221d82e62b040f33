"""Requests for a host that is not allowed get nothing, whatever the route."""

from __future__ import annotations

import asyncio
import tomllib
from typing import Any

import pytest
from streamlit import config

from pages.ui.hosts import MISDIRECTED, AllowedHosts
from tests.pages.visits import ROOT

SETTINGS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed, real = SETTINGS["server"]["allowedHosts"], config.get_option
    monkeypatch.setattr(config, "get_option", lambda key: allowed if key == "server.allowedHosts" else real(key))


def answered(kind: str, *hosts: str) -> list[dict[str, Any]]:
    """What is sent for a request with these hosts: the inner application's answer is {"type": "inner"}."""
    sent: list[dict[str, Any]] = []

    async def inner(*_: Any) -> None:
        sent.append({"type": "inner"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("Nothing is read of a request that is refused.")

    headers = [(b"host", host.encode()) for host in hosts]
    scope = {"type": kind, "method": "GET", "path": "/", "headers": headers}
    asyncio.run(AllowedHosts(inner)(scope, receive, send))
    return sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ["localhost:8501", "LOCALHOST", "127.0.0.1:80", "127.0.0.1", "[::1]:8501", "[::1]"])
def test_names_of_this_machine_are_answered(kind: str, host: str) -> None:
    assert answered(kind, host) == [{"type": "inner"}]


FOREIGN = [
    "rebound.example:8501",
    "localhost.rebound.example",
    "127.0.0.1.rebound.example",
    "",
    "localhost:x",
    "a@localhost",
]


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_get_a_refusal_that_reveals_nothing(host: str) -> None:
    start, body = answered("http", host)
    assert start["status"] == MISDIRECTED
    assert b"--server.allowedHosts" in body["body"]
    assert b"rebound" not in body["body"]


@pytest.mark.parametrize("host", FOREIGN)
def test_a_socket_of_another_name_is_closed_before_it_opens(host: str) -> None:
    assert [message["type"] for message in answered("websocket", host)] == ["websocket.close"]


def test_a_request_without_a_host_is_refused() -> None:
    assert answered("http")[0]["status"] == MISDIRECTED


def test_starting_and_ending_the_server_are_no_requests() -> None:
    assert answered("lifespan") == [{"type": "inner"}]
