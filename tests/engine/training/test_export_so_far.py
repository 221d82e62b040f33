"""A run that was cut short exports its best epoch on request, exactly as if it had ended there, and can still be resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.engine.conftest import quiet
from tests.engine.training.test_resume import HEAD, assert_same, left_alone, outcome
from tl_core import store
from tl_core.engine import serving
from tl_core.engine.results import export
from tl_core.engine.training import lifecycle
from tl_core.engine.training.lifecycle import export_ended, train
from tl_core.errors import BadInput, RunFailed, RunStopped
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import read_json, sha256_of
from tl_core.records import EpochRecord

pytestmark = pytest.mark.slow

LAST = 2
"""The epoch after which the runs of this file are stopped, of four."""


def stopped(models: Path, spec: ExperimentSpec = HEAD) -> store.Run:
    run = store.create(models, spec)

    def stop(record: EpochRecord) -> None:
        if record.epoch == LAST:
            raise RunStopped("Enough.")

    with pytest.raises(RunStopped):
        train(run, models, quiet, stop)
    assert not run.export.exists()
    return run


@pytest.mark.long
def test_a_stopped_run_exports_and_tests_its_best_epoch_and_goes_on_as_if_it_had_not(shared_models: Path) -> None:
    run = stopped(shared_models)
    state = export_ended(run, shared_models, quiet)
    assert (state.status, state.message) == (store.STOPPED, "Enough."), "it is what it was"
    figures = store.read_figures(run)
    assert figures is not None and figures.test is not None
    assert state.exported_epoch == state.best_epoch == figures.exported.epoch

    report = read_json(run.report / "validation.json")
    assert report["accuracy"] == pytest.approx(figures.exported.accuracy.share)
    assert report["loss"] == pytest.approx(figures.exported.loss, rel=1e-3)
    beside = read_json(run.export / export.SIGNATURE)
    assert beside["sha256"] == sha256_of(run.export / export.MODEL)
    assert beside["details"]["epoch"] == state.exported_epoch

    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    exported, checkpoint = (serving.predictor(run, epoch) for epoch in (None, state.exported_epoch))
    np.testing.assert_allclose(exported.scores(images), checkpoint.scores(images), rtol=1e-5, atol=1e-7)

    train(run, shared_models, quiet)
    assert_same(outcome(run), left_alone(HEAD, shared_models))
    assert read_json(run.export / export.SIGNATURE)["details"]["epoch"] == store.read_state(run).best_epoch


@pytest.mark.long
def test_a_run_that_goes_on_has_no_export_of_an_epoch_that_may_no_longer_be_its_best(shared_models: Path) -> None:
    run = stopped(shared_models)
    export_ended(run, shared_models, quiet)
    seen: list[tuple[bool, float | None, bool]] = []

    def look(_: EpochRecord) -> None:
        state = store.read_state(run)
        seen.append((run.export.exists(), state.test_accuracy, (run.report / "test.json").exists()))

    train(run, shared_models, quiet, look)
    assert seen == [(False, None, False)] * 2


@pytest.mark.long
def test_what_is_queued_to_be_exported_is_not_trained(shared_models: Path) -> None:
    run = stopped(shared_models)
    store.queue.add(run, "export")
    state = train(run, shared_models, quiet, queued=True)
    assert (state.status, state.epoch, bool(state.exported_epoch)) == (store.STOPPED, LAST, True)
    assert not run.queue_entry.exists()


@pytest.mark.parametrize("how", ["an error", "a request to stop"])
def test_an_export_that_fails_or_is_stopped_leaves_the_run_as_it_was(
    how: str, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(shared_models, HEAD)
    store.write_state(run, status=store.FAILED, message="No room.")
    monkeypatch.setattr(lifecycle, "check_exportable", lambda *_: None)

    def breaks(*_: object) -> None:
        assert store.read_state(run).status == store.RUNNING, "pages follow it meanwhile"
        run.export.mkdir()  # What it has written before it ends.
        raise OSError("still no room") if how == "an error" else RunStopped("Stopped.")

    monkeypatch.setattr(lifecycle, "export_so_far", breaks)
    for _ in range(2):
        with pytest.raises(RunFailed if how == "an error" else RunStopped):
            export_ended(run, shared_models, quiet)
        state = store.read_state(run)
        assert (state.status, state.message) == (store.FAILED, "No room.")
        assert ("still no room" in state.export_failure) is (how == "an error")
        assert not run.export.exists()


def test_an_export_of_another_epoch_because_the_best_is_damaged_says_so_beside_why_the_run_ended(
    shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(shared_models, HEAD)
    store.write_state(run, status=store.STOPPED, message="Stopped.", export_failure="No room.")
    monkeypatch.setattr(lifecycle, "check_exportable", lambda *_: None)
    monkeypatch.setattr(lifecycle, "export_so_far", lambda *_: store.write_state(run, message="Epoch 1 is exported."))
    for _ in range(2):
        state = export_ended(run, shared_models, quiet)
        assert (state.message, state.export_failure) == ("Stopped. Epoch 1 is exported.", "")


def test_a_queued_run_that_cannot_be_exported_does_not_stay_in_the_queue(shared_models: Path) -> None:
    run = store.create(shared_models, HEAD)
    store.write_state(run, status=store.STOPPED)
    store.queue.add(run, "export")
    with pytest.raises(BadInput, match="keeps no checkpoint to export"):
        train(run, shared_models, quiet, queued=True)
    assert not run.queue_entry.exists()
