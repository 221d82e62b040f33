"""Whatever is wrong with a command: exit status 2, a sentence for each problem, no trace, nothing left behind."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Lab, Said
from tests.conftest import Photos
from tl_core import store
from tl_core.cli.main import lab as commands
from tl_core.experiment.spec import ExperimentSpec

PRESET = "feature-extraction"
TRAIN = ("train", PRESET)

BAD = {
    "no such command": (("trian",), "Did you mean train?"),
    "no such option": (("runs", "--jsn"), "--jsn"),
    "option without its value": (("runs", "--models"), "--models"),
    "argument missing": (("train",), "SPEC|PRESET"),
    "image missing": (("predict", "last"), "IMAGE"),
    "argument too many": (("runs", "extra"), "extra"),
    "no such preset": (("train", "feature-extration"), "Did you mean feature-extraction?"),
    "no such file": (("plan", "nowhere.json"), "nowhere.json: there is no such file"),
    "a folder as spec": (("spec", "/"), "is not a spec"),
    "no such setting": ((*TRAIN, "--set", "head.droput=0.5"), "Did you mean head.dropout"),
    "no such group": ((*TRAIN, "--set", "heed.dropout=0.5"), "Did you mean head.dropout"),
    "a path too long": ((*TRAIN, "--set", "head.dropout.much=1"), "Did you mean head.dropout?"),
    "a group as setting": ((*TRAIN, "--set", "head=1"), "is a group of settings"),
    "no value": ((*TRAIN, "--set", "head.dropout"), "path=value"),
    "no path": ((*TRAIN, "--set", "=1"), "path=value"),
    "a value out of range": ((*TRAIN, "--set", "head.dropout=2"), "head.dropout: received 2; allowed is"),
    "a value of another kind": ((*TRAIN, "--set", "train.epochs=many"), 'train.epochs: received "many"'),
    "no such choice": ((*TRAIN, "--set", "head.pooling=mean"), "avg or max"),
    "no such augmentation": ((*TRAIN, "--set", "augment=rotatoin"), "Did you mean rotation?"),
    "no such block": ((*TRAIN, "--set", "backbone.freeze=blok3"), "Did you mean block3"),
    "no such backbone": ((*TRAIN, "--set", "backbone.name=resnet50v9"), "Did you mean ResNet50"),
    "no such source": ((*TRAIN, "--data", "plaground"), "Did you mean playground?"),
    "no such knob": ((*TRAIN, "--data", "playground:clases=3"), "classes"),
    "no such folder": ((*TRAIN, "--data", "folder:/no/such/folder"), "there is no folder"),
    "a setting without effect": ((*TRAIN, "--set", "train.head_epochs=3"), "has no effect"),
    "an image too small": (
        (*TRAIN, "--set", "backbone.name=Xception", "--set", "data.image_size=64"),
        "71 pixels or more",
    ),
    "missing weights": ((*TRAIN, "--set", "backbone.weights=file:/no/such.h5"), "/no/such.h5"),
    "nothing to show": (("show", "last"), "has no runs yet"),
    "nothing to resume": (("resume", "last"), "has no runs yet"),
    "nothing to evaluate": (("evaluate", "last", "digits"), "has no runs yet"),
    "nothing to predict with": (("predict", "last", "photo.jpg"), "has no runs yet"),
}


def check_refused(said: Said, part: str) -> None:
    assert said.status == 2
    assert said.out == ""
    assert said.err.count("\n") == len(said.errors) == 1
    assert part in said.errors[0]
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("arguments", "part"), BAD.values(), ids=BAD)
def test_bad_input_is_said_in_one_sentence_and_nothing_is_started(
    lab: Lab, models: Path, arguments: tuple[str, ...], part: str
) -> None:
    check_refused(lab(*arguments), part)
    assert list(models.iterdir()) == []


def test_each_problem_has_a_sentence_of_its_own(lab: Lab) -> None:
    said = lab(*TRAIN, "--set", "head.dropout=2", "--set", "train.epochs=0", "--set", "data.image_size=1")
    assert said.status == 2
    assert [sentence.split(":")[0] for sentence in said.errors] == ["data.image_size", "head.dropout", "train.epochs"]


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000], ids=["empty", "torn", "a list", "nested without end"])
def test_a_spec_from_standard_input_that_is_none(lab: Lab, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    check_refused(lab("plan", "-"), "standard input")


def test_a_models_folder_that_is_a_file(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_refused(lab("runs", "--models", tmp_path / "file"), "is a file")
    check_refused(lab(*TRAIN, "--models", tmp_path / "file" / "inside"), "is not writable")


@pytest.fixture
def run(models: Path) -> store.Run:
    return store.create(models, ExperimentSpec(), "made")


def test_a_finished_run_is_not_resumed(lab: Lab, run: store.Run) -> None:
    store.write_state(run, status=store.FINISHED)
    check_refused(lab("resume", run.id), "is finished")


def test_a_finished_run_and_one_without_checkpoints_are_not_exported(lab: Lab, run: store.Run) -> None:
    store.write_state(run, status=store.FINISHED)
    check_refused(lab("export", run.id), "already exported")
    store.write_state(run, status=store.STOPPED)
    check_refused(lab("export", run.id), "keeps no checkpoint")


def test_a_run_that_trains_is_not_resumed(lab: Lab, run: store.Run) -> None:
    store.write_state(run, status=store.RUNNING, **store.this_process())
    check_refused(lab("resume", "last"), "is training right now")


def test_an_unknown_run_names_near_ones(lab: Lab, run: store.Run) -> None:
    check_refused(lab("show", run.id[:-1] + "_"), f"Did you mean {run.id}?")


def test_a_run_with_a_damaged_spec_is_listed_but_not_shown(lab: Lab, run: store.Run) -> None:
    (run.folder / "spec.json").write_text("{")
    assert run.id in lab("runs").out
    check_refused(lab("show", "last"), "spec.json")


def test_a_run_with_a_damaged_state_is_listed_as_unreadable(lab: Lab, run: store.Run) -> None:
    (run.folder / "state.json").write_text("[")
    listed = lab("runs")
    assert listed.status == 0
    assert f"{run.id}  unreadable" in listed.out
    assert "state.json:isdamaged" in "".join(lab("show", "last").out.split())  # Wherever lines are broken.


def test_a_missing_image_is_named_before_anything_is_loaded(lab: Lab, run: store.Run, photos: Photos) -> None:
    there = next(photos("cat").glob("*/*.png"))
    check_refused(
        lab("predict", "last", "nowhere.png", "gone.png"), "nowhere.png (there is no file or folder of this name)"
    )
    (there.parent / "empty").mkdir()
    check_refused(lab("predict", "last", there.parent / "empty"), "empty (no image in this folder)")


@pytest.mark.parametrize("name", list(commands.commands))
def test_every_command_has_help_with_an_example_and_takes_models_and_json(lab: Lab, name: str) -> None:
    said = lab(name, "--help")
    assert said.status == 0
    assert "python -m tl_core" in said.out.split("\n", 1)[1]
    assert "--json" in said.out
    options = {text for parameter in commands.commands[name].params for text in parameter.opts}
    assert {"--models", "--json"} <= options


def test_the_help_lists_every_command_with_a_whole_sentence(lab: Lab) -> None:
    for asked in ((), ("--help",), ("-h",)):
        said = lab(*asked)
        assert said.status == 0
        assert "..." not in said.out.split("Commands:")[1]
        for name in commands.commands:
            assert f"\n  {name} " in said.out
