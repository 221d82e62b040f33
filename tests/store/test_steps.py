"""Optimiser steps by epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line
from tl_core import store
from tl_core.store import Run, cumulative_steps

IMAGES = {"train": 100, "validation": 20}


def steps_of(run: Run) -> list[float]:
    return cumulative_steps(run, store.read_spec(run), store.read_state(run), store.read_epochs(run)).tolist()


def test_each_epoch_takes_a_step_for_each_batch_the_last_one_included(models: Path) -> None:
    run = add_run(models, settings={"train.batch_size": 32}, images=IMAGES)
    assert steps_of(run) == [4, 8, 12]


def test_inherited_epochs_count_the_steps_of_the_run_that_trained_them(models: Path) -> None:
    parent = add_run(models, settings={"train.batch_size": 10}, images=IMAGES)
    fork = add_run(models, accuracies=(), settings={"train.batch_size": 50}, images=IMAGES)
    for epoch in (1, 2, 3):
        append_line(fork, {**epoch_line(epoch, 0.9, 0.8), **({"inherited": parent.id} if epoch < 3 else {})})
    assert steps_of(fork) == [10, 20, 22]
    store.delete(parent)
    assert steps_of(fork) == [2, 4, 6], "the parent cannot be read: its own batch size"


def test_a_run_that_does_not_say_how_many_images_trained_has_none(models: Path) -> None:
    assert np.isnan(steps_of(add_run(models))).all()


def test_a_solved_classifier_takes_no_step(models: Path) -> None:
    settings = {"head.classifier": "logistic-regression", "head.dropout": 0.0}
    assert steps_of(add_run(models, accuracies=((0.9, 0.8),), settings=settings, images=IMAGES)) == [0]
