"""A run that was killed, stopped or cut short goes on to the same end, bit for bit, as one that was left alone."""

from __future__ import annotations

import json
import random
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import SHALLOW, low_spec, quiet
from tests.engine.training.conftest import Trainers
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.engine.inputs import streams
from tl_core.engine.training import checkpoints, phase_loop, pipeline, recording
from tl_core.engine.training.lifecycle import train
from tl_core.engine.training.phase_loop import TRAINING_VERSION
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import TEMPORARY
from tl_core.records import Activity, Stage

pytestmark = pytest.mark.slow

HEAD = low_spec(train__epochs=4, train__batch_size=8, head__dropout=0.5, head__hidden=[16], head__l2=1e-3)
TWO_PHASES = low_spec(
    "fine-tune",
    **SHALLOW,
    backbone__freeze="all-but-1",
    train__batch_size=8,
    train__head_epochs=2,
    train__epochs=3,
    head__dropout=0.3,
    augment={"rotation": 10, "horizontal_flip": 0.5, "contrast": 0.2},
)
FROM_SCRATCH = low_spec("from-scratch", **SHALLOW, train__batch_size=8, train__epochs=4)
SPECS = {"head": HEAD, "two phases, augmented": TWO_PHASES, "from scratch, moving statistics": FROM_SCRATCH}
WHOLE = {name: spec.with_values({"backbone.output": "last"}) for name, spec in SPECS.items() if name != "head"}


def outcome(run: store.Run) -> dict[str, Any]:
    """All that a run ends with, without the seconds it took."""
    lines = [
        {name: value for name, value in line.items() if name not in ("seconds", "images_per_second")}
        for line in read_lines(run)
    ]
    newest = checkpoints.latest_whole(run.checkpoints)
    assert newest is not None
    state = store.read_state(run)
    return {
        "lines": lines,
        "weights": {name: value.tobytes() for name, value in checkpoints.load(run.checkpoints, newest).items()},
        "outputs": [(run.folder / f"{split}_outputs.bin").read_bytes() for split in store.EVALUATED_SPLITS],
        "keys": (run.report / "images.json").read_bytes(),
        "test": (run.report / "test.json").read_text(),
        "figures": [
            getattr(state, name) for name in ("status", "best_epoch", "best_metrics", "test_accuracy", "epoch")
        ],
    }


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["lines"] == other["lines"]
    assert one["figures"] == other["figures"]
    assert one["weights"].keys() == other["weights"].keys()
    assert [name for name, value in one["weights"].items() if value != other["weights"][name]] == []
    assert one["outputs"] == other["outputs"]
    assert one["keys"] == other["keys"]
    assert json.loads(one["test"]) == json.loads(other["test"])


_left_alone: dict[tuple[Path, str], dict[str, Any]] = {}


def left_alone(spec: ExperimentSpec, models: Path) -> dict[str, Any]:
    """The outcome of a run that nothing interrupts, trained once for each spec."""
    key = models, spec.digest()
    if key not in _left_alone:
        _left_alone[key] = outcome(trained_whole(spec, models))
    return _left_alone[key]


def trained_whole(spec: ExperimentSpec, models: Path) -> store.Run:
    run = store.create(models, spec)
    train(run, models, quiet)
    return run


def kill_twice(spec: ExperimentSpec, models: Path, trainers: Trainers, dice: random.Random) -> store.Run:
    """A run that was killed in two random steps, then trained to its end."""
    run = store.create(models, spec)
    for _ in range(2):
        assert trainers.train(run, dice.randrange(3, 8)) == -signal.SIGKILL, trainers.errors.read_text()[-2000:]
        assert store.read_state(run).status == store.INTERRUPTED
    assert trainers.train(run) == 0, trainers.errors.read_text()[-2000:]
    return run


@pytest.mark.parametrize("name", quick_first(SPECS, "head"))
def test_a_run_killed_at_random_batches_ends_bit_identical_to_one_left_alone(
    name: str, shared_models: Path, trainers: Trainers
) -> None:
    run = kill_twice(SPECS[name], shared_models, trainers, random.Random(name))
    assert_same(outcome(run), left_alone(SPECS[name], shared_models))


@pytest.mark.long
@pytest.mark.parametrize("name", WHOLE)
def test_a_run_of_the_whole_network_killed_at_random_batches_ends_bit_identical_to_one_left_alone(
    name: str, shared_models: Path, trainers: Trainers
) -> None:
    run = kill_twice(WHOLE[name], shared_models, trainers, random.Random(f"{name} 0"))
    assert_same(outcome(run), left_alone(WHOLE[name], shared_models))


@pytest.mark.long
@pytest.mark.parametrize("name", SPECS)
def test_a_run_stopped_at_every_so_many_batches_ends_the_same(
    name: str, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SPECS[name]
    expected = left_alone(spec, shared_models)
    monkeypatch.setattr(streams, "FIRST", 0)
    monkeypatch.setattr(streams, "MOMENT", 0)
    run, stops = store.create(shared_models, spec), 0
    for patience in (5, 21, 10_000):
        left = patience

        def stop_later(activity: Activity, _done: int, _total: int) -> None:
            nonlocal left
            left -= activity.stage == Stage.TRAINING
            if left < 0:
                raise RunStopped("stopped by the test")

        try:
            train(run, shared_models, stop_later)
            break
        except RunStopped:
            stops += 1
            assert store.read_state(run).status == store.STOPPED
    assert stops >= 2
    assert_same(outcome(run), expected)


@pytest.mark.long
def test_the_same_seed_gives_the_same_run_and_another_seed_another(shared_models: Path) -> None:
    first, again = (outcome(trained_whole(TWO_PHASES, shared_models)) for _ in range(2))
    assert_same(first, again)
    other = left_alone(TWO_PHASES.with_values({"train.seed": 1}), shared_models)
    assert other["lines"] != first["lines"]


def test_a_damaged_newest_checkpoint_costs_one_epoch_and_no_more(shared_models: Path) -> None:
    expected = left_alone(HEAD, shared_models)
    run = store.create(shared_models, HEAD)
    with pytest.raises(RunStopped):
        train(run, shared_models, _stop_in_epoch(4))
    newest = run.checkpoints / checkpoints.entries_of(run.checkpoints)[-1].file
    broken = bytearray(newest.read_bytes())
    broken[len(broken) // 2] ^= 1
    newest.write_bytes(bytes(broken))
    train(run, shared_models, quiet)
    assert_same(outcome(run), expected)
    assert "epoch 3 is damaged" in run.log.read_text()


def test_images_that_changed_since_the_run_began_are_noticed(photos_folder: Path, tmp_path: Path) -> None:
    spec = low_spec(data__images_per_class=None, data__source=f"folder:{photos_folder}", train__epochs=3)
    run = store.create(tmp_path, spec)
    with pytest.raises(RunStopped):
        train(run, tmp_path, _stop_in_epoch(2))
    removed = sorted(photos_folder.rglob("*.png"))[0]
    content = removed.read_bytes()
    removed.unlink()
    with pytest.raises(RunFailed, match="have changed since this run began"):
        train(run, tmp_path, quiet)
    assert store.read_state(run).status == store.FAILED
    removed.write_bytes(content)
    train(run, tmp_path, quiet)
    assert [line["epoch"] for line in read_lines(run)] == [1, 2, 3]


@pytest.mark.long
def test_a_folder_of_images_that_is_gone_when_a_run_goes_on_is_named_and_the_run_goes_on_once_it_is_back(
    photos_folder: Path, tmp_path: Path
) -> None:
    spec = low_spec(data__images_per_class=None, data__source=f"folder:{photos_folder}", train__epochs=3)
    run = store.create(tmp_path, spec)
    with pytest.raises(RunStopped):
        train(run, tmp_path, _stop_in_epoch(2))
    elsewhere = photos_folder.rename(tmp_path / "elsewhere")
    with pytest.raises(RunFailed, match="photos"):
        train(run, tmp_path, quiet)
    assert store.read_state(run).status == store.FAILED
    assert [line["epoch"] for line in read_lines(run)] == [1], "complete epochs are kept"
    elsewhere.rename(photos_folder)
    train(run, tmp_path, quiet)
    assert [line["epoch"] for line in read_lines(run)] == [1, 2, 3]


@pytest.mark.long
def test_a_picture_that_was_replaced_by_another_of_its_name_is_noticed(photos_folder: Path, tmp_path: Path) -> None:
    spec = low_spec(data__images_per_class=None, data__source=f"folder:{photos_folder}", train__epochs=3)
    run = store.create(tmp_path, spec)
    with pytest.raises(RunStopped):
        train(run, tmp_path, _stop_in_epoch(2))
    one, other = sorted(photos_folder.rglob("*.png"))[:2]
    one.write_bytes(other.read_bytes())
    with pytest.raises(RunFailed, match="images have changed since this run began"):
        train(run, tmp_path, quiet)


class Killed(BaseException):
    """Ends a process's work where it stands, as SIGKILL would, but inside the test."""


@pytest.mark.parametrize("classifier", ["auto", pytest.param("random-projection", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "step",
    quick_first(
        ["write_outputs", "append", "save", "write_manifest", "write_state", "finish"],
        "write_outputs",
        "save",
        "write_manifest",
    ),
)
def test_a_run_broken_off_at_any_step_of_recording_an_epoch_ends_the_same(
    step: str, classifier: str, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"train__epochs": 2} if classifier == "auto" else {"train__epochs": 10}
    spec = low_spec(head__classifier=classifier, **changes)
    expected = left_alone(spec, shared_models)
    run = store.create(shared_models, spec)

    with monkeypatch.context() as patched:
        # The last epoch is the hard one: no epoch follows that would mend what is missing.
        last = resolve(spec).epochs
        module = {"append": recording.History, "save": checkpoints, "write_manifest": checkpoints}.get(step, pipeline)
        real = getattr(module, step)

        def die_in_last_epoch(*arguments: Any, **options: Any) -> Any:
            training = options.get("epoch", last) == last if step == "write_state" else True
            if training and len(read_lines(run)) >= last - (step in ("write_outputs", "append")):
                raise Killed
            return real(*arguments, **options)

        patched.setattr(module, step, die_in_last_epoch)
        with pytest.raises((Killed, RunFailed)):
            train(run, shared_models, quiet)
    train(run, shared_models, quiet)
    assert_same(outcome(run), expected)


@pytest.mark.long
def test_a_network_that_leaves_out_branches_at_random_goes_on_with_the_same_ones(shared_models: Path) -> None:
    network = {"backbone__name": "EfficientNetB0", "backbone__weights": "random", "backbone__output": "block3"}
    spec = low_spec("fine-tune-all", **network, train__head_epochs=0, train__epochs=3, train__batch_size=8)
    run = store.create(shared_models, spec)
    with pytest.raises(RunStopped):
        train(run, shared_models, _stop_in_epoch(2))
    train(run, shared_models, quiet)
    assert_same(outcome(run), left_alone(spec, shared_models))


@pytest.mark.long
def test_pretrained_weights_that_changed_since_the_run_began_are_noticed(tmp_path: Path) -> None:
    from tl_core.backbones import BACKBONES
    from tl_core.engine.networks.build import build
    from tl_core.engine.networks.weights import randomise

    network, file = build(BACKBONES["EfficientNetLite0"], 32), tmp_path / "mine.weights.h5"
    network.save_weights(file)
    spec = low_spec(backbone__weights=f"file:{file}", train__epochs=3)
    run = store.create(tmp_path, spec)
    with pytest.raises(RunStopped):
        train(run, tmp_path, _stop_in_epoch(2))
    randomise(network, seed=7)
    network.save_weights(file)
    with pytest.raises(RunFailed, match="pretrained weights have changed since this run began"):
        train(run, tmp_path, quiet)


def test_what_a_killed_process_left_half_written_is_removed(shared_models: Path) -> None:
    run = store.create(shared_models, HEAD)
    leftovers = [run.folder / f"{TEMPORARY}a-state.json", run.folder / "export" / f"{TEMPORARY}b-model.keras"]
    for leftover in leftovers:
        leftover.parent.mkdir(exist_ok=True)
        leftover.write_text("half")
    train(run, shared_models, quiet)
    assert not any(leftover.exists() for leftover in leftovers)


@pytest.mark.long
def test_going_on_with_other_packages_is_allowed_and_said(shared_models: Path) -> None:
    run = store.create(shared_models, HEAD)
    with pytest.raises(RunStopped):
        train(run, shared_models, _stop_in_epoch(2))
    store.write_state(run, environment=replace(store.read_state(run).environment, device="another"))
    train(run, shared_models, quiet)
    assert "results may not be bit-identical" in store.read_state(run).message


@pytest.mark.parametrize(
    ("spec", "version", "message"),
    [
        (HEAD, 1, phase_loop.OTHER_TRAINING),
        (HEAD, 4, ""),
        (TWO_PHASES, 4, phase_loop.OTHER_ROUNDING),
        (TWO_PHASES, TRAINING_VERSION, ""),
    ],
)
def test_a_run_that_began_in_another_version_of_training_says_so_where_its_numbers_differ(
    spec: ExperimentSpec, version: int, message: str, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(shared_models, spec)
    begun = replace(phase_loop.environment(), training=version)
    store.write_state(run, environment=begun)
    monkeypatch.setattr(pipeline, "_train", lambda *_: None)
    monkeypatch.setattr(pipeline, "finish", lambda *_: None)
    train(run, shared_models, quiet)
    state = store.read_state(run)
    assert state.message == message
    assert state.environment == phase_loop.environment()


@pytest.mark.parametrize("updates", [False, True])
def test_a_run_from_when_random_blocks_did_not_learn_is_refused_and_one_in_which_they_did_continues(
    updates: bool, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(shared_models, FROM_SCRATCH.with_values({"train.update_batch_norm": updates}))
    store.write_state(run, environment=replace(phase_loop.environment(), training=1), epoch=2)
    monkeypatch.setattr(pipeline, "_train", lambda *_: None)
    monkeypatch.setattr(pipeline, "finish", lambda *_: None)
    if updates:
        assert train(run, shared_models, quiet).message == phase_loop.OTHER_TRAINING
    else:
        with pytest.raises(RunFailed, match="never learned"):
            train(run, shared_models, quiet)


def test_two_processes_never_train_the_same_run(shared_models: Path, trainers: Trainers) -> None:
    run = store.create(shared_models, HEAD)

    def train_it_again(activity: Activity, _done: int, _total: int) -> None:
        if activity == Activity(Stage.TRAINING, 2):
            assert trainers.train(run) == 1
            assert f"Another process is training {run.id}" in trainers.errors.read_text()
            raise RunStopped("seen")

    with pytest.raises(RunStopped, match="seen"):
        train(run, shared_models, train_it_again)
    assert store.read_state(run).status == store.STOPPED


def _stop_in_epoch(epoch: int) -> Any:
    def progress(activity: Activity, _done: int, _total: int) -> None:
        if activity == Activity(Stage.TRAINING, epoch):
            raise RunStopped("stopped by the test")

    return progress


@pytest.fixture
def photos_folder(tmp_path: Path) -> Path:
    from PIL import Image

    folder, random_numbers = tmp_path / "photos", np.random.default_rng(0)
    for label, colour in (("blue", 2), ("red", 0)):
        (folder / label).mkdir(parents=True)
        for number in range(12):
            pixels = random_numbers.integers(0, 120, (20, 20, 3), dtype=np.uint8)
            pixels[..., colour] += 120
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder
