"""diagnose, and the diagnosis that show prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.cli.conftest import Lab, last_object
from tests.pages.folders import add_run
from tl_core import store
from tl_core.diagnosis import read_diagnosis, wording
from tl_core.metrics import Measured
from tl_core.store.outputs import write_outputs


def overfitted(models: Path) -> store.Run:
    """A run whose validation loss turns in epoch 4 of 12, and whose clean loss goes on falling."""
    losses = [0.5, 0.35, 0.25, 0.2, 0.22, 0.27, 0.32, 0.37, 0.42, 0.47, 0.5, 0.52]
    run = add_run(models, accuracies=[(0.80 + epoch / 100, 1 - loss) for epoch, loss in enumerate(losses)])
    store.write_state(run, images={"train": 500, "validation": 200, "test": 0}, classes=2)
    each = np.random.default_rng(0).uniform(0.5, 1.5, 200)
    labels = np.arange(200) % 2
    for epoch, loss in enumerate(losses, 1):
        right = np.arange(200) < 200 * (1 - loss)
        predicted = np.where(right, labels, 1 - labels)
        write_outputs(run, epoch, {"val": Measured(np.eye(2)[predicted], loss * each / each.mean(), predicted, labels)})
    return run


def test_diagnose_and_show_say_the_same_in_the_same_words(lab: Lab, models: Path) -> None:
    run = overfitted(models)
    told = wording.headline(read_diagnosis(run))
    assert told.startswith("Overfitting since epoch 4")
    for command in ("diagnose", "show"):
        said = " ".join(lab(command, run.id).out.split())
        assert told in said and "What to try:" in said and "--set head.dropout=0.5" in said
    for command in ("diagnose", "show"):
        found = last_object(lab(command, run.id, "--json"))["diagnosis"]
        assert found == json.loads(json.dumps(read_diagnosis(run).to_json()))
        assert found["turn"]["epoch"] == 4


def test_a_run_without_epochs_gets_a_sentence_and_no_error(lab: Lab, models: Path) -> None:
    run = add_run(models, accuracies=())
    assert wording.BEFORE in lab("diagnose", run.id).out


def test_show_says_that_a_run_diverged_in_its_first_epoch_and_what_to_try(lab: Lab, models: Path) -> None:
    run = add_run(models, accuracies=())
    store.write_state(run, status=store.FAILED, diverged=True)
    said = " ".join(lab("show", run.id).out.split())
    assert "Diverged: the loss grew without bound." in said and "What to try:" in said
