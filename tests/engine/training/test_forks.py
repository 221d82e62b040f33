"""Forks that are trained: they begin bit for bit where their parent was, and end the same whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import SHALLOW, quiet, small_spec
from tests.engine.training.test_resume import assert_same, outcome
from tests.epoch_lines import read_lines
from tl_core import forks, store
from tl_core.engine.training import weights
from tl_core.engine.training.lifecycle import train
from tl_core.engine.training.weights import OTHER_IMAGES, first_network, network_at, start_identity
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.records import Activity, Stage

pytestmark = pytest.mark.slow

CHANGES = {"backbone.freeze": "all-but-3", "train.learning_rate": 1e-4, "head.dropout": 0.5, "train.epochs": 2}


@pytest.fixture(scope="module")
def parent(shared_models: Path) -> store.Run:
    """A run that trained its head for an epoch, then the top of its backbone for one."""
    few = {**SHALLOW, "backbone__output": "block3", "train__batch_size": 8, "head__dropout": 0.0}
    spec = small_spec("fine-tune", **few, train__head_epochs=1, train__epochs=1, backbone__freeze="all-but-1")
    run = store.create(shared_models, spec, "parent")
    train(run, shared_models, quiet)
    return run


def weights_of(model: Any) -> dict[str, bytes]:
    named = {variable.path: np.asarray(variable).tobytes() for variable in model.weights}
    return {path: value for path, value in named.items() if "seed_generator" not in path}


@pytest.mark.parametrize("epoch", quick_first([1, 2], 2))
def test_a_fork_begins_with_its_parents_weights_bit_for_bit(shared_models: Path, parent: store.Run, epoch: int) -> None:
    fork = forks.fork(shared_models, parent, epoch, CHANGES)
    begun = first_network(fork, resolve(store.read_spec(fork)), store.classes_of(parent))
    reached, _ = network_at(parent, epoch)
    assert weights_of(begun) == weights_of(reached)


@pytest.mark.long
def test_what_is_frozen_in_a_fork_is_what_its_parent_trained(shared_models: Path, parent: store.Run) -> None:
    changes = {"backbone.freeze": "all", "train.learning_rate": 1e-7, "train.epochs": 1}
    fork = forks.fork(shared_models, parent, 2, changes)
    train(fork, shared_models, quiet)
    before, after = read_lines(fork)[-2:]
    # At so low a rate the network stays: other features would give other losses.
    assert after["val_loss"] == pytest.approx(before["val_loss"], rel=1e-3)
    assert start_identity(fork, store.read_spec(fork)) != ""
    served, _ = network_at(fork, 3)
    reached, _ = network_at(parent, 2)
    different = {path for path, value in weights_of(served).items() if value != weights_of(reached)[path]}
    assert different <= {"classifier/kernel", "classifier/bias"}


def test_a_fork_of_a_head_shares_its_parents_features(shared_models: Path, parent: store.Run) -> None:
    fork = forks.fork(shared_models, parent, 1, {"backbone.freeze": "all", "train.epochs": 1})
    assert start_identity(fork, store.read_spec(fork)) == ""
    seen: list[Activity] = []
    train(fork, shared_models, lambda activity, _done, _total: seen.append(activity))
    assert Activity(Stage.FEATURES) not in seen


@pytest.fixture(scope="module")
def expected(shared_models: Path, parent: store.Run) -> dict[str, Any]:
    fork = forks.fork(shared_models, parent, 2, CHANGES)
    train(fork, shared_models, quiet)
    return outcome(fork)


@pytest.mark.long
def test_the_curve_goes_on_from_the_parents(expected: dict[str, Any], parent: store.Run) -> None:
    lines, before = expected["lines"], read_lines(parent)
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert [line.get("inherited") for line in lines] == [parent.id, parent.id, None, None]
    assert [line["val_loss"] for line in lines[:2]] == [line["val_loss"] for line in before]
    assert expected["figures"][0] == store.FINISHED and expected["figures"][1] in (3, 4)


@pytest.mark.long
@pytest.mark.parametrize("moment", [Activity(Stage.BUILDING), Activity(Stage.TRAINING, 3), Activity(Stage.TRAINING, 4)])
def test_a_fork_stopped_before_or_after_its_first_epoch_ends_the_same_without_its_parent(
    shared_models: Path, parent: store.Run, expected: dict[str, Any], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = forks.fork(shared_models, parent, 2, CHANGES)

    def stop(activity: Activity, _done: int, _total: int) -> None:
        if activity == moment:
            raise RunStopped("stopped by the test")

    with pytest.raises(RunStopped):
        train(fork, shared_models, stop)
    hidden = parent.folder.with_name(f".tmp-{parent.id}")
    parent.folder.rename(hidden)
    try:
        train(fork, shared_models, quiet)
    finally:
        hidden.rename(parent.folder)
    assert_same(outcome(fork), expected)


def test_a_fork_whose_start_is_damaged_or_gone_fails_in_a_sentence(shared_models: Path, parent: store.Run) -> None:
    fork = forks.fork(shared_models, parent, 2, CHANGES)
    (fork.folder / "start.npz").write_bytes(b"no weights")
    with pytest.raises(RunFailed, match="damaged"):
        train(fork, shared_models, quiet)
    assert store.read_state(fork).status == store.FAILED
    (fork.folder / "start.json").unlink()
    with pytest.raises(RunFailed, match="Fork its parent again"):
        train(fork, shared_models, quiet)


def test_a_fork_whose_classes_became_others_is_not_trained(shared_models: Path, parent: store.Run) -> None:
    fork = forks.fork(shared_models, parent, 2, CHANGES)
    with pytest.raises(RunFailed, match="differ from those of the fork"):
        first_network(fork, resolve(store.read_spec(fork)), ("cat", "dog"))


def test_a_fork_of_a_run_of_before_with_decomposed_class_names_starts(
    shared_models: Path, parent: store.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions stored the names as the file system had them; now they are composed."""
    fork = forks.fork(shared_models, parent, 2, CHANGES)
    experiment = resolve(store.read_spec(fork))
    start = weights._start_of(fork, experiment)
    assert start is not None
    of_before = replace(start, classes=tuple(f"cafe\u0301 {name}" for name in start.classes))
    monkeypatch.setattr(weights, "_start_of", lambda *_: of_before)
    first_network(fork, experiment, tuple(f"caf\u00e9 {name}" for name in start.classes))
    with pytest.raises(RunFailed, match="differ from those of the fork"):
        first_network(fork, experiment, tuple(f"cafe {name}" for name in start.classes))


def test_a_fork_on_other_images_of_the_same_name_says_so_and_drops_the_losses_of_the_parents(
    shared_models: Path, parent: store.Run, caplog: pytest.LogCaptureFixture
) -> None:
    fork = forks.fork(shared_models, parent, 2, CHANGES)
    spec, classes, losses = store.read_spec(fork), store.classes_of(parent), fork.folder / "val_outputs.bin"
    assert losses.exists()
    first_network(fork, resolve(spec), classes, data=store.read_state(parent).data)
    assert losses.exists()
    assert OTHER_IMAGES not in caplog.text
    first_network(fork, resolve(spec), classes, data="one photo more")
    assert not losses.exists()
    assert OTHER_IMAGES in caplog.text
