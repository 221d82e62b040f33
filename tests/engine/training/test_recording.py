"""Curves never run back: after whatever interruption the epochs are those of a checkpoint, or the run says why it cannot go on."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tl_core import store
from tl_core.engine.training import checkpoints, recording
from tl_core.errors import RunFailed
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_json
from tl_core.metrics import Measured
from tl_core.records import EpochRecord
from tl_core.store import EvaluatedSplit
from tl_core.store.outputs import write_outputs

IMAGES = 5


@pytest.fixture
def run(tmp_path: Path) -> store.Run:
    return store.create(tmp_path, ExperimentSpec())


def record(epoch: int, **more: float) -> EpochRecord:
    found = {"val_loss": 1.0 / epoch, "val_accuracy": 0.5, **more}
    return EpochRecord(epoch, "head", found, {"head": 1e-3}, 1.25, 80.0)


def measured(epoch: int) -> dict[EvaluatedSplit, Measured]:
    labels = np.arange(IMAGES) % 3
    outputs = Measured(np.full((IMAGES, 3), 1 / 3), np.full(IMAGES, float(epoch)), (labels + epoch) % 3, labels)
    return {"val": outputs, "train_eval": outputs}


def recorded(run: store.Run, epochs: range, metric: str = "val_loss", keep: int = 5) -> recording.History:
    """Records epochs as a run does."""
    history = recording.taken_up(run, metric)
    for epoch in epochs:
        write_outputs(run, epoch, measured(epoch))
        mark = history.append(record(epoch))
        assert history.best is not None
        variables = {"model/a": np.full(1, epoch)}
        checkpoints.save(run.checkpoints, variables, record(epoch), mark, history.best.epoch, keep)
    return history


def epochs_in(run: store.Run) -> list[int]:
    return [row.epoch for row in store.read_epochs(run)]


def test_epochs_come_back_as_they_were_recorded(run: store.Run) -> None:
    history = recorded(run, range(1, 4))
    again = recording.taken_up(run, "val_loss")
    assert again.records == history.records == store.read_epochs(run) == [record(1), record(2), record(3)]
    assert again.best == record(3)


def test_what_stands_behind_the_checkpoint_is_cut_off(run: store.Run) -> None:
    history = recorded(run, range(1, 3))
    write_outputs(run, 3, measured(3))
    history.append(record(3))
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 4, "val_lo')
    assert [row.epoch for row in recording.taken_up(run, "val_loss").records] == [1, 2]
    assert epochs_in(run) == [1, 2]
    assert [store.read_outputs(run, split).epochs for split in store.EVALUATED_SPLITS] == [2, 2]


def test_an_epoch_recorded_again_after_a_resume_leaves_the_same_bytes(run: store.Run, tmp_path: Path) -> None:
    recorded(run, range(1, 5))
    other = store.create(tmp_path / "other", ExperimentSpec())
    recorded(other, range(1, 4)).append(record(9))
    write_outputs(other, 4, measured(9))
    recorded(other, range(4, 5))
    for name in ("metrics.jsonl", "val_outputs.bin", "train_eval_outputs.bin", "checkpoints/manifest.json"):
        assert (other.folder / name).read_bytes() == (run.folder / name).read_bytes(), name


def test_a_damaged_line_costs_the_epochs_from_there_on(run: store.Run) -> None:
    recorded(run, range(1, 5))
    file = run.folder / "metrics.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join((*lines[:2], lines[2].replace(b"0.5", b"0.6"), lines[3])))
    assert [row.epoch for row in recording.taken_up(run, "val_loss").records] == [1, 2]
    assert [entry.epoch for entry in checkpoints.entries_of(run.checkpoints)] == [1, 2]


@pytest.mark.parametrize("left", ["", '{"epoch": 7}\n'])
def test_a_run_whose_checkpoints_have_no_epochs_to_belong_to_says_so(run: store.Run, left: str) -> None:
    recorded(run, range(1, 4), keep=1)
    (run.folder / "metrics.jsonl").write_text(left)
    with pytest.raises(RunFailed, match=r"metrics\.jsonl is damaged"):
        recording.taken_up(run, "val_loss")


def test_without_a_checkpoint_the_curve_starts_anew(run: store.Run) -> None:
    recording.taken_up(run, "val_loss").append(record(1))
    assert recording.taken_up(run, "val_loss").records == []
    assert epochs_in(run) == []


@pytest.mark.parametrize("left", ["", '{"epoch": 1}\n{"epoch": 2, "val_lo', '{"epoch": 7}\n'])
def test_the_manifest_of_an_earlier_version_has_the_lines_itself_and_is_brought_to_todays_form(
    run: store.Run, left: str
) -> None:
    recorded(run, range(1, 4))
    before = (run.checkpoints / "manifest.json").read_bytes(), (run.folder / "metrics.jsonl").read_bytes()
    manifest = checkpoints.read_manifest(run.checkpoints)
    old = [{"clean_loss": 0.1, "clean_accuracy": 0.9, **record(epoch).to_line()} for epoch in (1, 2, 3)]
    entries = [
        {name: value for name, value in asdict(entry).items() if not name.startswith("metrics_")}
        for entry in manifest.entries
    ]
    write_json(run.checkpoints / "manifest.json", {"entries": entries, "best_epoch": 3, "lines": old})
    (run.folder / "metrics.jsonl").write_text(left)
    found = recording.taken_up(run, "val_loss").records
    assert [row.epoch for row in found] == epochs_in(run) == [1, 2, 3]
    assert found[0].metrics["train_eval_accuracy"] == 0.9
    assert "lines" not in json.loads((run.checkpoints / "manifest.json").read_text())
    assert recording.taken_up(run, "val_loss").records == found
    assert before != ((run.checkpoints / "manifest.json").read_bytes(), (run.folder / "metrics.jsonl").read_bytes())


def test_losses_of_an_earlier_version_are_taken_over(run: store.Run) -> None:
    recorded(run, range(1, 3))
    store.write_state(run, images={"validation": IMAGES}, loss_name="cross-entropy")
    (run.folder / "val_outputs.bin").unlink()
    (run.folder / "val_losses.f32").write_bytes(np.repeat(np.arange(1, 4, dtype="<f4"), IMAGES).tobytes())
    assert store.read_outputs(run).loss[:, 0].tolist() == [1, 2, 3]
    recorded(run, range(3, 4))
    outputs = store.read_outputs(run)
    assert outputs.loss[:, 0].tolist() == [1, 2, 3]
    assert outputs.predicted[:, 0].tolist() == [-1, -1, 0]
    assert outputs.labels.tolist() == [0, 1, 2, 0, 1]
    assert not (run.folder / "val_losses.f32").exists()


def test_the_best_epoch_is_the_one_by_the_metric_that_is_asked_for(run: store.Run) -> None:
    history = recording.taken_up(run, "val_macro_f1")
    for epoch, f1 in enumerate((0.5, 0.7, 0.7, 0.6), 1):
        history.append(record(epoch, val_macro_f1=f1))
    assert history.best is not None
    assert history.best.epoch == 3, "of two equal ones the one of lower validation loss"
    assert recording.best_values(history.best) == {
        "best_epoch": 3,
        "best_metrics": {"val_loss": 1 / 3, "val_accuracy": 0.5, "val_macro_f1": 0.7},
    }


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux which file is synced")
def test_an_epoch_reaches_the_disk_outputs_first_then_its_line_its_checkpoint_and_the_manifest_last(
    run: store.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(run, range(1, 3))
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    recorded(run, range(3, 4))
    assert [name.rpartition("-")[2] if name.startswith(".tmp-") else name for name in synced] == [
        "val_outputs.bin",
        "metrics.jsonl",
        "0003.npz",
        "checkpoints",
        "manifest.json",
        "checkpoints",
    ]


def test_files_grow_by_the_epoch_or_not_at_all(run: store.Run) -> None:
    sizes = []
    history = recorded(run, range(1, 2))
    for end in (30, 60, 90):
        for epoch in range(end - 29, end + 1):
            write_outputs(run, 1000 + epoch, measured(epoch))
            mark = history.append(record(1000 + epoch))
            assert history.best is not None
            checkpoints.save(run.checkpoints, {"model/a": np.zeros(1)}, record(1000 + epoch), mark, 1001, 2)
        names = ("checkpoints/manifest.json", "metrics.jsonl", "val_outputs.bin", "train_eval_outputs.bin")
        sizes.append([(run.folder / name).stat().st_size for name in names])
    manifest, metrics, *outputs = np.diff(np.array(sizes), axis=0).T
    assert (abs(manifest) <= 8).all(), "only the digits of a number"
    assert metrics[0] == pytest.approx(metrics[1], rel=0.02)
    assert np.array(outputs).tolist() == [[30 * 6 * IMAGES] * 2] * 2
