"""Whole runs with each way of training: what they leave, and that a run broken off goes on to the same end with every one of them."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import quiet, small_spec
from tests.engine.training.conftest import Trainers
from tests.engine.training.test_resume import assert_same, left_alone, outcome, trained_whole
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.data.prepare import prepare
from tl_core.engine.results.prediction import Predictor
from tl_core.engine.results.reports import cross_entropy
from tl_core.engine.training import checkpoints
from tl_core.engine.training.lifecycle import train
from tl_core.engine.training.phase_loop import TRAINING_VERSION
from tl_core.engine.training.weights import network_at
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.schedules import rate
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.stopping import stop_epoch
from tl_core.records import Activity, EarlyStop, Stage
from tl_core.store.live_changes import ask, changes_in_force

pytestmark = pytest.mark.slow

Trained = Callable[[ExperimentSpec], store.Run]


def tiny(preset: str = "feature-extraction", **changes: Any) -> ExperimentSpec:
    given = {"data__images_per_class": 4, "train__batch_size": 8, "train__epochs": 4}
    return small_spec(preset, **{**given, **changes})


THAWED = {
    "backbone__output": "block3",
    "train__batch_size": 16,
    "train__head_epochs": 1,
    "train__epochs": 2,
    "train__backbone_learning_rate": 1e-3,
}
HEAD = {"head__hidden": [8], "head__hidden_dropout": [0.3]}

EVERY_TECHNIQUE: dict[str, ExperimentSpec] = {
    "adamw clipped, one cycle with warm-up, noise, normalised": tiny(
        **HEAD,
        optimizer__name="adamw",
        optimizer__weight_decay=0.05,
        optimizer__clip_norm=0.5,
        schedule__name="one-cycle",
        schedule__warmup_epochs=0.5,
        head__noise=0.5,
        head__batch_norm=True,
        head__activity_l2=1e-3,
        head__bias_l1=1e-3,
    ),
    "sgd, plateau, patience": tiny(
        optimizer__name="sgd",
        optimizer__nesterov=True,
        train__learning_rate=0.5,
        train__epochs=9,
        schedule__name="plateau",
        schedule__patience=1,
        stopping__rule="patience",
        stopping__patience=2,
        stopping__restore_best=False,
        loss__label_smoothing=0.1,
        loss__class_weights="balanced",
    ),
    "rmsprop, averaged, exponential, stored views of mixed images": tiny(
        optimizer__name="rmsprop",
        optimizer__ema=0.9,
        schedule__name="exponential",
        augment={"rotation": 10, "mixup": 0.4},
        train__views=2,
        stopping__rule="UP",
        stopping__strip=2,
    ),
    "stages, rates by depth, averaged, sixteen bits, cosine": tiny(
        "fine-tune",
        **THAWED,
        train__stages="all-but-1:1",
        train__layer_decay=0.5,
        train__backbone_l2=1e-3,
        train__update_batch_norm=True,
        optimizer__ema=0.9,
        optimizer__precision="mixed_bfloat16",
        schedule__name="cosine",
        schedule__warmup_epochs=0.3,
    ),
    "random blocks, drops, GL, augmented": tiny(
        "fine-tune",
        **THAWED,
        backbone__keep="block2",
        schedule__name="step",
        schedule__every=1,
        augment={"rotation": 10, "horizontal_flip": 0.5},
        stopping__rule="GL",
        train__checkpoint_every=1,
    ),
}
every_technique = pytest.mark.parametrize("name", quick_first(EVERY_TECHNIQUE, next(iter(EVERY_TECHNIQUE))))


def stop_in_epoch(epoch: int, batch: int = 1) -> Any:
    def progress(activity: Activity, done: int, _total: int) -> None:
        if activity == Activity(Stage.TRAINING, epoch) and done >= batch:
            raise RunStopped("stopped by the test")

    return progress


def last_values(run: store.Run) -> dict[str, np.ndarray]:
    newest = checkpoints.latest_whole(run.checkpoints)
    assert newest is not None
    return checkpoints.load(run.checkpoints, newest)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in EVERY_TECHNIQUE if name.startswith(("adamw", "random blocks"))])
def test_a_run_broken_off_in_one_epoch_after_another_ends_the_same_to_the_bit(name: str, shared_models: Path) -> None:
    """Each time in the middle of an epoch, in the same process, which must not go on with what it has in memory."""
    spec = EVERY_TECHNIQUE[name]
    expected = left_alone(spec, shared_models)
    run = store.create(shared_models, spec)
    epochs = len(expected["lines"])
    for epoch in range(2, epochs + 1, max(1, epochs // 2)):
        with pytest.raises(RunStopped):
            train(run, shared_models, stop_in_epoch(epoch, batch=2))
    train(run, shared_models, quiet)
    assert_same(outcome(run), expected)


@pytest.mark.long
@every_technique
def test_a_process_killed_in_every_epoch_leaves_a_run_that_ends_the_same(
    name: str, shared_models: Path, trainers: Trainers
) -> None:
    spec = EVERY_TECHNIQUE[name]
    expected = left_alone(spec, shared_models)
    run, kills = store.create(shared_models, spec), 0
    images = len(prepare(spec.data, resolve(spec).image_size, store.cache_folder(shared_models), quiet).split.train)
    steps = -(-images // spec.train.batch_size)
    # Past the next epoch and into the one after it.
    while (status := trainers.train(run, steps + 1 + kills % steps)) == -signal.SIGKILL:
        kills += 1
    assert status == 0, trainers.errors.read_text()[-2000:]
    assert kills >= 1
    assert_same(outcome(run), expected)


def change_in_epoch(run: store.Run, epoch: int, values: dict[str, Any], stop: bool = False) -> Any:
    """A progress that asks for other settings in an epoch, once, and may then stop the run."""
    asked = False

    def progress(activity: Activity, _done: int, _total: int) -> None:
        nonlocal asked
        if activity == Activity(Stage.TRAINING, epoch) and not asked:
            asked = True
            ask(run, values)
            if stop:
                raise RunStopped("stopped by the test")

    return progress


CHANGED = {"head.dropout": 0.6, "train.learning_rate": 1e-4, "augment": {"rotation": 20}}


@pytest.mark.long
def test_settings_changed_while_a_run_trains_count_from_the_next_epoch_and_resume_stays_exact(
    shared_models: Path,
) -> None:
    spec = tiny(train__epochs=5, head__dropout=0.0, optimizer__ema=0.9, schedule__name="cosine")
    changed = store.create(shared_models, spec)
    train(changed, shared_models, change_in_epoch(changed, 2, CHANGED))
    (made,) = changes_in_force(changed)
    assert (made.epoch, dict(made.values)) == (3, CHANGED)
    lines = read_lines(changed)
    assert [line["phase"] for line in lines] == ["head", "head", *["head from 3"] * 3]
    plan = resolve(spec).with_changes(changes_in_force(changed)).phases[-1]
    last = rate(spec.schedule, 1e-4, 5, 4, 5, plan.schedule_span)
    assert lines[-1]["learning_rate"]["head"] == pytest.approx(last, rel=1e-5), "the schedule goes on where it was"
    plain = read_lines(trained_whole(spec, shared_models))
    same = [one["val_loss"] == other["val_loss"] for one, other in zip(lines, plain, strict=True)]
    assert same == [True, True, False, False, False]

    broken = store.create(shared_models, spec)
    train_until = change_in_epoch(broken, 2, CHANGED)
    train_and_stop = stop_in_epoch(4, batch=2)

    def both(activity: Activity, done: int, total: int) -> None:
        train_until(activity, done, total)
        train_and_stop(activity, done, total)

    with pytest.raises(RunStopped):
        train(broken, shared_models, both)
    with pytest.raises(RunStopped):
        train(broken, shared_models, stop_in_epoch(4, batch=3))
    train(broken, shared_models, quiet)
    assert_same(outcome(broken), outcome(changed))


@pytest.mark.long
def test_optimisers_go_on_through_a_change_of_settings_and_begin_anew_in_a_phase(shared_models: Path) -> None:
    run = store.create(shared_models, tiny("fine-tune", **THAWED))
    train(run, shared_models, change_in_epoch(run, 2, {"train.learning_rate": 1e-4}))
    steps = -(-store.read_state(run).images["train"] // 16)
    assert int(last_values(run)["optimizer/head/0"]) == 2 * steps, (
        "of the two epochs of the last phase, one of them changed"
    )


def test_a_request_for_other_settings_made_while_a_run_rests_counts_when_it_goes_on(shared_models: Path) -> None:
    run = store.create(shared_models, tiny())
    with pytest.raises(RunStopped):
        train(run, shared_models, change_in_epoch(run, 3, {"train.learning_rate": 1e-5}, stop=True))
    train(run, shared_models, quiet)
    rates = [line["learning_rate"]["head"] for line in read_lines(run)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-5, 1e-5])


def test_a_rule_ends_a_run_with_its_reason_and_the_best_epoch_is_exported(trained: Trained) -> None:
    spec = tiny(train__epochs=30, train__learning_rate=0.5, stopping__rule="patience", stopping__patience=2)
    run = trained(spec)
    state, lines = store.read_state(run), read_lines(run)
    found = stop_epoch(spec.stopping, store.read_epochs(run), 1)
    assert found is not None
    assert state.status == store.FINISHED
    assert state.stopped_early == EarlyStop(*found)
    assert lines[-1]["epoch"] == found[0] < 30
    assert found[1] in run.log.read_text()
    assert state.exported_epoch == state.best_epoch < found[0]


def test_the_last_epoch_is_exported_where_the_best_is_not_wanted(trained: Trained) -> None:
    run = trained(tiny(train__epochs=4, train__learning_rate=5.0, stopping__restore_best=False))
    state = store.read_state(run)
    assert state.exported_epoch == 4
    assert Predictor.of(run.export).signature.details["epoch"] == 4
    report = json.loads((run.report / "validation.json").read_text())
    assert report["loss"] == pytest.approx(read_lines(run)[-1]["val_loss"], rel=1e-3)


def test_checkpoints_of_every_so_many_epochs_stay(trained: Trained) -> None:
    run = trained(tiny(train__epochs=7, train__keep_checkpoints=1, train__checkpoint_every=3))
    kept = {entry.epoch for entry in checkpoints.entries_of(run.checkpoints)}
    assert kept == {3, 6, 7, store.read_state(run).best_epoch}


@pytest.mark.long
def test_averaged_weights_are_measured_kept_and_exported(trained: Trained, shared_models: Path) -> None:
    spec = tiny(optimizer__ema=0.95, train__learning_rate=0.05, head__dropout=0.0)
    run, plain = trained(spec), trained(spec.with_values({"optimizer.ema": 0.0}))
    values, line = last_values(run), read_lines(run)[-1]
    assert np.array_equal(values["trained/classifier/kernel"], last_values(plain)["model/classifier/kernel"])
    assert not np.array_equal(values["trained/classifier/kernel"], values["model/classifier/kernel"])
    assert line["loss"] == read_lines(plain)[-1]["loss"], "training itself is the same"
    data = prepare(spec.data, resolve(spec).image_size, store.cache_folder(shared_models), quiet)
    rows = data.split.validation
    network, _ = network_at(run, 4)
    logits = np.asarray(network(data.pixels.images[rows].astype(np.float32), training=False))
    assert line["val_loss"] == pytest.approx(cross_entropy(logits, data.dataset.labels[rows]).loss, rel=1e-4)
    exported = Predictor.of(run.export)
    best = store.read_state(run).best_metrics["val_accuracy"]
    scores = exported.scores(data.pixels.images[rows])
    assert (scores.argmax(axis=1) == data.dataset.labels[rows]).mean() == pytest.approx(best)


@pytest.mark.long
def test_a_stage_thaws_its_blocks_and_no_others(trained: Trained) -> None:
    spec = tiny("fine-tune", **{**THAWED, "train__epochs": 1}, train__stages="all-but-1:1@0.0005")
    run = trained(spec)
    lines = read_lines(run)
    assert [line["phase"] for line in lines] == ["head", "thaw 1", "fine-tune"]
    assert lines[1]["learning_rate"]["backbone"] == pytest.approx(5e-4)
    held = {}
    for entry in checkpoints.entries_of(run.checkpoints):
        names = checkpoints.load(run.checkpoints, entry)
        held[entry.epoch] = {name for name in names if name.startswith("model/")}
    assert held[1] < held[2] < held[3]


def test_a_stage_that_freezes_what_trained_before_is_refused(shared_models: Path) -> None:
    run = store.create(shared_models, tiny("fine-tune", **THAWED, train__stages="all-but-3:1,all-but-1:1"))
    with pytest.raises(RunFailed, match="from the top down"):
        train(run, shared_models, quiet)


@pytest.mark.long
def test_random_blocks_are_those_of_the_seed_and_leave_the_pretrained_network_as_it_is(trained: Trained) -> None:
    one = tiny(train__epochs=1, backbone__output="block4")
    random = one.with_values({"backbone.keep": "block3"})
    pretrained = read_lines(trained(one))
    partly, again = (read_lines(trained(random)) for _ in range(2))
    other = read_lines(trained(random.with_values({"train.seed": 3})))
    losses = [[line["val_loss"] for line in lines] for lines in (pretrained, partly, again, other)]
    assert losses[1] == losses[2]
    assert losses[1] != losses[0]
    assert losses[1] != losses[3]
    assert [line["val_loss"] for line in read_lines(trained(one))] == losses[0]


def test_a_spec_of_defaults_trains_as_it_does_in_this_version_of_training(trained: Trained) -> None:
    """Numbers of one machine, to what a float shows. Where they change, runs begun before must say so: with another version."""
    lines = read_lines(trained(small_spec()))
    assert TRAINING_VERSION == 5
    assert [line["loss"] for line in lines] == pytest.approx([2.35531397263209, 2.308214681347211], rel=1e-4)
