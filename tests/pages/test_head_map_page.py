"""The question "How much regularisation?" without a browser: what is asked, what is shown of a map, and the run that a cell becomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pages.ui.charts import colours
from pages.ui.charts.head_map import map_figure, scale_of
from pages.ui.charts.head_map_lines import curves_figure
from pages.ui.charts.head_map_text import alt
from tests.explorations.maps import ASKED, AXES, MAP, ROWS, kept
from tests.pages.visits import opened, press, said, table_of
from tl_core import explorations, store
from tl_core.experiment.solved import CLOSED_FORM, SOLVED
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations import Asked
from tl_core.intervals import Estimate
from tl_core.records import Status
from tl_core.results.head_map import AXIS_KINDS, MapAxis, MapOptions

QUESTION = "head-map"


def test_one_click_asks_for_64_cells(models: Path, begun: list[Asked]) -> None:
    press(opened("explore", question=QUESTION), "explore_start")
    options: MapOptions = begun[0].options
    assert [axis.path for axis in options.axes] == ["head.l2", "head.dropout"]
    assert len(options.axes[0].values) * len(options.axes[1].values) == 64


def test_axes_values_and_seeds_can_be_chosen(models: Path, begun: list[Asked]) -> None:
    page = opened("explore", question=QUESTION)
    page.selectbox(key="map_across").select("train.learning_rate").run()
    page.selectbox(key="map_up").select("").run()
    page.number_input(key="map_seeds").set_value(3).run()
    page.text_input(key="map_values_train.learning_rate").set_value("0.001, 1e-2").run()
    press(page, "explore_start")
    assert begun[0].options == MapOptions((MapAxis("train.learning_rate", (0.001, 0.01)),), 3)


@pytest.mark.parametrize(
    "text, complaint", [("0, a", "write numbers"), ("0, 3", "value 2 of the grid"), ("0", "received 1 values")]
)
def test_a_value_that_cannot_be_used_is_said_and_blocks_the_button(models: Path, text: str, complaint: str) -> None:
    page = opened("explore", question=QUESTION)
    page.text_input(key="map_values_head.dropout").set_value(text).run()
    assert page.button(key="explore_start").disabled
    assert any(complaint in error.value.replace("\\", "") for error in page.error)


def test_a_kept_map_says_where_the_valley_is_and_shows_its_best_cell(models: Path) -> None:
    page = opened("explore", id=kept(models).id)
    assert "Lowest validation loss: 0.600 (0.500 to 0.700) at L2 0.001, Dropout 0" in said(page).replace("\\", "")
    assert "2 of 4 cells cannot be told from it with 144 validation images" in said(page)
    assert (page.selectbox(key="map_at_0").value, page.selectbox(key="map_at_1").value) == (0.001, 0.0)


def test_the_fields_show_what_a_kept_map_was_asked_and_another_question_is_not_called_asked_again(models: Path) -> None:
    page = opened("explore", id=kept(models).id)
    assert page.text_input(key="map_values_head.l2").value == "0, 0.001"
    assert page.button(key="explore_start").label == "Map it again"
    page.selectbox(key="map_across").select("head.l2").run()
    assert not page.exception
    assert page.selectbox(key="map_up").value == "head.dropout"
    assert page.button(key="explore_start").label == "Map it"


def test_the_keyboard_chooses_a_cell_which_becomes_a_queued_run_with_its_settings(models: Path) -> None:
    page = opened("explore", id=kept(models).id)
    page.selectbox(key="map_at_1").select(0.5).run()
    assert "Validation loss 0.700" in said(page)
    page.button(key="map_promote").click().run()
    assert not page.exception
    (run,) = store.runs(models)
    spec = store.read_spec(run)
    assert (spec.head.l2, spec.head.dropout, spec.train.seed) == (0.001, 0.5, ASKED.spec.train.seed)
    assert store.read_state(run).status == Status.QUEUED


def test_a_map_that_is_trained_shows_what_there_is_and_promotes_nothing(models: Path) -> None:
    made = explorations.create(models, ASKED)
    cells = (
        MAP.cells[0],
        *(replace(cell, loss=None, gap=None, accuracy=None, as_good=False) for cell in MAP.cells[1:]),
    )
    explorations.write_result(made, replace(MAP, cells=cells, complete=False))
    explorations.write_state(made, status=Status.RUNNING, **store.this_process())
    page = opened("explore", id=made.id)
    assert "still training" in said(page)
    assert page.button(key="map_promote").disabled


def test_heads_that_are_solved_at_once_have_a_row_each_that_says_how_they_stand_against_the_best_cell(
    models: Path,
) -> None:
    page = opened("explore", id=kept(models, replace(MAP, closed_form=ROWS)).id)
    rows = {row[0][0]: [text for text, _ in row[1:]] for row in table_of(page, "Heads that are solved at once")}
    assert list(rows) == [SOLVED[name].title for name in CLOSED_FORM]
    ridge, lda, nearest, projection = rows.values()
    assert ridge == ["75.0 % (67.0 to 81.0)", "0.610 (0.510 to 0.710)", "+20.0", "cannot be told (+0.010)", "0.2 s"]
    assert (lda[3], nearest[3]) == ("worse by 0.200", "better by 0.050")
    assert projection[0] == "It takes about 9 GB of memory; 3 GB are free."
    assert not any(button.key == "map_promote_random-projection" for button in page.button)


def test_such_a_head_becomes_a_queued_run_without_the_settings_that_then_have_no_effect(models: Path) -> None:
    asked = replace(ASKED, spec=ASKED.spec.with_values({"head.dropout": 0.4, "train.epochs": 7, "head.pooling": "max"}))
    page = opened("explore", id=kept(models, replace(MAP, closed_form=ROWS), asked).id)
    page.button(key="map_promote_ridge").click().run()
    assert not page.exception
    (run,) = store.runs(models)
    spec = store.read_spec(run)
    assert (spec.head.classifier, spec.head.pooling, spec.head.dropout) == (
        "ridge",
        "max",
        ExperimentSpec().head.dropout,
    )
    assert store.read_state(run).status == Status.QUEUED


def test_the_whole_map_can_be_used_while_heads_are_still_being_solved(models: Path) -> None:
    made = explorations.create(models, ASKED)
    growing = (replace(ROWS[0], p=None),)
    explorations.write_result(made, replace(MAP, closed_form=growing), so_far=True)
    explorations.write_state(made, status=Status.RUNNING, **store.this_process())
    page = opened("explore", id=made.id)
    assert "cells cannot be told from it" in said(page)
    assert not page.button(key="map_promote").disabled
    ((_, *figures),) = table_of(page, "Heads that are solved at once")
    assert figures[3][0] == "" and "still being solved" in said(page)


def test_a_heat_map_has_a_place_to_open_for_every_cell_an_outline_and_a_star() -> None:
    figure = map_figure(MAP, "loss", scale_of([MAP], "loss"), 0)
    heat, numbers, star = figure["data"]
    assert heat["z"] == [[0.9, 0.62], [0.6, 0.7]]
    assert numbers["text"] == [".900", ".620", ".600", ".700"]
    assert numbers["textfont"]["color"][2] == colours.TEXT and numbers["textfont"]["color"][0] == colours.BACKGROUND
    assert heat["meta"]["open"] == [["0", "1"], ["2", "3"]]
    assert "cannot be told from the best" in heat["hovertext"][0][1]
    assert (round(star["x"][0]), round(star["y"][0])) == (0, 1)
    outline = figure["layout"]["shapes"][1]
    assert outline["path"].count("M") == 8, "two cells that touch at a corner have four edges each"
    assert outline["line"]["color"] == colours.TEXT


def test_colours_end_at_twice_the_lowest_loss_and_tell_no_small_differences_apart() -> None:
    assert scale_of([MAP], "loss") == type(scale_of([MAP], "loss"))(0.6, 0.9)
    wild = replace(MAP, cells=(replace(MAP.cells[0], loss=Estimate(80.0, 1.0, 90.0)), MAP.cells[2]))
    assert scale_of([wild], "loss").high == 1.2
    flat = replace(MAP, cells=(MAP.cells[2],))
    assert scale_of([flat], "loss").high == pytest.approx(0.66)


def test_one_axis_is_a_line_with_a_band_over_seeds() -> None:
    lone = replace(
        MAP, axes=AXES[1:], cells=tuple(replace(MAP.cells[at], values=(MAP.cells[at].values[1],)) for at in (0, 1))
    )
    low, high, line = map_figure(lone, "loss", scale_of([lone], "loss"), 1)["data"]
    assert line["y"] == [0.9, 0.62]
    assert low["y"] == pytest.approx([0.89, 0.61]) and high["y"] == pytest.approx([0.91, 0.63])
    assert line["meta"]["open"] == ["0", "1"]


def test_the_curves_of_a_cell_are_those_of_its_heads_with_a_star_on_each_best_epoch() -> None:
    data = curves_figure(MAP.cells[2])["data"]
    assert [trace["y"] for trace in data if trace["uid"].startswith("Validation")] == [[1.1, 0.59], [1.1, 0.61]]
    assert [trace["x"] for trace in data if trace["uid"].startswith("best")] == [[2.0], [2.0]]


def test_every_value_that_is_offered_is_read_again_from_the_text_in_its_field(models: Path, begun: list[Asked]) -> None:
    page = opened("explore", question=QUESTION)
    page.selectbox(key="map_across").select("head.hidden").run()
    press(page, "explore_start")
    up, across = begun[0].options.axes
    assert up.values == AXIS_KINDS[up.path].values
    assert across.values == AXIS_KINDS["head.hidden"].values


def test_what_a_map_shows_is_said_for_those_who_cannot_see_it() -> None:
    assert alt(MAP, "loss") == (
        "Validation loss over L2 and Dropout: from 0.600 at L2 0.001, Dropout 0 to 0.900 at L2 0, Dropout 0."
    )


@pytest.mark.parametrize(("times", "end"), [(1.5, 1.35), (3.0, 2.4)])
def test_colours_of_two_maps_show_the_valley_of_the_worse_one_too_up_to_four_times_the_lowest_loss(
    times: float, end: float
) -> None:
    worse = replace(
        MAP, cells=tuple(replace(cell, loss=Estimate(times * cell.loss.value, 0, 9)) for cell in MAP.cells if cell.loss)
    )
    for maps in ((MAP, worse), (worse, MAP)):
        scale = scale_of(maps, "loss")
        assert (scale.low, scale.high) == pytest.approx((0.6, end))
