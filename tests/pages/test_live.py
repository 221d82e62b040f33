"""The socket on which an open page hears that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocket

from pages.ui.live import GONE, changes, from_here, stamp
from tests.pages.folders import add_run
from tl_core import store

Message = dict[str, Any]
CLOSED: Message = {"type": "websocket.disconnect", "code": 1001}


@pytest.fixture(autouse=True)
def lab(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_MODELS", str(models))


def talk(said: Message, react: Callable[[Message], Message], query: str = "", origin: str = "http://lab") -> None:
    """A page that opens a socket, says something, and says what `react` makes of each answer, until that is CLOSED."""

    async def conversation() -> None:
        waiting: asyncio.Queue[Message] = asyncio.Queue()
        for message in ({"type": "websocket.connect"}, said):
            waiting.put_nowait(message)

        async def send(message: Any) -> None:
            if message["type"] != "websocket.accept":
                waiting.put_nowait(react(message))

        headers = [(b"origin", origin.encode()), (b"host", b"lab")]
        scope = {"type": "websocket", "path": "/changes", "query_string": query.encode(), "headers": headers}
        await asyncio.wait_for(changes(WebSocket(scope, waiting.get, send)), 10)

    asyncio.run(conversation())


def text(content: str) -> Message:
    return {"type": "websocket.receive", "text": content}


def test_a_page_that_has_not_seen_what_there_is_is_told_and_told_again_after_a_change(models: Path) -> None:
    run = add_run(models)
    told: list[str] = []

    def react(message: Message) -> Message:
        told.append(message["text"])
        store.write_state(run, epoch=len(told))
        return CLOSED if len(told) == 2 else text(told[-1])

    talk(text("nothing yet"), react, f"run={run.id}")
    assert told[0] != told[1]


@pytest.mark.parametrize("run", ["20260101-000000-gone-abcd", "../../etc", "%00", "%2e%2e", "x" * 5000])
def test_a_run_that_is_not_there_is_said_to_be_gone(run: str) -> None:
    told: list[str] = []

    def react(message: Message) -> Message:
        told.append(message["text"])
        return CLOSED

    talk(text(""), react, f"run={run}")
    assert told == [GONE]


def test_a_run_that_is_gone_is_not_searched_for_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tl_core.store.run.runs", lambda _: pytest.fail("It is looked for four times a second."))
    assert stamp("20260101-000000-gone-abcd") == GONE


def test_a_page_of_another_site_is_refused() -> None:
    told: list[Message] = []

    def react(message: Message) -> Message:
        told.append(message)
        return CLOSED

    talk(text(""), react, origin="https://elsewhere.example")
    assert [(message["type"], message["code"]) for message in told] == [("websocket.close", 1008)]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://lab:8501", True), (None, True), ("http://lab:8502", False), ("null", False), ("", False)],
)
def test_only_pages_of_this_server_are_served(origin: str | None, allowed: bool) -> None:
    assert from_here(origin, "lab:8501") is allowed


def test_a_message_that_is_no_text_ends_the_talk_and_raises_nothing() -> None:
    told: list[Message] = []

    def react(message: Message) -> Message:
        told.append(message)
        return CLOSED

    talk({"type": "websocket.receive", "bytes": b"x"}, react)
    assert told == []
