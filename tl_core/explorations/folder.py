"""An exploration on disk: its folder and files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from tl_core.errors import BadInput, Damaged
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations.kinds import KINDS, Kind
from tl_core.files import DAMAGE, TEMPORARY, UNREADABLE, parse_json, read_json, replace_json, write_json
from tl_core.records import Progress, Status, from_json
from tl_core.store.kept import SECOND_LENGTH, Kept, creating, is_id, put_aside
from tl_core.store.processes import is_alive, this_process

FOLDER = "explorations"

IMAGES = "images"
"""Beside what is asked: the fingerprint of its images. Explorations of before it was kept have none."""

ENDED = (Status.FINISHED, Status.STOPPED, Status.INTERRUPTED, Status.FAILED)

DIED = "The process that ran it ended unexpectedly. Start it again."

NEVER_BEGAN = "TL Lab was closed before it started. Start it again."


class Exploration(Kept):
    """One exploration, by its folder."""


@dataclass(frozen=True)
class Asked:
    """What an exploration is asked.

    Attributes:
        kind: A row of `KINDS`.
        options: Of that kind, of its type.
        images: The fingerprint of the images that there are when it is asked; empty if that is not known. It is no part of the question.
    """

    kind: Kind
    spec: ExperimentSpec
    options: Any
    images: str = field(default="", compare=False)

    @property
    def values(self) -> dict[str, Any]:
        """In JSON form; equal for what has equal answers."""
        return {"kind": self.kind.name, "spec": self.spec.to_json(), "options": asdict(self.options)}


@dataclass(frozen=True)
class ExplorationState:
    """The state of an exploration: explorations/<id>/state.json.

    Attributes:
        message: The reason of the status, as a sentence; may be empty.
        seconds: What it took; None before its end.
        pid, process_started: The process that runs or created it.
    """

    status: Status
    message: str = ""
    seconds: float | None = None
    pid: int | None = None
    process_started: float | None = None


def create(models: Path, asked: Asked) -> Exploration:
    """Creates the folder of a new exploration with status queued; raises BadInput if `models` is not writable."""
    state = ExplorationState(Status.QUEUED, **this_process())
    with creating(Exploration, models / FOLDER, asked.kind.title) as exploration:
        _replace_state(exploration, state)
        # Last: a folder without it is no exploration.
        write_json(exploration.folder / "asked.json", {**asked.values, IMAGES: asked.images})
    return exploration


def explorations(models: Path, kind: str = "") -> list[Exploration]:
    """All explorations, newest first; or those of a kind, without damaged ones."""
    folder = models / FOLDER
    found = [Exploration(entry) for entry in folder.iterdir()] if folder.is_dir() else []
    chosen = [one for one in found if _exists(one) and (not kind or kind_of(one) == kind)]
    return sorted(chosen, key=lambda one: (one.id[:SECOND_LENGTH], one.id), reverse=True)


def kind_of(exploration: Exploration) -> str:
    """The name of its kind; empty if the file cannot be read. The rest of what it is asked is not checked, which takes longer."""
    return str(_asked_values(exploration).get("kind", ""))


def _asked_values(exploration: Exploration) -> Mapping[str, Any]:
    """What it is asked, as stored and without a check, which takes longer; empty if the file cannot be read."""
    file = exploration.folder / "asked.json"
    try:
        return _stored(file, file.stat().st_mtime_ns)
    except (OSError, *UNREADABLE):
        return {}


@lru_cache(maxsize=4096)
def _stored(file: Path, _changed: int) -> Mapping[str, Any]:
    """Read once: pages look at all that were kept, each time they are drawn."""
    return read_json(file, dict)


def _exists(exploration: Exploration) -> bool:
    return not exploration.id.startswith(TEMPORARY) and (exploration.folder / "asked.json").is_file()


def known(models: Path, exploration_id: str) -> Exploration | None:
    """The exploration with exactly this id, which may come from a browser's address; None if there is none."""
    found = Exploration(models / FOLDER / exploration_id)
    return found if is_id(exploration_id) and _exists(found) else None


def get(models: Path, exploration_id: str) -> Exploration:
    """Like `known`; raises BadInput if there is none."""
    found = known(models, exploration_id)
    if found is None:
        raise BadInput.of("exploration", f"there is no exploration {exploration_id!r}", "It may have been deleted.")
    return found


def latest(models: Path, asked: Asked) -> Exploration | None:
    """The newest exploration that asks exactly this and did not fail; None if there is none."""
    same = (one for one in explorations(models) if asks(one, asked))
    return next((one for one in same if read_state(one).status not in (Status.FAILED, Status.INTERRUPTED)), None)


def answering(models: Path, asked: Asked) -> Exploration | None:
    """The newest exploration that has answered exactly this, of the same images, or is about to; None if there is none."""
    same = (one for one in explorations(models) if asks(one, asked) and not asked_of_others(one, asked.images))
    return next((one for one in same if _answers(one)), None)


def _answers(exploration: Exploration) -> bool:
    status = read_state(exploration).status
    return status == Status.FINISHED or (status not in ENDED and not stop_requested(exploration))


def asks(exploration: Exploration, asked: Asked) -> bool:
    """Whether an exploration asks exactly this, of whatever images there were; options that an earlier version did not have count as defaults."""
    stored = _asked_values(exploration)
    spec = parse_json(json.dumps(asked.spec.to_json()).encode())  # Stored tuples are lists.
    if stored.get("kind") != asked.kind.name or stored.get("spec") != spec:
        return False
    try:
        return bool(from_json(asked.kind.options, stored["options"]) == asked.options)
    except (BadInput, *DAMAGE):
        return False


def asked_of_others(exploration: Exploration, images: str) -> bool:
    """Whether an exploration was asked when there were other images than those of this fingerprint; False if either is not known."""
    before = str(_asked_values(exploration).get(IMAGES, ""))
    return bool(before and images) and before != images


def read_asked(exploration: Exploration) -> Asked:
    """What it is asked; raises Damaged if the file cannot be read, BadInput if it was deleted."""
    try:
        return read_json(exploration.folder / "asked.json", _asked)
    except FileNotFoundError:
        raise BadInput.of("exploration", f"{exploration.id} was deleted") from None


def _asked(values: Mapping[str, Any]) -> Asked:
    kind = KINDS[values["kind"]]
    options: Any = from_json(kind.options, values["options"])
    return Asked(kind, ExperimentSpec.from_json(values["spec"]), options, str(values.get(IMAGES, "")))


def read_state(exploration: Exploration) -> ExplorationState:
    """The state, with a status derived where possible: one whose process died is neither running nor queued."""
    try:
        state = _stored_state(exploration)
    except UNREADABLE as error:
        said = str(error) if isinstance(error, Damaged) else "state.json is missing. Start it again."
        return ExplorationState(Status.FAILED, said)
    if state.status in ENDED or is_alive(state.pid, state.process_started):
        return state
    return replace(state, status=Status.INTERRUPTED, message=DIED if state.status == Status.RUNNING else NEVER_BEGAN)


def _stored_state(exploration: Exploration) -> ExplorationState:
    return read_json(exploration.folder / "state.json", lambda values: from_json(ExplorationState, values))


def write_state(exploration: Exploration, **changes: Any) -> ExplorationState:
    """Changes some fields of the state."""
    try:
        before = _stored_state(exploration)
    except UNREADABLE:
        before = ExplorationState(Status.FAILED)
    state = replace(before, **changes)
    _replace_state(exploration, state)
    return state


def _replace_state(exploration: Exploration, state: ExplorationState) -> None:
    write_json(exploration.folder / "state.json", asdict(state))


def read_result(exploration: Exploration) -> Any:
    """The result, also so far, of the type of its kind; None if there is none yet.

    Raises:
        BadInput: it was deleted; Damaged: the file cannot be read.
    """
    made = read_asked(exploration).kind.result
    try:
        return read_json(exploration.folder / "result.json", partial(from_json, made))
    except FileNotFoundError:
        return None


def has_result(exploration: Exploration) -> bool:
    """Whether there is a result, also so far, without reading it: that of a map has a megabyte."""
    return (exploration.folder / "result.json").exists()


def write_result(exploration: Exploration, result: Any, *, so_far: bool = False) -> None:
    """Writes a result, a dataclass of plain values."""
    write = replace_json if so_far else write_json
    write(exploration.folder / "result.json", asdict(result))


def read_progress(exploration: Exploration) -> Progress | None:
    """Its progress; None if it is not running, or none is written yet. Raises Damaged if the file cannot be read."""
    try:
        return read_json(exploration.folder / "progress.json", lambda values: from_json(Progress, values))
    except FileNotFoundError:
        return None


def write_progress(exploration: Exploration, progress: Progress) -> None:
    replace_json(exploration.folder / "progress.json", asdict(progress))


def clear_progress(exploration: Exploration) -> None:
    (exploration.folder / "progress.json").unlink(missing_ok=True)


def request_stop(exploration: Exploration) -> None:
    """Requests it to end; a map then has the results so far."""
    (exploration.folder / "stop").touch()


def stop_requested(exploration: Exploration) -> bool:
    return (exploration.folder / "stop").exists()


def delete(exploration: Exploration) -> None:
    """Deletes an exploration, completely or not at all; raises BadInput while it runs, or if it was deleted already."""
    if read_state(exploration).status not in ENDED:
        raise BadInput.of("exploration", f"{exploration.id} is running", "Cancel it first.")
    try:
        doomed = put_aside(exploration)
    except FileNotFoundError:
        raise BadInput.of("exploration", f"{exploration.id} was deleted") from None
    shutil.rmtree(doomed)


def stamp(models: Path, exploration_id: str = "") -> str:
    """A short text that changes whenever an exploration does (without an id: any), or its process ends."""
    chosen = [known(models, exploration_id)] if exploration_id else explorations(models)
    return repr([_stamp(one) if one else None for one in chosen])


def _stamp(exploration: Exploration) -> tuple[str, int, str]:
    try:
        changed = exploration.folder.stat().st_mtime_ns
    except OSError:
        return exploration.id, 0, ""
    return exploration.id, changed, read_state(exploration).status
