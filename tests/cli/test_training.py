"""Training, stopping, resuming, measuring and predicting from a terminal; signals reach real processes."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import LAB, SMALL, SOURCE, Lab, Said, Trained, last_object, on_terminal, plain
from tests.conftest import Photos
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.experiment.presets import PRESETS
from tl_core.files import read_json

pytestmark = pytest.mark.slow


@pytest.fixture
def finished(trained_once: Trained) -> Said:
    """What training a run to its end printed."""
    return trained_once.said


@pytest.fixture
def run(parent: store.Run) -> store.Run:
    """That run."""
    return parent


def test_training_ends_with_one_object(finished: Said, run: store.Run) -> None:
    made = last_object(finished)
    assert finished.out.count("\n") == 1
    assert made["status"] == "finished"
    assert made["epochs"] == 3
    assert made["best_epoch"] in (1, 2, 3)
    for name in ("val_accuracy", "test_accuracy"):
        assert 0 <= made[name] <= 1
    assert made["val_loss"] > 0 and made["seconds"] > 0
    assert [line["epoch"] for line in read_lines(run)] == [1, 2, 3]


def test_training_tells_people_each_epoch(finished: Said) -> None:
    assert "1 of 3  head" in finished.err
    assert "Best epoch" in finished.err
    assert "\x1b" not in finished.err  # No bar where there is no terminal.
    assert "Traceback" not in finished.err and "error" not in finished.err.lower()


def test_a_finished_run_is_listed_and_shown(lab: Lab, run: store.Run, folder: Path) -> None:
    assert f"{run.id}  finished" in lab("runs", "--models", folder).out
    shown = lab("show", run.id, "--models", folder)
    assert shown.status == 0
    for part in ("finished", "3 of 3 epochs", "clean loss", "Checkpoints: ", "test part: accuracy", "mug", "precision"):
        assert part in shown.out
    made = last_object(lab("show", run.id, "--models", folder, "--json"))
    assert len(made["metrics"]) == 3
    assert made["spec"] == store.read_spec(run).to_json()


def test_a_finished_run_is_not_trained_again(lab: Lab, run: store.Run, folder: Path) -> None:
    said = lab("resume", run.id, "--models", folder)
    assert said.status == 2
    assert "is finished" in said.errors[0]


def test_a_run_that_was_stopped_is_exported_as_it_was_at_its_end(
    lab: Lab, run: store.Run, folder: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(folder, tmp_path / "own"))
    before, run = store.read_state(run), store.find_run(own, run.id)
    details = read_json(run.export / "signature.json")["details"]
    shutil.rmtree(run.export)
    store.write_state(run, status=store.STOPPED, exported_epoch=None, test_accuracy=None, test_loss=None)
    said = lab("export", run.id, "--models", own, "--json")
    assert said.status == 0, said.err
    made = last_object(said)
    assert (made["status"], made["test_accuracy"]) == (store.STOPPED, before.test_accuracy)
    assert read_json(run.export / "signature.json")["details"] == details


def test_evaluating_measures_every_image_of_the_source(lab: Lab, run: store.Run, folder: Path) -> None:
    said = lab("evaluate", run.id, SOURCE, "--models", folder, "--json")
    assert said.status == 0, said.err
    made = last_object(said)
    assert made["images"] == 60
    assert [row["name"] for row in made["classes"]] == ["mug", "duck", "house"]
    assert sum(map(sum, made["confusion"])) == 60
    assert made["accuracy"] == pytest.approx(sum(made["confusion"][i][i] for i in range(3)) / 60)


def test_evaluating_on_classes_the_network_does_not_know_is_refused(lab: Lab, run: store.Run, folder: Path) -> None:
    said = lab("evaluate", run.id, "digits", "--models", folder)
    assert said.status == 2
    assert "classes unknown to the network" in said.errors[0]


def picture(path: Path) -> Path:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)).save(path)
    return path


def test_predicting_names_the_classes_of_an_image(lab: Lab, run: store.Run, folder: Path, tmp_path: Path) -> None:
    image = picture(tmp_path / "photo.png")
    said = lab("predict", run.id, image, "--models", folder, "--json")
    assert said.status == 0, said.err
    (prediction,) = last_object(said)["predictions"]
    assert prediction["image"] == str(image)
    assert set(prediction["classes"]) == {"mug", "duck", "house"}
    assert sum(prediction["classes"].values()) == pytest.approx(1, abs=1e-5)


def test_predicting_for_people_is_a_line_an_image(lab: Lab, run: store.Run, folder: Path, tmp_path: Path) -> None:
    images = [picture(tmp_path / name) for name in ("one.png", "[two].jpg")]
    said = lab("predict", run.id, *images, "--top", "2", "--models", folder)
    assert said.status == 0
    titles, one, two = said.out.splitlines()
    assert titles.split() == ["image", "1.", "2."]
    assert one.startswith(str(images[0])) and two.startswith(str(images[1]))
    assert len(one.split()) == 5


def test_files_that_are_no_pictures_are_refused_with_the_reason(
    lab: Lab, run: store.Run, folder: Path, tmp_path: Path
) -> None:
    files = {"text.jpg": b"no picture at all", "empty.jpg": b"", "first bytes.png": b"\x89PNG\r\n\x1a\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for flags in ((), ("--json",)):
        said = lab("predict", run.id, *(tmp_path / name for name in files), "--models", folder, *flags)
        assert said.status == 2
        assert said.err.count("\n") == len(said.errors)
        assert "no image could be read" in said.errors[0]
        assert all(name in said.err for name in files)
        assert bool(said.out) == bool(flags), "without --json nothing but the sentence"


def test_a_bad_image_does_not_keep_a_good_one_from_its_prediction(
    lab: Lab, run: store.Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.jpg").write_text("no picture")
    good = picture(tmp_path / "good.png")
    said = lab("predict", run.id, tmp_path / "bad.jpg", good, "--models", folder)
    assert said.status == 0
    assert str(good) in said.out and "bad.jpg" not in said.out
    assert "skipped" in said.err and "bad.jpg" in said.err
    made = last_object(lab("predict", run.id, tmp_path / "bad.jpg", good, "--models", folder, "--json"))
    assert [item["file"] for item in made["skipped"]] == [str(tmp_path / "bad.jpg")]


def test_a_folder_is_classified_and_a_missing_path_is_named(
    lab: Lab, run: store.Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos" / "inner").mkdir(parents=True)
    inside = [picture(tmp_path / "photos" / name) for name in ("1.png", "inner/2.jpg")]
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    alone = picture(tmp_path / "alone.png")
    said = lab("predict", run.id, tmp_path / "gone.jpg", tmp_path / "photos", alone, "--models", folder, "--json")
    assert said.status == 0, said.err
    made = last_object(said)
    assert [one["image"] for one in made["predictions"]] == [str(file) for file in (*inside, alone)]
    reasons = {item["file"]: item["reason"] for item in made["skipped"]}
    assert reasons == {
        str(tmp_path / "gone.jpg"): "there is no file or folder of this name",
        str(tmp_path / "photos" / "notes.txt"): "not the name of an image file",
    }
    assert all(name in said.err for name in reasons)


@pytest.fixture
def queued(folder: Path) -> store.Run:
    """A run that has not begun; its features are there."""
    return store.create(folder, PRESETS["feature-extraction"].spec({"data.source": SOURCE, "data.image_size": 64}))


def test_a_run_that_has_not_ended_predicts_nothing(lab: Lab, queued: store.Run, folder: Path, tmp_path: Path) -> None:
    said = lab("predict", queued.id, picture(tmp_path / "photo.png"), "--models", folder)
    assert said.status == 2
    assert "export it" in said.errors[0]


def wait_for(condition: Any, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stopped_by(number: signal.Signals, folder: Path, epochs: int, lines: int) -> tuple[store.Run, Said]:
    """A run that was sent a signal once it had so many epochs."""
    before = set(store.runs(folder))
    arguments = [*LAB, "train", *SMALL, "--set", f"train.epochs={epochs}", "--json", "--models", str(folder)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: set(store.runs(folder)) - before, process)
    (made,) = set(store.runs(folder)) - before
    wait_for(lambda: len(read_lines(made)) >= lines, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return made, Said(process.returncode, out, err)


@pytest.mark.long
def test_a_stopped_run_goes_on_where_it_was(lab: Lab, folder: Path) -> None:
    made, said = stopped_by(signal.SIGINT, folder, epochs=80, lines=2)
    assert said.status == 130
    assert last_object(said)["status"] == "stopped"
    assert said.errors == ["Stopped by SIGINT; complete epochs are kept."]
    assert f"resume {made.id} --models" in said.err
    assert "Traceback" not in said.err
    reached = read_lines(made)
    assert 2 <= len(reached) < 80
    resumed = lab("resume", made.id, "--models", folder, "--json")
    assert resumed.status == 0, resumed.err
    lines = read_lines(made)
    assert [line["epoch"] for line in lines] == list(range(1, 81))
    assert lines[: len(reached)] == reached
    assert last_object(resumed)["epochs"] == 80


@pytest.mark.long
def test_a_run_stopped_while_tensorflow_loads_can_go_on(folder: Path) -> None:
    made, said = stopped_by(signal.SIGTERM, folder, epochs=2, lines=0)
    assert said.status == 130
    assert said.errors == ["Stopped by SIGTERM; complete epochs are kept."]
    assert store.read_state(made).status in (store.STOPPED, store.QUEUED)
    assert f"resume {made.id}" in said.err
    assert "Traceback" not in said.err


@pytest.mark.long
def test_a_terminal_shows_a_bar_with_the_time_left(folder: Path) -> None:
    status, received = on_terminal(["train", *SMALL, "--set", "train.epochs=30", "--models", folder], columns=80)
    shown = plain(received)
    assert status == 0
    assert "━" in shown and "Loading TensorFlow" in shown
    assert re.search(r"Training ━.* \d+/60 0:00:0\d", shown)
    epochs = [line for line in shown.splitlines() if " of 30  head" in line]
    assert len(epochs) >= 30
    assert max(map(len, epochs)) <= 80


@pytest.mark.long
def test_a_run_whose_images_are_gone_fails_in_a_sentence(lab: Lab, photos: Photos, models: Path) -> None:
    root = photos("cat", "dog", each=8)
    changes = {"data.source": f"folder:{root}", "data.image_size": 32, "backbone.weights": "random"}
    made = store.create(models, PRESETS["feature-extraction"].spec(changes))
    shutil.rmtree(root)
    said = lab("resume", made.id, "--json")
    assert said.status == 1
    assert len(said.errors) == 1 and "there is no folder" in said.errors[0]
    assert "Traceback" not in said.err
    assert "Traceback" in made.log.read_text()
    failed = last_object(said)
    assert failed["status"] == "failed"
    assert "there is no folder" in failed["message"]
    assert "failed" in lab("runs").out
    photos("cat", "dog", each=8)
    assert last_object(lab("resume", made.id, "--json"))["status"] == "finished"


def test_a_run_with_a_damaged_state_goes_on(lab: Lab, folder: Path, queued: store.Run) -> None:
    (queued.folder / "state.json").write_text("{")
    said = lab("resume", queued.id, "--models", folder, "--json")
    assert said.status == 0, said.err
    assert last_object(said)["status"] == "finished"


def test_a_run_that_another_process_holds_is_left_alone(lab: Lab, folder: Path, queued: store.Run) -> None:
    from filelock import FileLock

    with FileLock(queued.folder / "run.lock"):
        said = lab("resume", queued.id, "--models", folder)
    assert said.status == 1
    assert "Another process" in said.errors[0]
    assert store.read_state(queued).status == store.QUEUED
