"""Runs, and several runs as one, on the axes of charts that compare them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pages.ui.charts import comparison
from pages.ui.charts.comparison import compare_figure
from pages.ui.charts.curves import run_figure
from pages.ui.charts.grid import grid_data
from pages.ui.charts.measures import GAP, LOSS_GAP, measure_of, measures
from pages.ui.charts.overfitting_map import map_figure
from pages.ui.charts.series import Curve, Named, Series, mean_of, series_of
from pages.ui.charts.traces import Marked
from pages.ui.compare import map_view
from tests.pages.folders import epoch_line
from tl_core.metrics import quantities
from tl_core.records import EpochRecord
from tl_core.store import Epochs


def run(
    accuracies: Sequence[float], clean: float = 0.9, head: int = 0, seconds: float = 0.5, id: str = "a", best: int = 1
) -> Named:
    """A run that trains its head alone for some epochs, then more; `head` 0: always all of it."""
    lines = []
    for epoch, accuracy in enumerate(accuracies, 1):
        rates = {"head": 0.001} | ({} if epoch <= head else {"backbone": 1e-4})
        lines.append({**epoch_line(epoch, clean, accuracy), "learning_rate": rates, "seconds": seconds})
        lines[-1]["phase"] = "head" if epoch <= head else "fine-tune"
    epochs = Epochs([EpochRecord.from_line(line) for line in lines])
    return Named(id, epochs, id, "", Marked(best, "Best epoch"), 10.0 * np.arange(1, len(lines) + 1))


def series(named: Named, quantity: str = "accuracy", x: Any = "epoch", aligned: bool = False) -> Series:
    return series_of(named, quantity, x, ("val", "clean"), aligned)


# Measures


def test_the_gaps_stand_between_the_main_quantities_and_the_others() -> None:
    names = [measure.name for measure in measures()]
    assert names[:4] == ["accuracy", "loss", GAP, LOSS_GAP]
    assert set(names) == {*quantities(), GAP, LOSS_GAP}


def test_the_gap_is_what_validation_lacks_in_points_and_has_more_of_loss() -> None:
    named = run((0.8, 0.65), clean=0.9)
    assert series(named, GAP).curves["val"].values == pytest.approx([10, 25])
    assert series(named, LOSS_GAP).curves["val"].values == pytest.approx([0.1, 0.25])
    (gap,) = (t for t in compare_figure([series(named, GAP)], quantity=GAP, x="epoch")["data"] if t["uid"] == "a-val")
    assert gap["hovertemplate"] == "%{y:+.1f} points", "a gap is of no kind of images"
    assert not measure_of(GAP).has_log_scale and not measure_of(LOSS_GAP).has_log_scale, "gaps can be negative"


# The x axis


@pytest.mark.parametrize(("x", "at"), [("epoch", [1, 2, 3]), ("seconds", [0.5, 1, 1.5]), ("steps", [10, 20, 30])])
def test_a_run_stands_at_the_end_of_each_epoch(x: str, at: list[float]) -> None:
    assert series(run((0.5, 0.6, 0.7)), x=x).at == pytest.approx(at)


@pytest.mark.parametrize(
    ("x", "head", "at"),
    [
        ("epoch", 2, [-1, 0, 1, 2]),
        ("seconds", 2, [-0.5, 0, 0.5, 1]),
        ("steps", 2, [-10, 0, 10, 20]),
        ("epoch", 0, [1, 2, 3, 4]),
        ("epoch", 4, [-3, -2, -1, 0]),
    ],
)
def test_aligned_runs_have_0_where_layers_of_the_backbone_begin_to_train(x: str, head: int, at: list[float]) -> None:
    drawn = series(run((0.5, 0.6, 0.7, 0.8), head=head), x=x, aligned=True)
    assert drawn.at == pytest.approx(at)


def test_an_aligned_axis_says_what_0_is() -> None:
    axis = compare_figure([series(run((0.5, 0.6), head=1), aligned=True)], quantity="accuracy", x="epoch", aligned=True)
    assert "0: fine-tuning begins" in axis["layout"]["xaxis"]["title"]["text"]


def test_runs_whose_steps_are_not_known_have_no_place_on_that_axis() -> None:
    named = run((0.5, 0.6))
    drawn = series(Named(named.title, named.epochs, named.id), x="steps")
    figure = compare_figure([drawn], quantity="accuracy", x="steps")
    assert figure["data"] == [] and "no steps" in str(figure["layout"]["annotations"])
    assert "no steps" in grid_data([drawn], quantity="accuracy", x="steps")["empty"]
    alone = run_figure(named.epochs, quantity="accuracy", x="steps", smoothing=0.0, log=False, best=None)
    assert alone["data"] == [] and "no steps" in str(alone["layout"]["annotations"])


# Several runs as one


def test_several_runs_are_their_mean_in_a_band_from_the_lowest_to_the_highest() -> None:
    together = mean_of("g", "two", "", [series(run((0.5, 0.6))), series(run((0.7, 0.9), id="b"))])
    curve = together.curves["val"]
    assert curve.values == pytest.approx([0.6, 0.75])
    assert (curve.low, curve.high) == (pytest.approx([0.5, 0.6]), pytest.approx([0.7, 0.9]))
    assert (together.runs, together.members, together.star) == (2, ("a", "b"), None)


def test_later_epochs_are_of_the_runs_that_have_them_and_say_how_many_these_are() -> None:
    long, short = series(run((0.5, 0.6, 0.8))), series(run((0.7,), id="b"))
    together = mean_of("g", "two", "theme:0", [long, short])
    assert together.curves["val"].values == pytest.approx([0.6, 0.6, 0.8])
    assert together.counts.tolist() == [2, 1, 1]
    line = next(
        trace for trace in compare_figure([together], quantity="accuracy", x="epoch")["data"] if trace["uid"] == "g-val"
    )
    assert line["text"] == ["2 runs, epoch 1", "1 run, epoch 2", "1 run, epoch 3"]


def test_aligned_runs_are_averaged_at_the_same_epoch_after_fine_tuning_began() -> None:
    early, late = run((0.5, 0.6, 0.7), head=1), run((0.1, 0.2, 0.8, 0.9), head=2, id="b")
    together = mean_of("g", "two", "", [series(one, aligned=True) for one in (early, late)])
    assert together.epochs.tolist() == [-1, 0, 1, 2]
    assert together.curves["val"].values == pytest.approx([0.1, 0.35, 0.7, 0.8])


def test_on_an_axis_of_seconds_a_mean_stands_at_the_mean_of_the_seconds() -> None:
    quick, slow = series(run((0.5, 0.6), seconds=1.0), x="seconds"), series(run((0.5, 0.6), seconds=3.0), x="seconds")
    assert mean_of("g", "two", "", [quick, slow]).at == pytest.approx([2, 4])


@pytest.mark.parametrize("x", ["seconds", "steps", "epoch"])
@pytest.mark.parametrize(("slow", "quick"), [(1, 4), (4, 1), (2, 2)])
def test_a_mean_of_runs_that_end_at_different_epochs_never_runs_backwards(x: str, slow: int, quick: int) -> None:
    members = [
        series(run((0.5,) * slow, seconds=30.0), x=x),
        series(run((0.5,) * quick, seconds=1.0, id="b"), x=x),
    ]
    assert (np.diff(mean_of("g", "two", "", members).at) > 0).all()


def test_after_a_slow_run_ended_the_mean_goes_on_in_the_strides_of_the_others() -> None:
    slow, quick = (
        series(run((0.5,) * epochs, seconds=seconds), x="seconds") for epochs, seconds in ((2, 9.0), (4, 1.0))
    )
    assert mean_of("g", "two", "", [slow, quick]).at == pytest.approx([5, 10, 11, 12])


@pytest.mark.parametrize("x", ["epoch", "seconds", "steps"])
def test_an_aligned_mean_has_0_where_fine_tuning_begins_though_runs_begin_and_end_elsewhere(x: str) -> None:
    named = run((0.5,) * 2, head=1, seconds=9.0), run((0.5,) * 6, head=3, id="b"), run((0.5,) * 3, head=3, id="c")
    together = mean_of("g", "three", "", [series(one, x=x, aligned=True) for one in named])
    assert together.at[together.epochs.tolist().index(0)] == 0
    assert (np.diff(together.at) > 0).all()


def test_a_mean_stands_nowhere_where_no_run_knows_its_steps() -> None:
    known, unknown = run((0.5, 0.6)), run((0.5, 0.6, 0.7), id="b")
    members = [series(known, x="steps"), series(Named("b", unknown.epochs, "b"), x="steps")]
    assert mean_of("g", "two", "", members).at == pytest.approx([10, 20, np.nan], nan_ok=True)


def test_the_band_is_drawn_in_one_chart_and_in_small_ones() -> None:
    together = mean_of("g", "two", "theme:3", [series(run((0.5, 0.6))), series(run((0.7, 0.9), id="b"))])
    figure = compare_figure([together], quantity="accuracy", x="epoch")
    low, high = (next(t for t in figure["data"] if t["uid"] == f"g-val-{end}") for end in ("low", "high"))
    assert (low["y"], high["y"]) == ([0.5, 0.6], [0.7, 0.9])
    assert high["fill"] == "tonexty" and high["fillcolor"].startswith("theme:3/")
    assert figure["layout"]["meta"]["groups"] == {"a": "g", "b": "g"}, "pointing at one of them lights their curve"
    (cell,) = grid_data([together], quantity="accuracy", x="epoch")["cells"]
    assert cell["members"] == ["a", "b"]
    assert cell["bands"][0]["path"].endswith("Z") and "2 runs" in cell["said"][0]


def test_one_run_alone_is_no_group_of_runs() -> None:
    alone = mean_of("g", "one", "theme:1", [series(run((0.5, 0.6), best=2))])
    assert (alone.runs, alone.star, alone.title, alone.colour) == (1, 1, "one", "theme:1")
    assert "g-val-low" not in [
        trace["uid"] for trace in compare_figure([alone], quantity="accuracy", x="epoch")["data"]
    ]


# What they show, in words


@pytest.mark.parametrize(
    ("quantity", "kinds", "expected"),
    [
        ("accuracy", ("val", "clean"), "Accuracy of 1 run by epoch; validation at the end: a 0.750."),
        ("accuracy", ("clean",), "Accuracy of 1 run by epoch; training at the end: a 0.900."),
        ("accuracy", ("reported",), "Accuracy of 1 run by epoch; reported at the end: a 0.900."),
        (GAP, ("val",), "Gap of 1 run by epoch; at the end: a +15.0 points."),
        (LOSS_GAP, ("val",), "Loss gap of 1 run by epoch; at the end: a 0.150."),
        ("macro F1", ("val",), "Macro F1: Not measured in these epochs: they are older than this metric."),
    ],
)
def test_the_words_of_a_chart_are_those_of_its_curves(quantity: str, kinds: Sequence[Any], expected: str) -> None:
    assert comparison.said_of([series_of(run((0.8, 0.75)), quantity, "epoch", kinds)], quantity, "epoch") == expected


def ending_unknown(one: Series) -> Series:
    """The same without a validation value in its last epoch."""
    values = one.curves["val"].values.copy()
    values[-1] = np.nan
    return replace(one, curves={**one.curves, "val": Curve(values)})


def test_the_words_of_a_chart_count_all_runs_and_name_the_last_known_value() -> None:
    together = mean_of("g", "two", "", [series(run((0.5,))), ending_unknown(series(run((0.7, 0.9), id="b")))])
    said = comparison.said_of([together], "accuracy", "seconds")
    assert said == "Accuracy of 2 runs by seconds; validation at the end: two 0.600."


def test_the_words_of_the_map_name_the_last_known_point() -> None:
    said = map_view.said_of([ending_unknown(series(run((0.8, 0.9))))], "accuracy")
    assert said == "Validation accuracy over clean training accuracy: a ends at training 0.900, validation 0.800."
    nowhere = map_view.said_of([series_of(run((0.8,)), "accuracy", "epoch", ("val",))], "accuracy")
    assert nowhere.endswith("accuracy: Not measured in these epochs: they are older than this metric.")


# The overfitting map


def traces(*runs: Named, quantity: str = "accuracy", log: bool = False) -> dict[str, Any]:
    figure = map_figure([series(one, quantity) for one in runs], quantity=quantity, log=log)
    return {**{trace["uid"]: trace for trace in figure["data"]}, "layout": figure["layout"]}


def test_each_run_is_a_path_of_training_and_validation_with_its_best_and_last_epoch() -> None:
    drawn = traces(run((0.5, 0.8, 0.6), clean=0.9, best=2))
    assert (drawn["a-path"]["x"], drawn["a-path"]["y"]) == ([0.9, 0.9, 0.9], [0.5, 0.8, 0.6])
    assert (drawn["a-star"]["x"], drawn["a-star"]["y"]) == ([0.9], [0.8])
    assert (drawn["a-last"]["y"], drawn["a-last"]["text"]) == ([0.6], ["3, the last"])
    assert drawn["a-path"]["meta"]["open"] == drawn["a-last"]["meta"]["open"] == "a", "a click opens the run"


def test_a_smoothed_path_keeps_its_star_on_the_measured_value() -> None:
    figure = map_figure([series(run((0.5, 0.9, 0.5), best=2))], quantity="accuracy", smoothing=0.5)
    drawn = {trace["uid"]: trace for trace in figure["data"]}
    assert drawn["a-star"]["y"] == [0.9]
    assert 0.5 < drawn["a-path"]["y"][1] < 0.9 and drawn["a-last"]["y"] == drawn["a-path"]["y"][2:]


@pytest.mark.parametrize("log", [False, True])
def test_on_the_diagonal_training_and_validation_are_equal_on_the_same_axes(log: bool) -> None:
    layout = traces(run((0.5, 0.8), clean=0.7), quantity="loss", log=log)["layout"]
    assert layout["xaxis"]["range"] == layout["yaxis"]["range"]
    (diagonal,) = layout["shapes"]
    assert (diagonal["x0"], diagonal["x1"]) == (diagonal["y0"], diagonal["y1"])
    ends = [10**end for end in layout["xaxis"]["range"]] if log else layout["xaxis"]["range"]
    assert [diagonal["x0"], diagonal["x1"]] == pytest.approx(ends)


def test_a_name_made_of_markup_is_shown_as_it_is_on_the_map() -> None:
    drawn = traces(run((0.5,), id="<img src=x onerror=alert(1)>"))
    (path,) = [trace for uid, trace in drawn.items() if uid.endswith("-path")]
    assert "<img" not in path["name"] and "<img" not in path["hovertemplate"]


def test_a_name_that_looks_like_a_field_of_a_label_is_shown_as_it_is() -> None:
    named = run((0.5,), id="90 %{x} of it")
    assert traces(named)["90 %{x} of it-path"]["name"] == "90 &#37;{x} of it"
    assert compare_figure([series(named)], quantity="accuracy", x="epoch")["data"][0]["name"] == "90 &#37;{x} of it"
    template = traces(run((0.5,), id="90 %{x} of it"))["90 %{x} of it-path"]["hovertemplate"]
    assert template.count("%{x") == 1, "the field of the label itself"
    assert template.startswith("90 &#37;{x} of it<br>")


def test_what_has_no_clean_training_curve_is_not_on_the_map() -> None:
    drawn = series_of(run((0.5, 0.6)), "macro F1", "epoch", ("val", "clean"))
    assert map_figure([drawn], quantity="accuracy")["data"] == []
