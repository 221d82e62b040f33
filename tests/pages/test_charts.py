"""What the figures of curves hold, and what goes to the browser to draw them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.routing import Router
from streamlit.testing.v1 import AppTest

from pages.ui.charts import colours, comparison, curves, points
from pages.ui.charts.component import ROUTE, VERSION, chart_data, plotly_file
from pages.ui.charts.points import MOST_POINTS, smoothed, thinned
from pages.ui.charts.series import Named, series_of
from pages.ui.charts.traces import Marked
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import EpochRecord
from tl_core.store import Epochs

Figure = dict[str, Any]


def line(epoch: int, phase: str = "head", **figures: float) -> dict[str, Any]:
    """An epoch's line, with a loss that falls and an accuracy that rises."""
    curve = {"loss": 2 / epoch, "train_eval_loss": 1 / epoch, "val_loss": 1.5 / epoch}
    share = {"accuracy": 1 - 0.6 / epoch, "train_eval_accuracy": 1 - 0.4 / epoch, "val_accuracy": 1 - 0.5 / epoch}
    rate = {"head": 0.001} if phase == "head" else {"head": 0.001, "backbone": 0.0001}
    return {"epoch": epoch, "phase": phase, **curve, **share, "learning_rate": rate, "seconds": 0.5, **figures}


def run(epochs: int, head: int | None = None) -> list[dict[str, Any]]:
    return [line(epoch, "head" if head is None or epoch <= head else "fine-tune") for epoch in range(1, epochs + 1)]


def epochs(lines: Iterable[dict[str, Any]]) -> Epochs:
    return Epochs([EpochRecord.from_line(line) for line in lines])


def figure(lines: list[dict[str, Any]], **wanted: Any) -> Figure:
    asked = {"quantity": "loss", "x": "epoch", "smoothing": 0.0, "log": False, "best": None, **wanted}
    return curves.run_figure(epochs(lines), **asked)


def compared(*runs: list[dict[str, Any]], **wanted: Any) -> Figure:
    named = [Named(f"run {number}", epochs(lines), f"id-{number}") for number, lines in enumerate(runs)]
    asked = {"quantity": "loss", "x": "epoch", "show": ("val", "clean"), **wanted}
    show, aligned = asked.pop("show"), asked.get("aligned", False)
    drawn = [series_of(run, asked["quantity"], asked["x"], show, aligned) for run in named]
    return comparison.compare_figure(drawn, **asked)


def trace(made: Figure, uid: str) -> dict[str, Any]:
    (found,) = [trace for trace in made["data"] if trace["uid"] == uid]
    return dict(found)


def uids(made: Figure) -> list[str]:
    return [trace["uid"] for trace in made["data"]]


# One run


def test_clean_and_reported_training_share_a_colour_and_differ_in_dash_and_name() -> None:
    made = figure(run(5))
    clean, reported, validation = trace(made, "clean"), trace(made, "reported"), trace(made, "val")
    assert reported["line"]["color"].startswith(clean["line"]["color"])
    assert (clean["line"]["dash"], reported["line"]["dash"], validation["line"]["dash"]) == ("solid", "dash", "solid")
    assert validation["line"]["color"] != clean["line"]["color"]
    assert len({clean["name"], reported["name"], validation["name"]}) == 3


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
def test_each_curve_shows_the_metric_its_name_says(quantity: str) -> None:
    lines = run(4)
    made = figure(lines, quantity=quantity)
    for uid, prefix in (("val", "val_"), ("clean", "train_eval_"), ("reported", "")):
        assert trace(made, uid)["y"] == pytest.approx([line[prefix + quantity] for line in lines], rel=1e-5)
        assert trace(made, uid)["x"] == [1, 2, 3, 4]


def test_a_metric_that_older_epochs_do_not_have_is_said_to_be_missing() -> None:
    made = figure(run(3), quantity="macro F1")
    assert made["data"] == []
    assert "Not measured" in str(made["layout"]["annotations"])


def test_percentages_half_a_point_apart_have_different_labels() -> None:
    """d3's "~" drops zeros only: 10 % and 9.5 %, where ".0%" wrote 10 % twice."""
    assert figure(run(5), quantity="accuracy")["layout"]["yaxis"]["tickformat"] == ".2~%"


def test_the_gap_between_clean_training_and_validation_is_shaded() -> None:
    made = figure(run(3))
    at = uids(made).index("gap")
    assert made["data"][at]["fill"] == "tonexty"
    assert made["data"][at]["y"] == trace(made, "val")["y"]
    assert made["data"][at - 1]["y"] == trace(made, "clean")["y"]  # Plotly fills to the curve before.


def test_the_best_epoch_has_a_star_on_the_measured_value_and_a_line() -> None:
    lines = run(6)
    made = figure(lines, best=Marked(4, "Best epoch"), smoothing=0.9)
    star = trace(made, "best")
    assert (star["x"], star["y"]) == ([4], pytest.approx([lines[3]["val_loss"]]))
    assert star["marker"]["symbol"] == "star"
    assert "4" in star["name"]
    assert [shape["x0"] for shape in made["layout"]["shapes"]] == [4]


def test_the_axis_of_epochs_goes_up_to_the_planned_ones_from_the_beginning() -> None:
    before, after = (figure(run(epochs), planned=20)["layout"]["xaxis"]["range"] for epochs in (1, 15))
    assert before == after
    assert before[0] < 1 and 20 < before[1] < 21
    assert figure(run(15))["layout"]["xaxis"]["range"][1] < 16, "nothing more is planned"
    assert "range" not in figure(run(3), x="seconds", planned=20)["layout"]["xaxis"], "no one knows how long it takes"


@pytest.mark.parametrize("log", [False, True])
def test_a_reported_loss_that_is_far_off_does_not_flatten_the_curves_that_can_be_compared(log: bool) -> None:
    lines = [{**each, "loss": 1000.0} for each in run(6)]
    low, high = figure(lines, log=log)["layout"]["yaxis"]["range"]
    low, high = (10**low, 10**high) if log else (low, high)
    assert 0.1 < low < 1 / 6 and 1.5 < high < 1.65, (
        "the lowest clean and the highest validation loss, and a little room"
    )


def test_values_that_no_axis_can_show_make_none() -> None:
    lines = [{**each, "val_loss": 0.0, "train_eval_loss": 0.0} for each in run(3)]
    assert "range" not in figure(lines, log=True)["layout"]["yaxis"]
    assert figure(lines)["layout"]["yaxis"]["range"] == pytest.approx([0.0, 0.0], abs=1e-3)


def test_the_hover_label_has_the_measured_gap_however_smooth_the_curves() -> None:
    lines = run(6)
    for quantity, form, sign in (("loss", "%{customdata:+.4f}", -1), ("accuracy", "%{customdata:+.1f} points", 100)):
        gap = trace(figure(lines, quantity=quantity, smoothing=0.9), "gap")
        assert gap["hovertemplate"] == form
        measured = [sign * (each[f"train_eval_{quantity}"] - each[f"val_{quantity}"]) for each in lines]
        assert gap["customdata"] == pytest.approx(measured, abs=1e-4)


def test_without_a_best_epoch_nothing_is_marked() -> None:
    made = figure(run(6))
    assert "best" not in uids(made)
    assert made["layout"]["shapes"] == []


@pytest.mark.parametrize(("x", "place"), [("epoch", 3.5), ("seconds", 1.5)])
def test_a_change_of_phase_has_a_dotted_line_and_the_name_of_what_begins(x: str, place: float) -> None:
    layout = figure(run(6, head=3), x=x)["layout"]
    (shape,), (name,) = layout["shapes"], layout["annotations"]
    assert (shape["x0"], shape["line"]["dash"]) == (place, "dot")
    assert (name["x"], name["text"]) == (place, "fine-tune")


def test_seconds_are_those_trained_up_to_the_end_of_each_epoch() -> None:
    lines = [line(1, seconds=2.0), line(2, seconds=0.5), line(3, seconds=0.25)]
    assert trace(figure(lines, x="seconds"), "val")["x"] == [2.0, 2.5, 2.75]


def test_a_run_of_one_epoch_can_be_seen() -> None:
    made = figure(run(1), best=Marked(1, "Best epoch"))
    assert all("markers" in trace(made, uid)["mode"] for uid in ("val", "clean", "reported", "best"))


def test_a_solved_classifier_has_no_reported_pair_and_still_a_figure() -> None:
    solved = {name: value for name, value in line(1, "solve").items() if name not in ("loss", "accuracy")}
    made = figure([solved], best=Marked(1, "Best epoch"))
    assert trace(made, "reported")["y"] == [None]
    assert trace(made, "val")["y"] == [1.5]


def test_before_the_first_epoch_there_is_an_empty_figure_that_says_so() -> None:
    made = figure([])
    assert made["data"] == []
    assert curves.NOTHING_YET in made["layout"]["annotations"][0]["text"]
    assert not any(made["layout"][axis]["showticklabels"] for axis in ("xaxis", "yaxis")), "they would go to 400 %"


@pytest.mark.parametrize(("began", "said"), [(None, "schedule restarts"), (1, "schedule continues")])
def test_a_fork_marks_what_its_schedule_does(began: int | None, said: str) -> None:
    start = {"start": {"run": "parent", "epoch": 2, "schedule_from": began}}
    fork = ExperimentSpec().with_values({"schedule.name": "cosine", **start})
    assert curves.fork_mark(fork) == said
    assert curves.fork_mark(fork.with_values({"schedule.name": "constant"})) == ""
    lines = [{**line, "inherited": "parent"} if line["epoch"] <= 2 else line for line in run(5)]
    layout = figure(lines, inherited_from="parent", fork=said)["layout"]
    (mark,) = (mark for mark in layout["annotations"] if mark["text"] == said)
    assert mark["x"] == 2.5


@pytest.mark.parametrize(("x", "band"), [("epoch", (0.5, 2.5)), ("seconds", (0.0, 1.0))])
def test_epochs_that_a_fork_inherited_lie_in_a_grey_band(x: str, band: tuple[float, float]) -> None:
    lines = [{**line, "inherited": "parent"} if line["epoch"] <= 2 else line for line in run(5)]
    layout = figure(lines, x=x, inherited_from="<b>Parent")["layout"]
    (shape,) = [shape for shape in layout["shapes"] if shape["type"] == "rect"]
    assert (shape["x0"], shape["x1"]) == band
    assert "inherited from &lt;b&gt;Parent" in [mark["text"] for mark in layout["annotations"]]
    assert not [shape for shape in figure(run(5))["layout"]["shapes"] if shape["type"] == "rect"]


def test_smoothing_leaves_what_was_measured_faintly_behind_and_in_the_label() -> None:
    lines = run(5)
    made = figure(lines, smoothing=0.6)
    behind, front = trace(made, "val-measured"), trace(made, "val")
    assert behind["opacity"] < 0.5
    assert behind["y"] == front["customdata"] == pytest.approx([line["val_loss"] for line in lines], rel=1e-5)
    assert front["y"] != behind["y"]
    assert behind["legendgroup"] == front["legendgroup"]  # Hidden together.


def test_a_name_made_of_markup_is_shown_as_it_is() -> None:
    drawn = series_of(Named("<a href='javascript:x'>b</a>", epochs(run(2))), "loss", "epoch", ("val",))
    made = comparison.compare_figure([drawn], quantity="loss", x="epoch")
    assert "<" not in made["data"][0]["name"]


@pytest.mark.parametrize("log", [True, False])
def test_a_logarithmic_axis_is_one_that_zoom_does_not_carry_over_to(log: bool) -> None:
    axis, other = figure(run(3), log=log)["layout"]["yaxis"], figure(run(3), log=not log)["layout"]["yaxis"]
    assert axis["type"] == ("log" if log else "linear")
    assert axis["uirevision"] != other["uirevision"]


def test_new_epochs_leave_alone_what_zoom_and_hidden_curves_are_remembered_by() -> None:
    before, after = figure(run(3), best=Marked(1, "Best epoch")), figure(run(40, head=5), best=Marked(30, "Best epoch"))
    assert uids(before) == uids(after)
    for axis in ("xaxis", "yaxis"):
        assert before["layout"][axis]["uirevision"] == after["layout"][axis]["uirevision"]
    assert before["layout"]["uirevision"] == after["layout"]["uirevision"]


def test_a_figure_is_json_even_where_values_are_missing() -> None:
    lines = [*run(3), {"epoch": 4, "phase": "head", "seconds": 1.0}]
    made = figure(lines, smoothing=0.5, best=Marked(2, "Best epoch"))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert trace(made, "val")["y"][-1] is None


# Thinning out and smoothing


def test_long_runs_are_thinned_out_and_lose_neither_best_nor_first_nor_last_nor_extremes() -> None:
    lines = [line(epoch, val_loss=math.sin(epoch / 50) + 2) for epoch in range(1, 10_001)]
    lines[6_543]["val_loss"], lines[3_210]["val_loss"] = 0.01, 9.0
    made = figure(lines, best=Marked(7_777, "Best epoch"))
    drawn = trace(made, "val")
    assert len(drawn["x"]) <= 1.05 * MOST_POINTS
    assert {1, 10_000, 6_544, 3_211, 7_777} <= set(drawn["x"])
    assert trace(made, "best")["x"] == [7_777]


def test_all_curves_of_a_run_are_drawn_at_the_same_epochs() -> None:
    rng = np.random.default_rng(0)
    lines = [line(epoch, val_loss=rng.random(), train_eval_loss=rng.random()) for epoch in range(1, 2_001)]
    made = figure(lines)
    assert trace(made, "val")["x"] == trace(made, "clean")["x"] == trace(made, "gap")["x"]


@pytest.mark.parametrize("epochs", [0, 1, MOST_POINTS, MOST_POINTS + 1])
def test_short_runs_are_drawn_whole(epochs: int) -> None:
    index = thinned([np.arange(epochs, dtype=float)])
    assert len(index) == min(epochs, len(index))
    if epochs <= MOST_POINTS:
        assert list(index) == list(range(epochs))


def test_a_smoothed_curve_starts_at_the_first_value_and_skips_what_is_missing() -> None:
    made = smoothed(np.array([4.0, math.nan, 0.0]), 0.5)
    assert made[0] == 4.0
    assert math.isnan(made[1])
    assert made[2] == pytest.approx(4 / 3)  # Weights 1/3 and 2/3, of which the sum is 1.


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 0.95])
def test_a_constant_curve_stays_as_it_is(smoothing: float) -> None:
    assert smoothed(np.full(20, 3.0), smoothing) == pytest.approx(np.full(20, 3.0))


# Several runs


def test_compared_runs_have_a_colour_each_and_a_dash_for_each_kind() -> None:
    made = compared(run(3), run(3), show=("val", "clean", "reported"))
    first, second = made["data"][:3], made["data"][3:]
    assert len({trace["line"]["color"] for trace in first}) == 1
    assert first[0]["line"]["color"] != second[0]["line"]["color"]
    assert [trace["line"]["dash"] for trace in first] == ["solid", "dash", "dot"]
    assert [trace["showlegend"] for trace in made["data"]] == [True, False, False] * 2
    assert {trace["legendgroup"] for trace in second} == {"id-1"}


def test_smoothed_runs_have_labels_short_enough_for_several() -> None:
    drawn = [trace for trace in compared(run(3), run(3), smoothing=0.5)["data"] if trace["showlegend"]]
    assert all("measured" not in trace["hovertemplate"] for trace in drawn)


def test_only_the_kinds_asked_for_are_drawn() -> None:
    assert uids(compared(run(3), show=("clean",))) == ["id-0-clean"]


def test_a_run_without_epochs_takes_its_colour_and_draws_nothing() -> None:
    made = compared([], run(2))
    assert {trace["line"]["color"] for trace in made["data"]} == {colours.of_run(1)}


def test_labels_name_the_epoch_where_runs_do_not_meet_at_one_place() -> None:
    assert "epoch" not in compared(run(3), run(3))["data"][0]["hovertemplate"]
    apart = compared(run(3), run(5))["data"][0]
    assert "epoch %{text}" in apart["hovertemplate"]
    assert apart["text"] == ["1", "2", "3"]


# Learning rates and CSV


def test_learning_rates_have_a_curve_a_group_on_a_logarithmic_axis() -> None:
    made = curves.rates_figure(epochs(run(4, head=2)), x="epoch")
    assert trace(made, "head")["y"] == [0.001] * 4
    assert trace(made, "backbone")["y"] == [None, None, 0.0001, 0.0001]
    assert made["layout"]["yaxis"]["type"] == "log"
    assert curves.rates_figure(epochs(run(4)), x="epoch", log=False)["layout"]["yaxis"]["type"] == "linear"


def test_csv_has_a_row_an_epoch_and_a_column_a_learning_rate() -> None:
    rows = list(csv.DictReader(io.StringIO(points.curves_csv(run(3, head=1)))))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[2]["val_loss"]) == 0.5
    assert (rows[0]["learning_rate.backbone"], rows[1]["learning_rate.backbone"]) == ("", "0.0001")


def test_the_csv_of_no_epoch_is_empty() -> None:
    assert points.curves_csv([]).strip() == ""


# What goes to the browser


@pytest.mark.parametrize("base", ["", "/below/some/path"])
def test_the_script_comes_from_the_installed_package_and_is_kept_by_browsers(base: str) -> None:
    status, headers, content = fetched(f"{base}/plotly.min.js")
    assert status == 200
    assert content == plotly_file().read_bytes()
    assert b"javascript" in headers[b"content-type"]
    assert b"immutable" in headers[b"cache-control"]


def fetched(path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """What the route answers to a browser: status, headers and content."""
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()  # The browser stays.

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": f"v={VERSION}".encode()}
    asyncio.run(Router(routes=[ROUTE])(scope, receive, send))
    start, *parts = sent
    return start["status"], dict(start["headers"]), b"".join(part.get("body", b"") for part in parts)


def _drawing() -> None:  # Runs alone, without this module's names.
    from pages.ui.charts.component import draw_chart

    draw_chart({"data": [], "layout": {"title": "a"}}, "chart", 300, "Nothing yet.")


def test_a_figure_goes_to_the_browser_with_its_height_and_its_alt_text() -> None:
    page = AppTest.from_function(_drawing).run()
    assert not page.exception
    sent = json.loads(page.get("bidi_component")[0].proto.json)
    assert (sent["height"], sent["alt"], sent["version"]) == (300, "Nothing yet.", VERSION)
    assert sent["figure"]["layout"] == {"title": "a"}


def test_every_colour_of_a_figure_is_one_of_the_theme() -> None:
    made = json.dumps([figure(run(6, head=3), best=Marked(2, "Best epoch"), smoothing=0.5), compared(run(3), run(4))])
    said = {part for part in made.split('"') if part.startswith("theme:")}
    known = {"text", "background", "border", *map(str, range(colours.DISTINCT))}
    assert said
    assert {name.removeprefix("theme:").split("/")[0] for name in said} <= known
    assert "#" not in made


def test_the_theme_has_as_many_colours_as_are_counted_on() -> None:
    config = (Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text()
    rows = [row for row in config.splitlines() if row.startswith("chartCategoricalColors")]
    assert len(rows) == 2
    assert all(row.count("#") == colours.DISTINCT for row in rows)


@pytest.mark.parametrize(
    ("uid", "sent"), [("trial 0", "trial-0"), ("a, b: c.d", "a--b--c-d"), ("20260101-x_1", "20260101-x_1")]
)
def test_a_trace_is_named_by_what_can_be_a_css_class(uid: str, sent: str) -> None:
    """Plotly looks for `.cb` and the uid when a chart is left; a space in it ended in an error there."""
    figure = {"data": [{"uid": uid, "name": uid}, {"name": "none"}], "layout": {}}
    named, unnamed = chart_data(figure, "key", 100, "alt")["figure"]["data"]
    assert named == {"uid": sent, "name": uid}
    assert unnamed == {"name": "none"}
