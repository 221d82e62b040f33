"""Runs on disk: a run is a folder, written by its worker alone and read by everyone.

runs/<id>/spec.json       what was asked for; never changed
          state.json      how far it is; replaced whole
          metrics.jsonl   one line an epoch; appended
          val_losses.f32  loss of every validation image, a row an epoch (float32)
          checkpoints/    see engine/training/checkpoints.py
          export/         the best epoch as a .keras file with its signature
          report/         what the test part and the skipped files say
          log.txt         what happened, with every trace
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tl_core.errors import BadInput, nearest
from tl_core.files import read_json, write_json
from tl_core.spec import ExperimentSpec

QUEUED, RUNNING, FINISHED, STOPPED, INTERRUPTED, FAILED = STATUSES = (
    "queued",
    "running",
    "finished",
    "stopped",
    "interrupted",
    "failed",
)
"""What a run can be. interrupted: its process died; like a stopped or failed run it can be resumed."""


@dataclass(frozen=True)
class Run:
    """One run, by its folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def export(self) -> Path:
        return self.folder / "export"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


def models_folder(given: str | Path | None = None) -> Path:
    """Where runs, caches and weights live: what is given, else TL_MODELS, else `models` in the current folder."""
    return Path(given or os.environ.get("TL_MODELS") or "models")


def cache_folder(models: Path) -> Path:
    return models / "cache"


def create(models: Path, spec: ExperimentSpec, title: str = "") -> Run:
    """Makes the folder of a new run, queued; raises BadInput where `models` cannot be written to."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:30] or "run"
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{words}-{secrets.token_hex(2)}"
    run = Run(models / "runs" / name)
    try:
        run.folder.mkdir(parents=True)
        # The spec last: a folder without one is no run, so nobody sees a run that has no state yet.
        write_json(run.folder / "state.json", {"status": QUEUED, "title": title or words, "created": time.time()})
        write_json(run.folder / "spec.json", spec.to_json())
    except OSError as error:
        raise BadInput.of("models", f"no run can be kept in {models} ({error.strerror})", "Name a folder.") from None
    return run


def runs(models: Path) -> list[Run]:
    """All runs, the newest first."""
    folder = models / "runs"
    ages = {Run(entry): _age(entry) for entry in folder.iterdir()} if folder.is_dir() else {}
    return sorted((run for run in ages if ages[run]), key=lambda run: ages[run], reverse=True)


def _age(folder: Path) -> tuple[str | int, ...]:
    """Sorts runs by when they were made: by the second in the id, within it by when the spec was written; empty for what is no run."""
    try:
        written = (folder / "spec.json").stat().st_mtime_ns
    except OSError:  # Also a run that is deleted at this moment.
        return ()
    return folder.name[: len("20260101-120000")], written, folder.name


def find(models: Path, text: str) -> Run:
    """The run a person means: "last", an id, or the beginning or a part of one that no other has.

    Raises:
        BadInput: where none or several match; it lists the nearest.
    """
    known = runs(models)
    if text == "last" and known:
        return known[0]
    exact = [run for run in known if run.id == text]
    matching = exact or [run for run in known if text and text in run.id]
    if len(matching) == 1:
        return matching[0]
    if not known:
        raise BadInput.of("run", f"there is no run {text!r}; {models} holds no runs yet", "Start one with train.")
    names = [run.id for run in matching] or nearest(text, [run.id for run in known]) or [known[0].id]
    said = "several runs match" if matching else "there is no run"
    raise BadInput.of("run", f"{said} {text!r}", f"Did you mean {' or '.join(names[:3])}?")


def read_spec(run: Run) -> ExperimentSpec:
    """What the run was asked to do; raises BadInput where the file is damaged."""
    return ExperimentSpec.from_file(run.folder / "spec.json")


def read_state(run: Run) -> dict[str, Any]:
    """How far a run is, with its true status: a run whose process is gone is never "running"."""
    try:
        state = _stored_state(run)
    except (OSError, ValueError, BadInput) as error:
        return {"status": FAILED, "message": f"state.json cannot be read ({error}); resume writes it anew."}
    if state["status"] == RUNNING and not is_alive(state.get("pid"), state.get("process_started")):
        state["status"] = INTERRUPTED
        state["message"] = "The process that trained it ended without a word; resume goes on from the last epoch."
    return state


def write_state(run: Run, **changes: Any) -> dict[str, Any]:
    """Changes some entries of the state; only the process that holds the run does this."""
    try:
        before = _stored_state(run)
    except (OSError, ValueError, BadInput):  # Whoever holds the run knows more of it than a damaged file.
        before = {}
    state = {**before, **changes}
    write_json(run.folder / "state.json", state)
    return state


def _stored_state(run: Run) -> dict[str, Any]:
    state = read_json(run.folder / "state.json")
    if not isinstance(state, dict) or state.get("status") not in STATUSES:
        raise ValueError("it names no status")
    return state


def this_process() -> dict[str, Any]:
    """What names this process beyond doubt: its number alone is given to others once it is gone."""
    return {"pid": os.getpid(), "process_started": psutil.Process().create_time()}


def is_alive(pid: int | None, started: float | None) -> bool:
    """True where a process of that number runs that started at that time (seconds since 1970)."""
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:  # Gone, or another user's by now.
        return False


def read_metrics(run: Run) -> list[dict[str, Any]]:
    """The lines of a run's epochs, in order. A line that is still being written is left out.

    Raises:
        BadInput: where a whole line is damaged.
    """
    file = run.folder / "metrics.jsonl"
    if not file.exists():
        return []
    try:
        return list(_whole_lines(file.read_bytes()))
    except ValueError as error:
        raise BadInput.of(str(file), f"is damaged ({error})", "Restore it, or start a new run.") from None


def append_metrics(run: Run, line: dict[str, Any]) -> None:
    """Adds an epoch's line."""
    with (run.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")


def _whole_lines(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.split(b"\n")[:-1]:  # What stands behind the last line break is not whole.
        yield json.loads(line)
