"""The sweep on the Explore page, without a browser: the form, and a sweep as it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pages.ui.charts.sweep import importance_figure, parallel_figure, slice_figure
from tests.pages.folders import add_outputs
from tests.pages.visits import address, opened, press, said
from tests.sweeps.pretend import EPOCHS, spec_of, train, work_off
from tl_core import store, sweeps
from tl_core.errors import BadInput
from tl_core.sweeps import SweepStatus
from tl_core.sweeps.reading import read_sweep


def test_the_form_begins_with_settings_that_can_be_started(models: Path) -> None:
    page = opened("explore", question="sweep")
    assert "20 runs, about" in said(page) and not page.error
    press(page, "sweep_start")
    (sweep,) = sweeps.open_sweeps(models)
    assert address(page) == {"question": "sweep", "id": sweep.id}
    spec = sweeps.read_spec(sweep)
    assert spec.paths == ("train.learning_rate", "head.dropout", "head.l2") and spec.trials == 20
    assert page.button(key="sweep_stop").disabled is False


def test_a_range_that_cannot_be_read_is_said_and_starts_nothing(models: Path) -> None:
    page = opened("explore", question="sweep")
    page.text_input(key="sweep_axis:head.dropout").set_value("0.5..0.1").run()
    assert "The first number is the lower one" in said(page)
    assert page.button(key="sweep_start").disabled


def test_a_grid_of_values_counts_its_combinations(models: Path) -> None:
    page = opened("explore", question="sweep")
    page.segmented_control(key="sweep_method").set_value("grid")
    for path, text in {"train.learning_rate": "0.001,0.01", "head.dropout": "0,0.5", "head.l2": "0,0.1"}.items():
        page.text_input(key=f"sweep_axis:{path}").set_value(text)
    page.run()
    assert "8 runs, about" in said(page) and not page.error


def test_a_finished_sweep_shows_its_winner_and_leads_to_its_run(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="grid"), "Mine")
    work_off(sweep)
    page = opened("explore", id=sweep.id)
    text = said(page)
    assert page.subheader[0].value == "Mine" and "8 of 8 trials ended" in text
    assert "**Winner: dropout 0.3, L2 0**" in text and "Validation loss 0.2025" in text
    assert not [button for button in page.button if button.key in ("sweep_stop", "sweep_go_on")]


def test_stop_and_go_on_are_offered_and_act(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=5), queued=True)
    sweeps.advance_queued(models, 1)
    train(store.queue.waiting(models)[0])
    sweeps.advance_queued(models, 1)
    page = opened("explore", id=sweep.id)
    assert "Best so far" in said(page)
    press(page, "sweep_stop")
    assert sweeps.read_state(sweep).status == SweepStatus.STOPPED and not store.queue.waiting(models)
    press(page, "sweep_go_on")
    assert sweeps.read_state(sweep).status == SweepStatus.OPEN and sweeps.open_sweeps(models) == [sweep]


def test_what_kept_a_sweep_from_starting_is_looked_at_again(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> sweeps.Outlook:
        raise BadInput.of("backbone.weights", "are not there")

    with monkeypatch.context() as missing:
        missing.setattr(sweeps, "outlook", refuse)
        page = opened("explore", question="sweep", **{"train.seed": "77"})
        assert "are not there" in said(page)
    page.run()
    assert "are not there" not in said(page) and "20 runs, about" in said(page)


def test_a_second_finished_trial_is_compared_at_once(models: Path) -> None:
    sweep = sweeps.create(models, spec_of("head.dropout=0.3,0.4,0.5", method="grid"), queued=True)
    shown = []
    for run, loss in zip(sweeps.advance(sweep, 3)[:2], (0.2, 0.9), strict=True):
        train(run)
        losses = np.full((EPOCHS, 400), loss) + np.linspace(0, 0.1, 400)
        store.write_state(run, images={"validation": 400})
        add_outputs(run, losses < 0.7, losses)
        sweeps.advance(sweep, 0)
        shown.append(said(opened("explore", id=sweep.id)))
    assert "no other finished trial" in shown[0] and "no other finished trial" not in shown[1]


def test_a_sweep_of_the_command_line_says_how_it_goes_on(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="grid"))
    (info,) = opened("explore", id=sweep.id).info
    assert f"`.venv/bin/python -m tl_core sweep --resume {sweep.id}`" in info.value


def test_a_sweep_that_was_deleted_is_said_to_be_gone(models: Path) -> None:
    page = opened("explore", question="sweep", id="20260101-000000-abcd")
    assert "There is no such sweep" in said(page)


def test_the_charts_draw_every_trial_and_lead_to_its_run(models: Path) -> None:
    sweep = sweeps.create(models, spec_of("head.dropout=0..0.9", "optimizer.name=adam,sgd", trials=8))
    work_off(sweep)
    reading = read_sweep(sweep)
    lines = parallel_figure(reading)["data"]
    assert [line["meta"]["open"] for line in lines] == [trial.run for trial in reversed(reading.finished)]
    assert all(0 <= place <= 1 for line in lines for place in line["y"])
    assert (
        lines[-1]["y"][-1] == 0 and lines[0]["y"][-1] == 1
    )  # The winner lies lowest on the axis of losses, the poorest highest.
    for axis in reading.spec.axes:
        dots = slice_figure(reading, axis)["data"]
        assert {dot["meta"]["open"] for dot in dots} == {trial.run for trial in reading.trials}
    assert importance_figure({"head.dropout": 0.9, "optimizer.name": 0.1})["data"][0]["y"][-1] == "Dropout"
    assert parallel_figure(replace(reading, trials=()))["data"] == []
