"""Sweeps on disk: a sweep is a folder, and the truth of it.

sweeps/<id>/sweep.json     what is searched and how (`SweepSpec`), and its title; never changed
            state.json     whether it goes on (`SweepState`); replaced atomically
            journal.log    its trials: Optuna's own journal; see study.py
            sweep.lock     held by the process that changes any of these
runs/<id>/sweep.json       beside the run of a trial: its sweep and the trial's number
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from tl_core import store
from tl_core.errors import BadInput, nearest
from tl_core.experiment.wording import PARAMS, title_in_sentence
from tl_core.files import TEMPORARY, UNREADABLE, locked, read_json, write_json
from tl_core.records import from_json
from tl_core.store import Run
from tl_core.store.kept import Kept, creating, is_id, put_aside
from tl_core.sweeps.spec import SweepSpec
from tl_core.text import joined

FOLDER = "sweeps"


class SweepStatus(StrEnum):
    """open: trials start as long as the budget lasts. stopped: by you. finished: the budget is used, or everything was tried."""

    OPEN = "open"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True)
class SweepState:
    """The state of a sweep.

    Attributes:
        message: The reason of the status, as a sentence; may be empty.
        queued: Whether its runs are put in the queue, for the workers of the dashboard; otherwise commands train them.
    """

    status: SweepStatus = SweepStatus.OPEN
    message: str = ""
    queued: bool = False


class Sweep(Kept):
    """One sweep, by its folder."""

    @property
    def journal(self) -> Path:
        return self.folder / "journal.log"

    @property
    def tag(self) -> str:
        """The tag of its runs."""
        return f"sweep {self.id[-4:]}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the sweep: no other process changes it meanwhile. The system frees it if this process dies.

        Raises:
            BadInput: it was deleted.
        """
        if not self.folder.is_dir():  # Locking would recreate the folder.
            raise BadInput.of("sweep", f"{self.id} was deleted")
        with locked(self.folder / "sweep"):
            yield


@dataclass(frozen=True)
class TrialOf:
    """Which trial of which sweep a run is."""

    sweep: str
    trial: int


def create(models: Path, spec: SweepSpec, title: str = "", queued: bool = False) -> Sweep:
    """Creates the folder of a new sweep; raises BadInput if `models` is not writable. Nothing is trained yet.

    Args:
        title: Empty for one that names the settings.
        queued: See `SweepState`.
    """
    spec = replace(spec, base=spec.base.anchored())
    title = title.strip() or automatic_title(spec)
    with creating(Sweep, models / FOLDER, title) as sweep:
        write_json(sweep.folder / "state.json", asdict(SweepState(queued=queued)))
        # Last: a folder without one is not a sweep.
        write_json(sweep.folder / "sweep.json", {**spec.to_json(), "title": title})
    return sweep


def automatic_title(spec: SweepSpec) -> str:
    """The settings that vary: "Dropout, L2 and learning rate"."""
    text = joined([title_in_sentence(PARAMS[path]) for path in spec.paths])
    return text[0].upper() + text[1:]


def sweeps(models: Path) -> list[Sweep]:
    """All sweeps, newest first."""
    folder = models / FOLDER
    found = [Sweep(entry) for entry in folder.iterdir()] if folder.is_dir() else []
    return sorted(filter(_is_sweep, found), key=lambda sweep: sweep.id, reverse=True)


def _is_sweep(sweep: Sweep) -> bool:
    return not sweep.id.startswith(TEMPORARY) and (sweep.folder / "sweep.json").exists()


def known(models: Path, sweep_id: str) -> Sweep | None:
    """The sweep with exactly this id, which may come from a browser's address; None if there is none."""
    sweep = Sweep(models / FOLDER / sweep_id)
    return sweep if is_id(sweep_id) and _is_sweep(sweep) else None


def find_sweep(models: Path, text: str) -> Sweep:
    """The sweep with an id, or "last", or a unique part of an id. Raises BadInput: none or several match."""
    found = sweeps(models)
    if text == "last" and found:
        return found[0]
    matching = [sweep for sweep in found if text and text in sweep.id]
    exact = [sweep for sweep in matching if sweep.id == text]
    if len(exact or matching) == 1:
        return (exact or matching)[0]
    if not found:
        raise BadInput.of("sweep", f"there is no sweep {text!r}; {models} has none yet", "Start one with sweep.")
    names = [sweep.id for sweep in matching] or nearest(text, [sweep.id for sweep in found]) or [found[0].id]
    said = "several sweeps match" if matching else "there is no sweep"
    raise BadInput.of("sweep", f"{said} {text!r}", f"Did you mean {' or '.join(names[:3])}?")


def read_spec(sweep: Sweep) -> SweepSpec:
    """What a sweep searches; raises Damaged if the file cannot be read, BadInput if the sweep was deleted."""
    return _read(sweep)[0]


def title_of(sweep: Sweep) -> str:
    """The title of a sweep; its id if the file cannot be read."""
    try:
        return _read(sweep)[1]
    except BadInput:
        return sweep.id


def _read(sweep: Sweep) -> tuple[SweepSpec, str]:
    try:
        return read_json(sweep.folder / "sweep.json", _spec_and_title)
    except FileNotFoundError:
        raise BadInput.of("sweep", f"{sweep.id} has no sweep.json; it was deleted") from None


def _spec_and_title(values: dict[str, Any]) -> tuple[SweepSpec, str]:
    return SweepSpec.from_json({name: value for name, value in values.items() if name != "title"}), str(values["title"])


def read_state(sweep: Sweep) -> SweepState:
    """The state of a sweep; one that cannot be read counts as stopped, with the reason."""
    try:
        return read_json(sweep.folder / "state.json", partial(from_json, SweepState))
    except UNREADABLE as error:
        reason = "state.json is missing." if isinstance(error, FileNotFoundError) else str(error)
        return SweepState(SweepStatus.STOPPED, reason)


def write_state(sweep: Sweep, state: SweepState) -> None:
    """Replaces the state; only for the process that holds the sweep."""
    write_json(sweep.folder / "state.json", asdict(state))


def open_sweeps(models: Path) -> list[Sweep]:
    """Those whose runs the dashboard's workers train, oldest first."""
    found = [(sweep, read_state(sweep)) for sweep in reversed(sweeps(models))]
    return [sweep for sweep, state in found if state.status == SweepStatus.OPEN and state.queued]


def stamp(models: Path, sweep_id: str) -> str:
    """Another text whenever anything about a sweep or its runs has changed."""
    files = (models / FOLDER / sweep_id / name for name in ("state.json", "journal.log"))
    return " ".join((store.changes.stamp(models), *map(_changed, files)))


def _changed(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns}:{found.st_size}"


def delete(sweep: Sweep) -> None:
    """Deletes a sweep, completely or not at all; its runs stay.

    Raises:
        BadInput: it goes on, or was deleted already.
    """
    with sweep.held():
        if read_state(sweep).status == SweepStatus.OPEN:
            raise BadInput.of("sweep", f"{sweep.id} goes on", "Stop it first.")
        doomed = put_aside(sweep)
    shutil.rmtree(doomed)


def trial_of(run: Run) -> TrialOf | None:
    """Which trial a run is; None if it belongs to no sweep, or the file cannot be read."""
    try:
        return read_json(run.folder / "sweep.json", partial(from_json, TrialOf))
    except UNREADABLE:
        return None


def write_trial_of(sweep: Sweep, trial: int, run: Run) -> None:
    """Records in a run's folder which trial it is."""
    write_json(run.folder / "sweep.json", asdict(TrialOf(sweep.id, trial)))
