"""Networks are measured one after another in the background, and measuring can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tl_core import service
from tl_core.errors import RunFailed
from tl_core.records import Activity, Stage
from tl_core.service import speeds
from tl_core.store.speeds import Speed


class Machine:
    """Stands for the process that measures: it holds each network until it is let go, as long as it is wanted."""

    def __init__(self) -> None:
        self.measured: list[str] = []
        self.go = threading.Semaphore(0)
        self.fails: set[str] = set()

    def measure(self, _models: Path, name: str, progress: Callable[[Activity, int, int], None]) -> Speed:
        while not self.go.acquire(timeout=0.01):
            progress(Activity(Stage.MEASURING), 0, 1)
        progress(Activity(Stage.MEASURING), 0, 1)
        if name in self.fails:
            raise RunFailed("no memory")
        self.measured.append(name)
        return Speed(224, 1.0, 1.0, "2026-11-30")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    made = Machine()
    monkeypatch.setattr(service, "measure_speed", made.measure)
    yield made
    speeds.cancel(tmp_path)
    _until(lambda: not _threads())


def _threads() -> list[Any]:
    return [thread for thread in threading.enumerate() if thread.name == "speeds"]


def _until(condition: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(1000):
        if condition():
            return
        waited.wait(0.01)
    pytest.fail("it did not come to that")


def test_networks_are_measured_in_turn_and_each_once(machine: Machine, tmp_path: Path) -> None:
    speeds.ask(tmp_path, "VGG16", "VGG19")
    speeds.ask(tmp_path, "VGG19", "ResNet50")
    assert speeds.state(tmp_path).now == "VGG16"
    assert speeds.state(tmp_path).waiting == ("VGG19", "ResNet50")
    machine.go.release(3)
    _until(lambda: not speeds.state(tmp_path).now)
    assert machine.measured == ["VGG16", "VGG19", "ResNet50"]


def test_cancelling_forgets_those_that_wait_and_what_was_begun(machine: Machine, tmp_path: Path) -> None:
    speeds.ask(tmp_path, "VGG16", "VGG19")
    speeds.cancel(tmp_path)
    assert speeds.state(tmp_path).now == ""
    speeds.ask(tmp_path, "VGG16")
    _until(lambda: len(_threads()) == 1)  # That of the cancelled one has ended.
    machine.go.release()
    _until(lambda: not speeds.state(tmp_path).now)
    assert machine.measured == ["VGG16"]


def test_what_failed_is_told_until_it_is_asked_for_again_and_the_next_is_measured(
    machine: Machine, tmp_path: Path
) -> None:
    machine.fails = {"VGG16"}
    machine.go.release(2)
    speeds.ask(tmp_path, "VGG16", "VGG19")
    _until(lambda: not speeds.state(tmp_path).now)
    assert speeds.state(tmp_path).problems == {"VGG16": "no memory"}
    assert machine.measured == ["VGG19"]
    speeds.ask(tmp_path, "VGG16")
    assert speeds.state(tmp_path).problems == {}
