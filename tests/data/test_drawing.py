"""Generated pictures come out of several processes as they come out of one."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from tl_core.data import decode, drawing
from tl_core.data.sources import load_dataset
from tl_core.errors import RunFailed

MANY = "playground:classes=4,images_per_class=40"


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def children():
    """Processes of this one that draw; others are not ours to kill."""
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "tl_core.data.drawing" in child.cmdline()]


def test_pictures_come_in_order_and_are_those_that_are_drawn_here():
    dataset = load_dataset(MANY)
    drawn = list(drawing.drawn(dataset, 40))
    assert [item for item, _ in drawn] == list(dataset.items)
    for item, pixels in drawn[::29]:
        assert np.array_equal(pixels, decode.resized(dataset.open_image(item), 40))
    assert not children()


def test_few_pictures_are_drawn_without_another_process(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    assert len(list(drawing.drawn(load_dataset("playground:classes=2,images_per_class=4"), 32))) == 8


def test_whoever_stops_half_way_leaves_no_process():
    each = drawing.drawn(load_dataset(MANY), 32)
    next(each)
    assert len(children()) == 2
    each.close()
    assert not children()


def test_a_process_that_dies_is_told_of_and_nothing_is_taken_for_a_picture(monkeypatch):
    each = drawing.drawn(load_dataset(MANY), 200)
    next(each)
    for child in children():
        child.kill()
    with pytest.raises(RunFailed, match="ended early"):
        list(each)


def test_a_process_ends_when_nobody_reads_from_it_any_more():
    code = (
        "from tl_core.data import drawing; from tl_core.data.sources import load_dataset; import os, psutil\n"
        f"each = drawing.drawn(load_dataset({MANY!r}), 200); next(each)\n"
        "print(*[child.pid for child in psutil.Process().children()], flush=True); os._exit(9)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    left = [int(pid) for pid in said.stdout.split()]
    assert len(left) == 2
    ends = time.monotonic() + 30
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in left):
        assert time.monotonic() < ends
        time.sleep(0.1)
