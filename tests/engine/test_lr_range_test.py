"""The learning rate range test: what it finds on networks that can be judged, and that it leaves nothing behind."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import SHALLOW, quiet, small_spec
from tests.epoch_lines import read_lines
from tl_core import forks, store
from tl_core.engine import lr_range_test, lr_sweep
from tl_core.engine.lr_range_test import run_range_test
from tl_core.engine.lr_sweep import Mean, Sweep, smoothed, suggested
from tl_core.engine.training.lifecycle import train
from tl_core.errors import BadInput, RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Stage
from tl_core.results.lr_range_test import FEWEST_IMAGES, FEWEST_STEPS, Finding, read_finding, rounded

HEAD = small_spec(data__images_per_class=60)
SPECS = {
    "frozen": HEAD,
    "frozen, uncached": small_spec(train__feature_cache="off"),
    "augmented": small_spec(augment={"rotation": 10, "mixup": 0.4}),
    "stored views": small_spec(augment={"rotation": 10}, train__views=2),
    "fine-tuned": small_spec(
        "fine-tune",
        **SHALLOW,
        backbone__freeze="all-but-1",
        train__layer_decay=0.5,
        optimizer__ema=0.9,
        train__batch_size=16,
    ),
    "two classes": small_spec(data__source="playground:classes=2,images_per_class=20"),
}
OTHERS = [name for name in SPECS if name not in ("frozen", "augmented", "fine-tuned")]


@pytest.fixture(scope="module")
def head(shared_models: Path) -> Finding:
    return run_range_test(resolve(HEAD), shared_models)


@pytest.mark.slow
@pytest.mark.parametrize("name", quick_first(SPECS, "fine-tuned"))
def test_every_kind_of_experiment_can_be_tested(name: str, shared_models: Path) -> None:
    spec = SPECS[name]
    found = run_range_test(resolve(spec), shared_models)
    count = len(found.rates)
    assert count == len(found.losses) == len(found.smoothed) >= FEWEST_STEPS // 2
    assert list(found.rates) == sorted(found.rates) and found.rates[0] == pytest.approx(lr_sweep.LOWEST)
    assert all(np.isfinite([*found.losses, *found.smoothed, *(loss for _, loss in found.val_losses)]))
    assert {rate for rate, _ in found.val_losses} <= set(found.rates)
    spec.with_values(found.settings)  # What is suggested is allowed.
    assert (found.backbone_share is not None) == (name == "fine-tuned")
    assert read_finding(asdict(found)) == found


@pytest.mark.long
@pytest.mark.slow
def test_the_suggested_rate_learns_where_the_lowest_does_not_and_the_highest_diverges(
    head: Finding, shared_models: Path
) -> None:
    assert head.suggestion is not None and head.careful is not None
    assert 1e-3 < head.careful <= head.suggestion < 1
    ends = {}
    for rate in (lr_sweep.LOWEST, head.suggestion, 10.0):
        run = store.create(shared_models, HEAD.with_values({"train.learning_rate": rate}))
        train(run, shared_models, quiet)
        ends[rate] = read_lines(run)[-1]["val_loss"]
    assert ends[head.suggestion] < ends[lr_sweep.LOWEST] / 2
    assert ends[head.suggestion] < ends[10.0] / 2


@pytest.mark.slow
def test_rates_far_too_low_change_nothing_and_far_too_high_end_the_test(head: Finding) -> None:
    first, lowest = head.val_losses[0][1], min(loss for _, loss in head.val_losses)
    assert head.val_losses[1][1] == pytest.approx(first, rel=1e-3)
    assert lowest < first / 2 < head.smoothed[-1]
    assert head.diverged


@pytest.mark.long
@pytest.mark.slow
def test_the_same_experiment_has_the_same_finding_and_another_seed_another(head: Finding, shared_models: Path) -> None:
    assert run_range_test(resolve(HEAD), shared_models) == head
    assert run_range_test(resolve(HEAD.with_values({"train.seed": 1})), shared_models).losses != head.losses


@pytest.mark.slow
@pytest.mark.long
def test_it_changes_neither_runs_nor_random_states_nor_what_is_trained_next(tmp_path: Path) -> None:
    spec = small_spec(data__images_per_class=4, train__epochs=1)
    random.seed(1)
    np.random.seed(1)
    before, numbers = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    run_range_test(resolve(spec), tmp_path)
    assert random.getstate() == before
    assert np.random.get_state()[1].tolist() == numbers  # type: ignore[union-attr]
    assert [entry.name for entry in tmp_path.iterdir()] == ["cache"]
    weights = []
    for models in (tmp_path, tmp_path / "untouched"):
        run = store.create(models, spec)
        train(run, models, quiet)
        weights.append([line["val_loss"] for line in read_lines(run)])
    assert weights[0] == weights[1]


@pytest.mark.long
@pytest.mark.slow
def test_a_fork_is_tested_from_its_parents_weights(shared_models: Path) -> None:
    parent = store.create(shared_models, HEAD.with_values({"train.learning_rate": 0.05, "train.epochs": 3}))
    train(parent, shared_models, quiet)
    fork = forks.continued(parent, 3)
    reached, runs = read_lines(parent)[-1]["val_loss"], len(store.runs(shared_models))
    found = run_range_test(resolve(fork), shared_models)
    assert found.val_losses[0][1] == pytest.approx(reached, rel=0.2)
    assert len(store.runs(shared_models)) == runs
    with pytest.raises(BadInput, match="keeps no checkpoint of epoch 9"):
        run_range_test(resolve(fork.with_values({"start": {"run": parent.id, "epoch": 9}})), shared_models)


@pytest.mark.slow
def test_a_phase_can_be_chosen_by_its_name_and_an_unknown_one_names_those_there_are(shared_models: Path) -> None:
    spec = small_spec("fine-tune", **SHALLOW, backbone__freeze="all-but-1", train__head_epochs=1)
    assert run_range_test(resolve(spec), shared_models, phase="head").backbone_share is None
    with pytest.raises(BadInput, match="This experiment has: head, fine-tune") as raised:
        run_range_test(resolve(spec), shared_models, phase="middle")
    assert raised.value.problems[0].path == "phase"


@pytest.mark.slow
@pytest.mark.long
def test_it_can_be_stopped_at_any_stage_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    seen: set[Activity] = set()

    def watch(activity: Activity, _done: int, _total: int) -> None:
        seen.add(activity)

    run_range_test(resolve(SPECS["frozen"]), tmp_path, watch)
    assert {Activity(Stage.BUILDING), Activity(Stage.FEATURES), lr_sweep.TESTING} <= seen
    for stage in (Activity(Stage.FEATURES), lr_sweep.TESTING):

        def stop(activity: Activity, _done: int, _total: int, stage: Activity = stage) -> None:
            if activity == stage:
                raise RunStopped("enough")

        models = tmp_path / stage.stage.name
        with pytest.raises(RunStopped):
            run_range_test(resolve(SPECS["frozen"]), models, stop)
        assert not list(models.rglob(".tmp-*"))


@pytest.mark.slow
def test_where_steps_or_features_are_slow_there_are_fewer_and_what_has_begun_is_brought_to_its_end(
    shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lr_sweep, "_tried", lambda _trainer: (1.0, 0.0))
    found = run_range_test(resolve(HEAD), shared_models, seconds=FEWEST_STEPS + 60)
    assert FEWEST_STEPS <= len(found.rates) + 5 <= FEWEST_STEPS + 65 < lr_sweep.THOROUGH.steps
    monkeypatch.setattr(lr_range_test, "FOR_FEATURES", 0.0)
    monkeypatch.setattr(lr_sweep, "_tried", lambda _trainer: (100.0, 100.0))
    least = run_range_test(resolve(HEAD), shared_models, seconds=5.0)
    assert least.images == FEWEST_IMAGES[0]
    assert FEWEST_STEPS // 2 < len(least.rates) <= FEWEST_STEPS


@pytest.mark.slow
def test_only_the_images_that_a_short_test_uses_are_decoded(
    tmp_path: Path, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = lr_sweep.Effort(train=40, validation=20, steps=30, measures=3)
    monkeypatch.setattr(lr_range_test, "QUICK", few)
    seen: set[int] = set()

    def watch(activity: Activity, _done: int, total: int) -> None:
        if activity.stage == Stage.DECODING:
            seen.add(total)

    found = run_range_test(resolve(HEAD), tmp_path, watch, seconds=500)
    assert seen == {60}
    assert not (tmp_path / "cache" / "pixels").exists()
    assert found == run_range_test(resolve(HEAD), shared_models, seconds=500)  # There they are in the cache.


def test_what_takes_too_long_even_in_its_smallest_form_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    slow = small_spec(
        backbone__name="VGG16", backbone__freeze="none", data__image_size=512, data__source="folder:/nowhere"
    )

    def watch(activity: Activity, _done: int, _total: int) -> None:
        raise AssertionError(activity)

    with pytest.raises(RunFailed, match=r"Even a short test of this experiment takes about .* lr-find"):
        run_range_test(resolve(slow), tmp_path, watch, seconds=60.0)


@pytest.mark.slow
@pytest.mark.long
def test_trying_how_long_a_step_takes_changes_nothing(shared_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = small_spec("fine-tune", **SHALLOW, backbone__freeze="all-but-1", train__update_batch_norm=True)
    monkeypatch.setattr(lr_range_test, "QUICK", lr_range_test.THOROUGH)
    assert run_range_test(resolve(spec), shared_models, seconds=500) == run_range_test(resolve(spec), shared_models)


def test_a_solved_classifier_has_no_learning_rate(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no learning rate") as raised:
        run_range_test(resolve(small_spec(head__classifier="logistic-regression")), tmp_path)
    assert raised.value.problems[0].path == "head.classifier"


def swept(losses: Any) -> Sweep:
    """A sweep that saw these losses."""
    seen = np.asarray(losses, float).tolist()
    return Sweep(np.geomspace(lr_sweep.LOWEST, lr_sweep.HIGHEST, len(seen)).tolist(), seen, [], False, len(seen))


def a_valley(steepest: float, lowest: float, noise: float = 0.0) -> Sweep:
    """Losses that fall most steeply at one rate, are lowest at another, and then explode."""
    places = np.log10(np.geomspace(lr_sweep.LOWEST, lr_sweep.HIGHEST, 100))
    falling = 2 - 1.8 / (1 + np.exp(-3 * (places - np.log10(steepest))))
    rising = np.where(places > np.log10(lowest), 8 * (places - np.log10(lowest)) ** 2, 0)
    return swept(falling + rising + np.random.default_rng(0).normal(0, noise, 100))


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("steepest", [1e-4, 1e-3, 1e-2])
def test_the_steepest_descent_is_found_in_noise(steepest: float, noise: float) -> None:
    seen = a_valley(steepest, steepest * 50, noise)
    found, careful = suggested(seen, smoothed(seen))
    assert found is not None and careful is not None
    assert abs(np.log10(found / steepest)) < 0.4
    assert abs(np.log10(careful / (steepest * 5))) < 0.4


@pytest.mark.parametrize("losses", [np.full(50, 2.3), np.linspace(2, 9, 50)], ids=["flat", "rising"])
def test_a_loss_that_never_falls_suggests_nothing(losses: np.ndarray) -> None:
    seen = swept(losses)
    assert suggested(seen, smoothed(seen)) == (None, None)


def test_smoothing_leaves_a_straight_course_as_it_is_and_takes_most_of_the_noise() -> None:
    assert smoothed(swept(np.full(60, 2.0))) == pytest.approx(2.0)
    noisy = swept(np.random.default_rng(0).normal(2, 0.5, 100))
    assert smoothed(noisy).std() < 0.25


def test_divergence_is_a_mean_far_above_the_lowest_and_the_first_or_no_number() -> None:
    mean = Mean()
    assert not any(mean.has_diverged(loss) for loss in (2.0, 2.1, 1.5, 0.2, 0.2, 0.2, 0.2, 0.2, 1.5))
    assert [mean.has_diverged(9.0) for _ in range(10)][-1]
    assert Mean().has_diverged(float("nan"))


@pytest.mark.parametrize(("rate", "written"), [(0.0021379, 0.0021), (1.04e-5, 1e-5), (0.95, 0.95)])
def test_rates_are_rounded_to_two_figures(rate: float, written: float) -> None:
    assert rounded(rate) == written


def test_a_suggestion_is_a_change_of_settings() -> None:
    values: dict[str, Any] = {"rates": (), "losses": (), "smoothed": (), "val_losses": (), "diverged": True}
    found = Finding(phase="fine-tune", backbone_share=0.01, steepest=0.02, careful=0.01, images=9, **values)
    assert found.settings == {"train.learning_rate": 0.02, "train.backbone_learning_rate": 0.0002}
    assert ExperimentSpec().with_values(found.settings).train.learning_rate == 0.02
    nothing = Finding(phase="head", backbone_share=None, steepest=None, careful=None, images=9, **values)
    assert nothing.settings == {}
