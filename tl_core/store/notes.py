"""User notes on a run: a title, tags, a text. Stored apart from the files of its worker."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

from tl_core.errors import BadInput, Damaged
from tl_core.experiment.naming import LONGEST_TITLE, RunName, fork_text, is_automatic
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import read_json, write_json
from tl_core.records import RunState, from_json
from tl_core.store.run import Run
from tl_core.store.state import read_state

LONGEST_TEXT, MOST_TAGS, LONGEST_TAG = 4000, 12, 30


@dataclass(frozen=True)
class Notes:
    """title: Empty unless it was changed."""

    title: str = ""
    tags: tuple[str, ...] = ()
    text: str = ""


def read_notes(run: Run) -> Notes:
    """The notes; empty if there are none. Raises Damaged if the file cannot be read."""
    try:
        return read_json(
            run.folder / "notes.json", partial(from_json, Notes), remedy="Save title, tags and note again."
        )
    except FileNotFoundError:
        return Notes()


def title_of(run: Run) -> str:
    """The title of a run: from its notes, otherwise (or if they are damaged) its initial title, otherwise its id."""
    try:
        title = read_notes(run).title
    except Damaged:
        title = ""
    return title or read_state(run).title or run.id


def name_of(run: Run, spec: ExperimentSpec, state: RunState, notes: Notes) -> RunName:
    """The name of a run, and what it is called by among others."""
    by_hand = state.title_by_hand
    given = not is_automatic(state.title) if by_hand is None else by_hand
    came = state.forked_from
    origin = fork_text(came.title, came.epoch) if came else ""
    return RunName.of(run.id, notes.title or state.title or run.id, bool(notes.title) or given, spec, origin)


def write_notes(run: Run, notes: Notes) -> None:
    """Replaces the notes, stripped of spaces and repeated tags.

    Raises:
        BadInput: something is too long, or the run was deleted.
    """
    tags = tuple(dict.fromkeys(tag.strip() for tag in notes.tags if tag.strip()))
    kept = Notes(notes.title.strip(), tags, notes.text.strip())
    _check("title", len(kept.title), LONGEST_TITLE, "characters")
    _check("text", len(kept.text), LONGEST_TEXT, "characters")
    _check("tags", len(kept.tags), MOST_TAGS, "tags")
    _check("tags", max(map(len, kept.tags), default=0), LONGEST_TAG, "characters in one tag")
    if not run.folder.is_dir():  # Writing would recreate the folder.
        raise BadInput.of("run", f"{run.id} was deleted")
    write_json(run.folder / "notes.json", asdict(kept))


def _check(path: str, found: int, most: int, unit: str) -> None:
    if found > most:
        raise BadInput.of(f"notes.{path}", f"received {found:,} {unit}; allowed are {most:,}", "Shorten it.")
