"""What the supervisor is made of, without processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pages.folders import add_run, trained_by_the_dead
from tl_core import devices as found
from tl_core import store
from tl_core.records import Activity, Progress, Stage
from tl_core.store import this_process
from tl_core.supervisor import Supervisor, settings, workers
from tl_core.supervisor.supervisor import BACKOFF, end_if_deaf, reason
from tl_core.supervisor.workers import Worker, announce, folder, retire


def test_a_worker_that_says_what_it_does_is_seen_until_it_retires(models: Path) -> None:
    assert workers(models) == ()
    announce(models, "training", "cpu", "training", "some-run")
    (worker,) = workers(models)
    assert (worker.kind, worker.device, worker.pid, worker.state, worker.run) == (
        "training",
        "cpu",
        os.getpid(),
        "training",
        "some-run",
    )
    retire(models, "training", "cpu")
    assert workers(models) == ()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"kind": "training"}'])
def test_a_damaged_file_of_a_worker_counts_as_none(models: Path, content: str) -> None:
    announce(models, "training", "cpu", "idle")
    (folder(models) / "training-gpu0.json").write_text(content)
    assert [worker.device for worker in workers(models)] == ["cpu"]


def test_a_worker_that_died_without_a_word_is_not_listed(models: Path) -> None:
    announce(models, "training", "cpu", "idle")
    file = folder(models) / "training-cpu.json"
    file.write_text(file.read_text().replace(str(this_process()["process_started"]), "1.0"))
    assert workers(models) == ()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"when_closed": "explode"}', None])
def test_settings_that_are_missing_or_damaged_are_the_defaults(models: Path, content: str | None) -> None:
    if content is not None:
        (models / "settings.json").write_text(content)
    assert settings.read(models) == settings.Settings("stop")


def test_settings_come_back_as_they_were_written(models: Path) -> None:
    settings.write(models, settings.Settings("go on"))
    assert settings.read(models).when_closed == "go on"


@pytest.fixture
def looked_for_anew() -> Iterator[None]:
    """Devices are looked for once a process; here for this test alone."""
    found.devices.cache_clear()
    yield
    found.devices.cache_clear()


@pytest.mark.usefixtures("looked_for_anew")
def test_without_a_driver_the_processor_trains_and_leaves_a_core_to_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    (device,) = found.devices()
    assert (device.name, device.environment["TF_NUM_INTRAOP_THREADS"]) == ("cpu", "7")


DRIVERS = {
    "names two": (r"printf '0, NVIDIA A\n1, NVIDIA B\n'", [("gpu0", "NVIDIA A", "0"), ("gpu1", "NVIDIA B", "1")]),
    "finds none": ("echo 'No devices were found'; exit 6", [("cpu", "Processor", "")]),
}
"""What a driver's program does, and (name, title, the GPU its processes see) of each device then."""


@pytest.mark.usefixtures("looked_for_anew")
@pytest.mark.parametrize(("does", "expected"), DRIVERS.values(), ids=DRIVERS)
def test_every_gpu_the_driver_names_is_a_device_and_the_processor_only_where_it_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, expected: list[tuple[str, str, str]]
) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text(f"#!/bin/sh\n{does}\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    devices = found.devices()
    titles = [device.title.split(",")[0] for device in devices]  # The processor's goes on with its cores.
    seen = [device.environment["CUDA_VISIBLE_DEVICES"] for device in devices]
    assert list(zip([device.name for device in devices], titles, seen, strict=True)) == expected


def test_the_reason_of_a_death_names_the_signal_and_what_it_may_mean() -> None:
    assert "memory" in reason(-signal.SIGKILL)
    assert "SIGSEGV" in reason(-signal.SIGSEGV)
    assert "status 1" in reason(1)
    assert "signal 40" in reason(-40)


def test_nothing_that_goes_wrong_in_a_look_ends_the_thread(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tl_core.supervisor.supervisor.LOOK", 0.01)
    looks: list[int] = []

    def look(_: Supervisor) -> None:
        looks.append(1)
        raise ValueError(f"look {len(looks)}")

    monkeypatch.setattr(Supervisor, "_look", look)
    supervisor = Supervisor(models, ())
    supervisor.start()
    until = time.monotonic() + 5
    while len(looks) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    supervisor.stop()
    assert len(looks) >= 3


def test_a_worker_that_takes_a_run_is_not_ended_for_a_request_its_predecessor_did_not_meet(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_run(models, **trained_by_the_dead())
    store.write_progress(run, Progress(Activity(Stage.TRAINING, 1), 1, 2, 1.0, 2.0))
    (run.folder / "stop").touch()
    os.utime(run.folder / "stop", (3.0, 3.0))
    ended: list[int] = []
    monkeypatch.setattr("psutil.Process.kill", lambda process: ended.append(process.pid))
    announce(models, "training", "cpu", "training", run.id)
    (worker,) = workers(models)
    end_if_deaf(models, worker)
    assert ended == []
    end_if_deaf(models, replace(worker, since=4.0))
    assert ended == [os.getpid()]


def test_a_worker_that_cannot_start_is_tried_less_and_less_often(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = Supervisor(models, ())
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    supervisor._started["cpu"] = now
    waits = []
    for deaths in range(8):
        supervisor._deaths["cpu"] = deaths
        waits.append(next(wait for wait in sorted(set(BACKOFF)) if _may_start_after(supervisor, wait, monkeypatch)))
    assert waits == sorted(waits)
    assert waits[-1] == BACKOFF[-1]


def _may_start_after(supervisor: Supervisor, wait: float, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr("time.monotonic", lambda: 1000.0 + wait)
    return supervisor._may_start("cpu")


@pytest.mark.parametrize(("status", "lived", "deaths"), [(0, 0.2, 3), (1, 0.2, 3), (1, 60.0, 3), (0, 60.0, 0)])
def test_a_worker_that_ends_at_once_counts_as_one_that_cannot_start(
    models: Path, status: int, lived: float, deaths: int
) -> None:
    supervisor = Supervisor(models, ())
    child = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"])
    child.wait()
    supervisor._children["cpu"] = child
    supervisor._started["cpu"] = time.monotonic() - lived
    supervisor._deaths["cpu"] = 2
    supervisor._bury()
    assert supervisor._deaths["cpu"] == deaths


def test_workers_are_listed_with_those_that_train_first(models: Path) -> None:
    announce(models, "service", "cpu", "idle")
    announce(models, "training", "cpu", "idle")
    assert [worker.kind for worker in workers(models)] == ["training", "service"]
    assert all(isinstance(worker, Worker) for worker in workers(models))
