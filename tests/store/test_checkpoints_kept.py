"""The checkpoints a run keeps, seen without Keras, and giving them up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.pages.folders import add_run
from tl_core import store
from tl_core.errors import BadInput
from tl_core.records import Status
from tl_core.store import checkpoints

BEST = 2


def with_checkpoints(models: Path, status: str = store.FINISHED) -> store.Run:
    """A run with checkpoints of epochs 1 to 4, of which the second is the best."""
    run = add_run(models, status=status)
    run.checkpoints.mkdir()
    entries = []
    for epoch in range(1, 5):
        file = run.checkpoints / f"epoch-{epoch:04d}.npz"
        np.savez(file, values=np.zeros(10 * epoch))
        entries.append(checkpoints.Checkpoint(epoch, "head", file.name, "sum", file.stat().st_size).__dict__)
    manifest = {"entries": entries, "best_epoch": BEST, "lines": [{"epoch": epoch} for epoch in range(1, 5)]}
    (run.checkpoints / "manifest.json").write_text(json.dumps(manifest))
    return run


def epochs(run: store.Run) -> list[int]:
    return [entry.epoch for entry in checkpoints.kept(run)]


def test_a_run_names_its_checkpoints_with_their_sizes(models: Path) -> None:
    run = with_checkpoints(models)
    assert epochs(run) == [1, 2, 3, 4]
    assert all(entry.bytes == (run.checkpoints / entry.file).stat().st_size for entry in checkpoints.kept(run))
    assert checkpoints.best_epoch(run) == BEST


def test_a_run_that_has_not_begun_keeps_none(models: Path) -> None:
    run = add_run(models)
    assert checkpoints.kept(run) == ()
    assert checkpoints.best_epoch(run) is None
    assert checkpoints.remove_all_but_needed(run) == 0


def test_a_removed_checkpoint_is_gone_from_the_manifest_and_from_the_disk(models: Path) -> None:
    run = with_checkpoints(models)
    size = (run.checkpoints / "epoch-0003.npz").stat().st_size
    assert checkpoints.remove(run, 3) == size
    assert epochs(run) == [1, 2, 4]
    assert not (run.checkpoints / "epoch-0003.npz").exists()


def test_the_rest_of_the_manifest_stays_as_it_is(models: Path) -> None:
    run = with_checkpoints(models)
    before = checkpoints.read_manifest(run.checkpoints)
    checkpoints.remove(run, 1)
    after = checkpoints.read_manifest(run.checkpoints)
    assert (after.best_epoch, after.old_lines) == (before.best_epoch, before.old_lines)
    assert after.entries == before.entries[1:]


def test_the_best_is_never_removed(models: Path) -> None:
    run = with_checkpoints(models)
    with pytest.raises(BadInput, match="best"):
        checkpoints.remove(run, BEST)
    assert epochs(run) == [1, 2, 3, 4]


@pytest.mark.parametrize("status", [store.STOPPED, store.FAILED])
def test_the_latest_of_a_run_that_can_go_on_is_never_removed(models: Path, status: str) -> None:
    run = with_checkpoints(models, status)
    with pytest.raises(BadInput, match="resumed"):
        checkpoints.remove(run, 4)
    checkpoints.remove_all_but_needed(run)
    assert epochs(run) == [2, 4]


def test_of_a_finished_run_only_the_best_is_needed(models: Path) -> None:
    run = with_checkpoints(models)
    expected = sum(entry.bytes for entry in checkpoints.removable(run))
    assert checkpoints.remove_all_but_needed(run) == expected > 0
    assert epochs(run) == [2]
    assert [file.name for file in run.checkpoints.glob("*.npz")] == ["epoch-0002.npz"]


def test_an_epoch_without_a_checkpoint_is_refused_and_those_there_are_named(models: Path) -> None:
    with pytest.raises(BadInput, match="Kept: 1, 2, 3, 4"):
        checkpoints.remove(with_checkpoints(models), 7)


def test_nothing_is_removed_while_a_process_holds_the_run(models: Path) -> None:
    run = with_checkpoints(models)
    with run.lock:
        with pytest.raises(BadInput, match="training"):
            checkpoints.remove(run, 1)
        with pytest.raises(BadInput, match="training"):
            checkpoints.remove_all_but_needed(run)
    assert epochs(run) == [1, 2, 3, 4]


def test_killed_between_manifest_and_file_no_checkpoint_is_named_that_is_not_there(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_checkpoints(models)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda file, **_: killed() if file.suffix == ".npz" else None)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.remove(run, 1)
    assert epochs(run) == [2, 3, 4]
    assert (run.checkpoints / "epoch-0001.npz").exists()


def test_a_file_that_is_gone_already_is_no_obstacle(models: Path) -> None:
    run = with_checkpoints(models)
    (run.checkpoints / "epoch-0001.npz").unlink()
    assert checkpoints.remove(run, 1) == 0
    assert epochs(run) == [2, 3, 4]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"entries": [{"epoch": 1}], "best_epoch": 1, "lines": []}'])
def test_a_damaged_manifest_is_said_to_be(models: Path, content: str) -> None:
    run = with_checkpoints(models)
    (run.checkpoints / "manifest.json").write_text(content)
    with pytest.raises(BadInput, match=r"manifest\.json"):
        checkpoints.kept(run)


def test_a_deleted_run_does_not_come_back_as_an_empty_folder(models: Path) -> None:
    run = with_checkpoints(models)
    store.delete(run)
    with pytest.raises(BadInput, match="deleted"):
        checkpoints.remove(run, 1)
    assert not run.folder.exists()


@pytest.mark.parametrize("status", [store.STOPPED, store.INTERRUPTED, store.FAILED])
def test_a_run_that_was_cut_short_can_be_exported_if_it_keeps_a_checkpoint(models: Path, status: Status) -> None:
    run = with_checkpoints(models)
    checkpoints.check_exportable(run, status)
    (run.checkpoints / "manifest.json").unlink()
    with pytest.raises(BadInput, match="keeps no checkpoint"):
        checkpoints.check_exportable(run, status)


@pytest.mark.parametrize(("status", "remedy"), [(store.FINISHED, "already exported"), (store.RUNNING, "stop it first")])
def test_a_run_that_exports_itself_is_not_exported_on_request(models: Path, status: Status, remedy: str) -> None:
    run = with_checkpoints(models)
    with pytest.raises(BadInput, match=remedy):
        checkpoints.check_exportable(run, status)
