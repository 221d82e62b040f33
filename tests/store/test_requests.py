"""What people ask of a run: to stop, to vanish, to be called something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.folders import add_run, trained_here
from tl_core import store
from tl_core.errors import BadInput, Damaged
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import Notes


def test_a_training_run_hears_that_it_should_stop(models: Path) -> None:
    run = add_run(models, **trained_here())
    assert not store.stop_requested(run)
    store.request_stop(run)
    assert store.stop_requested(run)
    store.forget_stop(run)
    assert not store.stop_requested(run)


@pytest.mark.parametrize("status", [store.FINISHED, store.STOPPED, store.FAILED])
def test_a_run_nobody_trains_is_left_alone_so_that_it_does_not_stop_when_it_is_resumed(
    models: Path, status: str
) -> None:
    run = add_run(models, status=status)
    store.request_stop(run)
    assert not store.stop_requested(run)


def test_a_deleted_run_is_gone_with_its_entry_in_the_queue(models: Path) -> None:
    run, other = add_run(models, status=store.STOPPED), add_run(models)
    store.queue.add(run)
    store.delete(run)
    assert store.runs(models) == [other]
    assert store.queue.waiting(models) == ()
    assert [entry.name for entry in (models / "runs").iterdir()] == [other.id]


def test_a_run_that_is_held_by_a_process_cannot_be_deleted(models: Path) -> None:
    run = add_run(models)
    with run.lock, pytest.raises(BadInput, match="training right now"):
        store.delete(run)
    assert store.read_state(run).status == store.FINISHED


def test_a_deletion_that_was_broken_off_leaves_nothing_that_counts_as_a_run(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_run(models)
    monkeypatch.setattr("shutil.rmtree", lambda _: None)
    store.delete(run)
    assert store.runs(models) == []


@pytest.mark.parametrize("text", ["..", "../../etc", "/etc/passwd", "", ".", "a/b", "nul\0", "x" * 5000, "-", "%2e%2e"])
def test_text_from_an_address_is_never_taken_for_a_path(models: Path, text: str) -> None:
    add_run(models)
    (models / "spec.json").write_text("{}")
    with pytest.raises(BadInput, match="there is no run"):
        store.get_run(models, text)


def test_the_exact_id_finds_its_run_and_a_part_of_it_does_not(models: Path) -> None:
    run = add_run(models)
    assert store.get_run(models, run.id) == run
    with pytest.raises(BadInput, match=run.id):
        store.get_run(models, run.id[:-1])


class TestNotes:
    def test_a_run_has_none_until_somebody_writes_some(self, models: Path) -> None:
        run = store.create(models, ExperimentSpec(), "fine-tune")
        assert store.read_notes(run) == Notes()
        assert store.title_of(run) == "fine-tune"

    def test_they_come_back_as_they_were_written_without_spaces_around(self, models: Path) -> None:
        run = add_run(models)
        store.write_notes(run, Notes(" Bäume ", (" a", "b", "a", " "), " so\nwhat "))
        assert store.read_notes(run) == Notes("Bäume", ("a", "b"), "so\nwhat")
        assert store.title_of(run) == "Bäume"

    @pytest.mark.parametrize(
        ("notes", "path"),
        [
            (Notes(title="x" * 81), "notes.title"),
            (Notes(text="x" * 4001), "notes.text"),
            (Notes(tags=("x" * 31,)), "notes.tags"),
            (Notes(tags=tuple(map(str, range(13)))), "notes.tags"),
        ],
    )
    def test_what_is_too_long_is_refused_and_nothing_is_written(self, models: Path, notes: Notes, path: str) -> None:
        run = add_run(models)
        with pytest.raises(BadInput) as refused:
            store.write_notes(run, notes)
        assert refused.value.problems[0].path == path
        assert store.read_notes(run) == Notes()

    def test_those_of_a_deleted_run_do_not_bring_its_folder_back(self, models: Path) -> None:
        run = add_run(models)
        store.delete(run)
        with pytest.raises(BadInput, match="deleted"):
            store.write_notes(run, Notes("again"))
        assert not run.folder.exists()

    @pytest.mark.parametrize("content", ["{", "[]", "7", '{"tags": 7}', '"text"'])
    def test_damaged_ones_are_named_and_leave_the_run_its_initial_title(self, models: Path, content: str) -> None:
        run = add_run(models, "first")
        (run.folder / "notes.json").write_text(content)
        with pytest.raises(Damaged, match=r"notes\.json"):
            store.read_notes(run)
        assert store.title_of(run) == "first"
