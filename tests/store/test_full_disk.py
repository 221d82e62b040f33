"""A run whose disk is full: the reason is written in the room that was kept for it."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_json
from tl_core.store import Run, state
from tl_core.store import run as run_folders


@pytest.fixture
def run(models: Path) -> Run:
    return store.create(models, ExperimentSpec(), "run")


@pytest.fixture
def full(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose disk has no room but that of its reserve."""

    def write(path: Path, value: object) -> None:
        if run.reserve.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write_json(path, value)

    monkeypatch.setattr(state, "write_json", write)
    return run


def test_every_run_that_may_still_train_keeps_room(run: Run) -> None:
    assert run.reserve.stat().st_size == run_folders.RESERVED
    assert run.reserve.stat().st_blocks * 512 >= run_folders.RESERVED  # No hole.


def test_the_last_state_is_written_on_a_full_disk(full: Run) -> None:
    with pytest.raises(OSError, match="No space"):
        store.write_state(full, status=store.FAILED)
    store.write_last_state(full, status=store.FAILED, message="The disk is full.")
    assert (store.read_state(full).status, store.read_state(full).message) == (store.FAILED, "The disk is full.")


def test_a_run_that_has_ended_takes_no_more_room_and_one_that_goes_on_does_again(run: Run) -> None:
    store.write_last_state(run, status=store.STOPPED)
    assert not run.reserve.exists()
    store.reserve(run)
    store.reserve(run)
    assert run.reserve.stat().st_size == run_folders.RESERVED


def test_another_error_of_the_disk_gives_up_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(state, "write_json", fail)
    with pytest.raises(OSError, match="Input/output"):
        store.write_last_state(run, status=store.FAILED)
    assert run.reserve.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("Mounting a small disk takes root.")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(os.urandom(1024))


def test_a_really_full_disk_has_room_for_the_last_state_and_none_for_a_run(small_disk: Path) -> None:
    run = store.create(small_disk, ExperimentSpec(), "run")
    store.write_state(run, status=store.RUNNING, **store.this_process())
    fill(small_disk)
    with pytest.raises(OSError, match="No space"):
        store.write_state(run, status=store.FAILED)
    with pytest.raises(BadInput, match="No space"):
        store.create(small_disk, ExperimentSpec(), "another")
    assert store.runs(small_disk) == [run]
    store.write_last_state(run, status=store.FAILED, message="x" * 500)
    assert store.read_state(run).message == "x" * 500
