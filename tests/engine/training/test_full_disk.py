"""A run whose disk becomes full while it trains fails with what is missing, and is not left running."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import quiet, small_spec
from tl_core import store
from tl_core.engine.training import lifecycle
from tl_core.errors import RunFailed
from tl_core.files import write_json
from tl_core.store import state


@pytest.fixture
def run(models: Path, monkeypatch: pytest.MonkeyPatch) -> store.Run:
    """A run that fills the disk as soon as its data are read."""
    run, full = store.create(models, small_spec(), "run"), False

    def write(path: Path, value: object) -> None:
        if full and run.reserve.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write_json(path, value)

    def carry_out(*_: Any) -> None:
        nonlocal full
        store.write_state(run, images={"train": 80, "validation": 20}, classes=10)
        full = True
        raise OSError(errno.ENOSPC, "No space left on device")

    usage = type(shutil.disk_usage(models))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 5000, 5000))
    monkeypatch.setattr(state, "write_json", write)
    monkeypatch.setattr(lifecycle, "carry_out", carry_out)
    return run


def test_a_full_disk_ends_a_run_with_what_is_missing(run: store.Run) -> None:
    with pytest.raises(RunFailed, match="The disk is full"):
        lifecycle.train(run, run.models, quiet)
    state = store.read_state(run)
    assert state.status == store.FAILED
    assert "it has 5 kB free" in state.message
    assert "MB is missing" in state.message  # The exported network alone has 13 MB.


def test_out_of_memory_names_only_what_can_be_lowered(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(lifecycle, "carry_out", carry_out)
    said = {}
    for size, batch in ((32, 1), (32, 8), (64, 8)):
        run = store.create(models, small_spec(data__image_size=size, train__batch_size=batch), "run")
        with pytest.raises(RunFailed) as caught:
            lifecycle.train(run, models, quiet)
        said[size, batch] = str(caught.value)
    assert said == {
        (32, 1): "Out of memory: close other programs.",
        (32, 8): "Out of memory: lower train.batch_size or close other programs.",
        (64, 8): "Out of memory: lower train.batch_size or data.image_size or close other programs.",
    }
