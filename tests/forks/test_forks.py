"""Forks as files: what a new run takes from its parent, what it may change, and what it still has when the parent is gone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Photos
from tests.epoch_lines import append_line, read_lines
from tests.pages.folders import epoch_line
from tl_core import forks, store
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.schedules import rate
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import sha256_of, write_json
from tl_core.metrics import Measured
from tl_core.records import ForkOrigin
from tl_core.store import fork_start, live_changes
from tl_core.store.checkpoints import Checkpoint
from tl_core.store.image_keys import write_image_keys
from tl_core.store.outputs import write_outputs

HEAD = {"model/classifier/kernel": (4, 10), "model/classifier/bias": (10,)}
BLOCK = {"model/block7_conv/kernel": (3, 3)}
IMAGES = 5
DIGITS = {"data.source": "digits", "data.image_size": 32}


def values_of(epoch: int, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    return {name: np.full(shape, epoch, np.float32) for name, shape in shapes.items()}


def parent_run(
    models: Path,
    epochs: int = 4,
    spec: ExperimentSpec | None = None,
    shapes: dict[str, tuple[int, ...]] | None = None,
    classes: tuple[str, ...] = tuple("0123456789"),
) -> store.Run:
    """A finished run that keeps the checkpoint of every epoch, with an optimiser's state in each."""
    spec = spec or PRESETS["feature-extraction"].spec({**DIGITS, "train.epochs": epochs})
    run = store.create(models, spec, "parent")
    return with_epochs(run, range(1, epochs + 1), shapes or HEAD, classes)


def with_epochs(
    run: store.Run, epochs: range, shapes: dict[str, tuple[int, ...]], classes: tuple[str, ...] = tuple("0123456789")
) -> store.Run:
    """A run as its worker leaves it after these epochs."""
    run.checkpoints.mkdir()
    entries, lines = [], []
    for epoch in epochs:
        file = run.checkpoints / f"epoch-{epoch:04d}.npz"
        np.savez(file, **values_of(epoch, shapes), **{"optimizer/head/0": np.array(epoch)})  # type: ignore[arg-type]
        entries.append(asdict(Checkpoint(epoch, "head", file.name, sha256_of(file), file.stat().st_size)))
        lines.append(epoch_line(epoch, 0.9, 0.8))
        append_line(run, lines[-1])
    write_json(run.checkpoints / "manifest.json", {"entries": entries, "best_epoch": epochs[-1], "lines": lines})
    write_json(run.report / "data.json", {"classes": list(classes)})
    losses = np.repeat(np.arange(1, epochs[-1] + 1, dtype="<f4"), IMAGES)
    (run.folder / "val_losses.f32").write_bytes(losses.tobytes())
    figures: dict[str, Any] = {"epoch": epochs[-1], "images": {"validation": IMAGES}, "data": "these images"}
    store.write_state(run, status=store.FINISHED, **figures)
    return run


def test_a_fork_holds_the_weights_of_that_epoch_and_no_optimiser(models: Path) -> None:
    made = forks.fork(models, parent_run(models), 2, {})
    held, expected = fork_start.start_weights(made), values_of(2, HEAD)
    assert held.keys() == expected.keys()
    assert all(np.array_equal(held[name], expected[name]) for name in held)


def test_a_fork_has_the_lines_and_losses_until_then_and_says_whose_they_are(models: Path) -> None:
    parent = parent_run(models)
    made = forks.fork(models, parent, 3, {})
    lines = read_lines(made)
    assert [(line["epoch"], line["inherited"]) for line in lines] == [(epoch, parent.id) for epoch in (1, 2, 3)]
    assert tuple(store.read_epochs(made)) == fork_start.inherited(made)
    outputs = store.read_outputs(made)
    assert outputs.loss[:, 0].tolist() == [1, 2, 3]
    assert (outputs.predicted == -1).all(), "an earlier version kept losses alone"


def test_a_fork_has_the_outputs_on_training_images_until_then_and_knows_which_images_they_are(models: Path) -> None:
    parent, labels = parent_run(models), np.array([0, 1])
    for epoch in (1, 2, 3):
        write_outputs(parent, epoch, {"train_eval": Measured(np.eye(2), np.full(2, float(epoch)), labels, labels)})
    write_image_keys(parent, {"val": ["a.jpg"], "train_eval": ["b.jpg", "c.jpg"]})
    made = forks.fork(models, parent, 2, {})
    assert store.read_outputs(made, "train_eval").loss[:, 0].tolist() == [1, 2]
    assert store.read_image_keys(made, "train_eval") == ("b.jpg", "c.jpg")


def test_a_fork_says_where_it_comes_from(models: Path) -> None:
    parent = parent_run(models)
    made = forks.fork(models, parent, 2, {"train.epochs": 7})
    state, spec = store.read_state(made), store.read_spec(made)
    assert state.title == "Epochs 7 (fork of parent at epoch 2)"
    assert state.forked_from == ForkOrigin(parent.id, 2, "parent")
    assert (state.status, state.epoch, state.epochs) == (store.QUEUED, 2, 9)
    assert (spec.start.run, spec.start.epoch) == (parent.id, 2)
    assert store.read_state(forks.fork(models, parent, 2, {}, title="mine")).title == "mine"


WARM = {"schedule.name": "one-cycle", "schedule.warmup_epochs": 2.5}


@pytest.mark.parametrize("epoch", [1, 3, 5, 6])
def test_a_fork_without_changes_has_the_rates_its_parent_had_left(models: Path, epoch: int) -> None:
    """In the phase of the head, at its end, in the phase after it: warm-up and schedule go on."""
    changes = {"backbone.freeze": "all-but-1", "train.head_epochs": 3, "train.epochs": 4, **WARM}
    spec = PRESETS["feature-extraction"].spec({**DIGITS, **changes})
    parent = parent_run(models, 7, spec)

    def rates(of: ExperimentSpec, epoch: int) -> list[float]:
        phase = next(phase for phase in resolve(of).phases if phase.first <= epoch <= phase.last)
        return [rate(of.schedule, phase.head_rate, epoch, step, 2, phase.schedule_span) for step in (0, 1)]

    left = range(epoch + 1, 8)
    assert [rates(forks.continued(parent, epoch), at) for at in left] == [rates(spec, at) for at in left]


def test_a_fork_may_start_its_schedule_anew_and_does_so_after_the_last_epoch(models: Path) -> None:
    parent = parent_run(models, 4, PRESETS["feature-extraction"].spec({**DIGITS, "train.epochs": 4, **WARM}))
    anew = forks.continued(parent, 2).with_values({"start.schedule_from": None})
    assert [resolve(spec).phases[0].schedule_span for spec in (forks.continued(parent, 2), anew)] == [(1, 4), (3, 4)]
    assert resolve(forks.continued(parent, 4)).phases[0].schedule_span == (5, 8)
    grandchild = forks.continued(with_epochs(forks.fork(models, parent, 2, {}), range(3, 5), HEAD), 3)
    assert resolve(grandchild).phases[0].schedule_span == (1, 4)


def test_a_fork_is_whole_without_its_parent(models: Path) -> None:
    parent = parent_run(models)
    made = forks.fork(models, parent, 2, {})
    store.delete(parent)
    assert np.array_equal(fork_start.start_weights(made)["model/classifier/bias"], np.full(10, 2, np.float32))
    assert len(fork_start.inherited(made)) == 2
    assert store.read_spec(made).start.epoch == 2


def test_a_fork_of_a_fork_has_the_weights_its_parent_never_trained(models: Path) -> None:
    first = parent_run(models, shapes={**HEAD, **BLOCK})
    second = with_epochs(forks.fork(models, first, 4, {}), range(5, 7), HEAD)
    third = forks.fork(models, second, 6, {})
    held = fork_start.start_weights(third)
    assert (held["model/block7_conv/kernel"][0, 0], held["model/classifier/bias"][0]) == (4, 6)
    assert [line["inherited"] for line in read_lines(third)] == [first.id] * 4 + [second.id] * 2
    assert [line["epoch"] for line in read_lines(third)] == [1, 2, 3, 4, 5, 6]


def test_the_backbone_has_a_name_of_its_own_only_where_the_parent_trained_it(models: Path) -> None:
    of_head = fork_start.read_start(forks.fork(models, parent_run(models), 2, {}))
    thawed = parent_run(models, shapes={**HEAD, **BLOCK})
    names = [fork_start.read_start(forks.fork(models, thawed, epoch, {})) for epoch in (1, 1, 2)]
    assert of_head is not None and of_head.backbone == ""
    first, again, later = (start.backbone for start in names if start)
    assert first and first == again != later


def test_a_run_that_is_no_fork_has_nothing_of_one(models: Path) -> None:
    run = forks.create(models, ExperimentSpec(), "plain")
    assert fork_start.read_start(run) is None
    assert fork_start.inherited(run) == ()
    assert fork_start.start_weights(run) == {}
    assert store.read_state(run).forked_from is None


def test_an_epoch_without_a_checkpoint_names_those_that_are_kept(models: Path) -> None:
    with pytest.raises(BadInput, match=r"no checkpoint of epoch 9\. Kept are epochs 1, 2, 3, 4\.") as raised:
        forks.fork(models, parent_run(models), 9, {})
    assert raised.value.problems[0].path == "start.epoch"


def test_a_run_that_has_not_begun_cannot_be_forked(models: Path) -> None:
    with pytest.raises(BadInput, match="at the end of its first epoch"):
        forks.fork(models, store.create(models, ExperimentSpec()), 1, {})


def test_a_damaged_checkpoint_is_refused_and_leaves_no_run(models: Path) -> None:
    parent = parent_run(models)
    file = parent.checkpoints / "epoch-0002.npz"
    broken = bytearray(file.read_bytes())
    broken[len(broken) // 2] ^= 1
    file.write_bytes(broken)
    with pytest.raises(BadInput, match=r"epoch 2 of .* is damaged"):
        forks.fork(models, parent, 2, {})
    assert store.runs(models) == [parent]
    assert len(list((models / "runs").iterdir())) == 1


def test_a_start_that_was_damaged_since_is_noticed(models: Path) -> None:
    made = forks.fork(models, parent_run(models), 2, {})
    (made.folder / "start.npz").write_bytes(b"something else")
    with pytest.raises(BadInput, match="damaged"):
        fork_start.start_weights(made)
    (made.folder / "start.json").write_text("{}")
    with pytest.raises(BadInput, match="damaged"):
        fork_start.inherited(made)


def test_a_spec_whose_parent_is_gone_is_refused(models: Path) -> None:
    spec = ExperimentSpec().with_values({"start": {"run": "gone", "epoch": 1}})
    with pytest.raises(BadInput, match="there is no run 'gone'") as raised:
        forks.create(models, spec)
    assert raised.value.problems[0].path == "start.run"


ALLOWED = {
    "backbone.freeze": "all-but-2",
    "head.dropout": 0.6,
    "head.noise": 0.1,
    "head.l2": 0.01,
    "head.batch_norm": True,
    "head.pooling": "max",
    "data.images_per_class": 5,
    "data.label_noise": 0.2,
    "data.image_size": 64,
    "augment": "rotation:10",
    "train.learning_rate": 1e-4,
    "train.batch_size": 8,
    "train.seed": 7,
    "train.stages": "all-but-1:2",
    "train.head_epochs": 2,
    "schedule.name": "cosine",
    "loss.label_smoothing": 0.1,
    "optimizer.name": "sgd",
}


@pytest.mark.parametrize("path", ALLOWED)
def test_what_changes_neither_the_layers_nor_who_validates_may_change(models: Path, path: str) -> None:
    made = forks.fork(models, parent_run(models), 2, {path: ALLOWED[path]})
    changed = ExperimentSpec().with_values({path: ALLOWED[path]})
    section, _, name = path.partition(".")
    written, wanted = store.read_spec(made).to_json()[section], changed.to_json()[section]
    assert (written[name] if name else written) == (wanted[name] if name else wanted)


REFUSED = {
    "backbone.name": ("MobileNetV2", "layers of EfficientNetLite0"),
    "backbone.weights": ("random", "were pretrained"),
    "backbone.output": ("middle", "layers of last"),
    "backbone.keep": ("block3", "layers of all"),
    "head.hidden": ([8], "layers"),
    "head.classifier": ("logistic-regression", "solved in closed form"),
    "data.validation_share": (0.3, "trained on"),
    "data.test_share": (0.3, "trained on"),
    "data.group_by": ("folder", "trained on"),
    "data.split_seed": (1, "trained on"),
    "data.source": ("playground:classes=3", "has 0, 1, 2"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_the_checkpoint_was_made_with_cannot_change_and_says_why_beside_its_path(models: Path, path: str) -> None:
    value, why = REFUSED[path]
    parent = parent_run(models)
    with pytest.raises(BadInput, match=why) as raised:
        forks.fork(models, parent, 2, {path: value})
    assert [problem.path for problem in raised.value.problems] == [path]
    assert store.runs(models) == [parent]


def test_every_refused_setting_is_named_at_once(models: Path) -> None:
    with pytest.raises(BadInput) as raised:
        forks.fork(models, parent_run(models), 2, {"head.hidden": [8], "data.split_seed": 3})
    assert {problem.path for problem in raised.value.problems} == {"head.hidden", "data.split_seed"}


def test_batch_normalisation_that_layers_learned_on_stays(models: Path) -> None:
    spec = PRESETS["feature-extraction"].spec({**DIGITS, "head.batch_norm": True})
    with pytest.raises(BadInput, match="trained on normalised inputs"):
        forks.fork(models, parent_run(models, spec=spec), 2, {"head.batch_norm": False})


def test_one_unit_for_two_classes_does_not_become_two(models: Path) -> None:
    parent = parent_run(models, classes=("cat", "dog"))
    with pytest.raises(BadInput, match="number of units"):
        forks.fork(models, parent, 2, {"head.classifier": "softmax"})
    forks.fork(models, parent_run(models), 2, {"head.classifier": "softmax"})


def test_a_solved_classifier_is_gone_on_with_as_a_softmax(models: Path) -> None:
    spec = PRESETS["feature-extraction"].spec({**DIGITS, "head.classifier": "logistic-regression", "head.dropout": 0})
    parent = parent_run(models, epochs=1, spec=spec)
    made = forks.fork(models, parent, 1, {"head.classifier": "softmax", "backbone.freeze": "all-but-1"})
    assert store.read_state(made).epochs == 1 + store.read_spec(made).train.epochs


def test_a_random_projection_is_not_gone_on_with(models: Path) -> None:
    spec = ExperimentSpec().with_values({**DIGITS, "head.classifier": "random-projection"})
    parent = parent_run(models, epochs=1, spec=spec)
    with pytest.raises(BadInput, match="those of random-projection") as raised:
        forks.fork(models, parent, 1, {"head.classifier": "softmax"})
    assert [problem.path for problem in raised.value.problems] == ["head.classifier"]


def test_random_weights_keep_the_seed_they_are_drawn_from(models: Path) -> None:
    spec = PRESETS["feature-extraction"].spec({**DIGITS, "backbone.weights": "random"})
    parent = parent_run(models, spec=spec)
    with pytest.raises(BadInput, match="cannot change it from 0: random weights"):
        forks.fork(models, parent, 2, {"train.seed": 1})


def test_pretrained_weights_that_were_replaced_are_noticed(models: Path) -> None:
    parent = parent_run(models)
    store.write_state(parent, weights="file:EfficientNetLite0:other")
    with pytest.raises(BadInput, match=r"weights differ from those of"):
        forks.fork(models, parent, 2, {})


def test_other_images_of_the_same_classes_are_allowed_with_a_remark(models: Path, photos: Photos) -> None:
    ours, theirs = (photos("cat", "dog", root=root) for root in ("ours", "theirs"))
    spec = PRESETS["feature-extraction"].spec({"data.source": f"folder:{ours}"})
    parent = parent_run(models, spec=spec, classes=("cat", "dog"))
    made = forks.fork(models, parent, 2, {"data.source": f"folder:{theirs}"})
    (remark,) = forks.fork_warnings(parent, resolve(store.read_spec(made)))
    assert "other images" in remark
    assert store.read_outputs(made).epochs == 0
    assert forks.fork_warnings(parent, resolve(forks.continued(parent, 2))) == ()


def test_images_of_another_size_are_allowed_with_a_remark(models: Path) -> None:
    parent = parent_run(models)
    made = forks.fork(models, parent, 2, {"data.image_size": 64})
    assert "64 pixels, its parent 32" in forks.fork_warnings(parent, resolve(store.read_spec(made)))[0]


def test_mirror_images_in_the_fork_or_the_parent_alone_are_allowed_with_a_remark(models: Path) -> None:
    mirrored = PRESETS["feature-extraction"].spec({**DIGITS, "backbone.mirror": True})
    for parent, mirror in ((parent_run(models), True), (parent_run(models, spec=mirrored), False)):
        made = forks.fork(models, parent, 2, {"backbone.mirror": mirror})
        (remark,) = forks.fork_warnings(parent, resolve(store.read_spec(made)))
        assert f"Only the {'fork' if mirror else 'parent'} averages features" in remark


STAGED = {
    **DIGITS,
    "train.head_epochs": 2,
    "train.stages": "all-but-1:3@0.0001",
    "train.epochs": 4,
    "backbone.freeze": "all-but-2",
}


@pytest.mark.parametrize(
    ("epoch", "head", "stages", "last"),
    [
        (1, 1, ["all-but-1:3@0.0001"], 4),
        (2, 0, ["all-but-1:3@0.0001"], 4),
        (4, 0, ["all-but-1:1@0.0001"], 4),
        (5, 0, [], 4),
        (8, 0, [], 1),
        (9, 0, [], 4),
    ],
)
def test_a_fork_that_changes_nothing_does_what_its_parent_had_left(
    models: Path, epoch: int, head: int, stages: list[str], last: int
) -> None:
    run = store.create(models, PRESETS["fine-tune"].spec(STAGED))
    train = forks.continued(run, epoch).to_json()["train"]
    assert (train["head_epochs"], train["stages"], train["epochs"]) == (head, stages, last)


def test_a_fork_has_the_settings_that_were_in_force_at_its_epoch(models: Path) -> None:
    parent = parent_run(models)
    store.write_state(parent, status=store.STOPPED, epochs=99)
    for epoch, dropout in ((2, 0.4), (4, 0.8)):
        live_changes.ask(parent, {"head.dropout": dropout})
        live_changes.put_in_force(parent, epoch)
    found = [forks.continued(parent, epoch).head.dropout for epoch in (1, 2, 3, 4)]
    assert found == [store.read_spec(parent).head.dropout, 0.4, 0.4, 0.8]


def test_nobody_sees_a_fork_before_it_has_all_it_needs(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent, seen = parent_run(models), []
    real = fork_start.write_json

    def look(path: Path, value: Any) -> None:
        seen.append(store.runs(models) == [parent])
        real(path, value)

    monkeypatch.setattr(fork_start, "write_json", look)
    forks.fork(models, parent, 2, {})
    assert seen == [True]
    assert len(store.runs(models)) == 2


def test_a_disk_that_is_full_leaves_no_half_of_a_fork(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = parent_run(models)

    def full(path: Path, value: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fork_start, "write_json", full)
    with pytest.raises(BadInput, match="No space left"):
        forks.fork(models, parent, 2, {})
    assert [entry.name for entry in (models / "runs").iterdir()] == [parent.id]
