"""Explorations on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.each import for_each
from tests.explorations.results import ASKED, PROBE
from tl_core import explorations
from tl_core.errors import BadInput, Damaged
from tl_core.explorations import KINDS, Asked, Kind
from tl_core.files import write_json
from tl_core.records import Activity, Progress, Stage, Status
from tl_core.store import this_process


def test_what_was_asked_and_found_is_read_as_it_was_written(models: Path) -> None:
    made = explorations.create(models, ASKED)
    assert explorations.read_asked(made) == ASKED
    assert explorations.read_state(made).status == Status.QUEUED
    assert explorations.read_result(made) is None
    explorations.write_result(made, PROBE)
    assert explorations.read_result(made) == PROBE


def test_the_newest_is_listed_first_and_found_again_by_what_it_asks(models: Path) -> None:
    first, second = explorations.create(models, ASKED), explorations.create(models, ASKED)
    other = Asked(ASKED.kind, ASKED.spec.with_values({"head.dropout": 0.5}), ASKED.options)
    assert explorations.explorations(models)[0].id >= first.id
    assert {one.id for one in explorations.explorations(models)} == {first.id, second.id}
    assert explorations.latest(models, ASKED) == explorations.explorations(models)[0]
    assert explorations.latest(models, other) is None


def test_an_answer_of_before_there_were_options_is_that_to_the_default_ones(models: Path) -> None:
    made = explorations.create(models, ASKED)
    for options, same in (
        ({}, True),
        ({"heads": ["lda"]}, False),
        ({"heads": ["no head"]}, False),
        ({"heads": 7}, False),
    ):
        write_json(made.folder / "asked.json", {**ASKED.values, "options": options})
        assert (explorations.latest(models, ASKED) == made) is same


def test_those_of_a_kind_are_listed_without_damaged_ones(models: Path) -> None:
    whole, damaged = explorations.create(models, ASKED), explorations.create(models, ASKED)
    (damaged.folder / "asked.json").write_text("{")
    assert explorations.explorations(models, "depth-probe") == [whole]
    assert explorations.explorations(models, "another") == []
    assert set(explorations.explorations(models)) == {whole, damaged}
    assert explorations.latest(models, ASKED) == whole


def test_a_failed_one_is_no_answer(models: Path) -> None:
    made = explorations.create(models, ASKED)
    explorations.write_state(made, status=Status.FAILED, message="The disk is full.")
    assert explorations.latest(models, ASKED) is None
    assert explorations.read_state(made).message == "The disk is full."


def ended_process() -> dict[str, Any]:
    """A process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return {"pid": process.pid, "process_started": this_process()["process_started"]}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_one_whose_process_died_is_interrupted_and_says_what_to_do(models: Path, status: Status) -> None:
    made = explorations.create(models, ASKED)
    before = explorations.stamp(models, made.id)
    explorations.write_state(made, status=status, **ended_process())
    state = explorations.read_state(made)
    assert state.status == Status.INTERRUPTED
    assert state.message.endswith("Start it again.")
    assert explorations.stamp(models, made.id) != before


def test_the_stamp_changes_with_progress_and_result(models: Path) -> None:
    made = explorations.create(models, ASKED)
    seen = {explorations.stamp(models, made.id)}
    explorations.write_progress(made, Progress(Activity(Stage.PROBING), 1, 9, 0.0, 1.0))
    seen.add(explorations.stamp(models, made.id))
    explorations.write_result(made, PROBE, so_far=True)
    seen.add(explorations.stamp(models, made.id))
    assert len(seen) == 3
    progress = explorations.read_progress(made)
    assert progress is not None
    assert (progress.done, progress.total) == (1, 9)


def test_it_is_deleted_once_it_has_ended(models: Path) -> None:
    made = explorations.create(models, ASKED)
    with pytest.raises(BadInput, match="Cancel it first"):
        explorations.delete(made)
    explorations.write_state(made, status=Status.FINISHED)
    explorations.delete(made)
    assert explorations.explorations(models) == []
    with pytest.raises(BadInput, match="was deleted"):
        explorations.read_asked(made)


@pytest.mark.parametrize("name", ["", "..", "../runs", "a/b", ".", "\0", "no-such"])
def test_an_address_becomes_a_path_only_if_it_names_an_exploration(models: Path, name: str) -> None:
    explorations.create(models, ASKED)
    assert explorations.known(models, name) is None
    with pytest.raises(BadInput, match="there is no exploration"):
        explorations.get(models, name)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"status": "dancing"}', b'{"kind": "none", "spec": {}}'])
def test_a_damaged_file_is_named(models: Path, content: bytes) -> None:
    made = explorations.create(models, ASKED)
    for name in ("asked.json", "result.json", "progress.json", "state.json"):
        (made.folder / name).write_bytes(content)
    for read in (explorations.read_asked, explorations.read_progress):
        with pytest.raises(Damaged, match=r"(asked|progress)\.json"):
            read(made)
    state = explorations.read_state(made)
    assert state.status == Status.FAILED
    assert "state.json" in state.message


def test_a_damaged_result_is_named(models: Path) -> None:
    made = explorations.create(models, ASKED)
    write_json(made.folder / "result.json", {"depths": 3})
    with pytest.raises(Damaged, match=r"result\.json"):
        explorations.read_result(made)


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(BadInput, match="is not writable"):
        explorations.create(tmp_path / "models", ASKED)


@for_each("kind", KINDS)
def test_every_kind_asks_its_question_in_plain_words(kind: Kind) -> None:
    assert kind.question.endswith("?")
    assert kind.help.endswith(".")
    assert kind.title[0].isupper()
