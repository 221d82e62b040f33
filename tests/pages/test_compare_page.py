"""The page that lays runs over each other, run as Streamlit runs it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.charts import colours
from pages.ui.common import run_list
from pages.ui.compare import colouring, tables
from pages.ui.compare.compared_runs import csv_lines, read_runs
from pages.ui.compare.grouping import groups_of
from tests.epoch_lines import append_line
from tests.pages import run_tables, visits
from tests.pages.folders import add_run, epoch_line
from tests.pages.run_tables import texts, titles
from tests.pages.visits import address, drawn
from tl_core import store
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_json


def opened(*ids: str, **params: str | list[str]) -> AppTest:
    """The page as a link with these runs opens it."""
    return visits.opened("compare", **({"runs": ",".join(ids)} if ids else {}), **params)


def chart(page: AppTest) -> dict[str, Any]:
    """What the browser is given to draw."""
    (drawn,) = [sent for sent in _sent(page) if "figure" in sent]
    return drawn


def _sent(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.json) for element in page.get("bidi_component") if element.proto.json]


def legend(page: AppTest) -> list[str]:
    return [trace["name"] for trace in chart(page)["figure"]["data"] if trace.get("showlegend")]


def grid(page: AppTest) -> list[dict[str, Any]]:
    """The small charts that the browser is given to draw."""
    (drawn,) = [sent for sent in _sent(page) if "cells" in sent]
    return list(drawn["cells"])


def columns(page: AppTest) -> list[str]:
    return run_tables.columns(page)


def respecify(run: store.Run, **changes: Any) -> store.Run:
    """Changes what a run was asked to do, as if it had been asked for from the beginning."""
    values = json.loads((run.folder / "spec.json").read_text())
    for path, value in changes.items():
        section, name = path.split("__")
        values[section][name] = value
    (run.folder / "spec.json").write_text(json.dumps(values))
    return run


def folder_as_it_is(models: Path, runs: Sequence[store.Run]) -> list[Any]:
    """The runs as the page reads them."""
    called = run_list.labels_of(run_list.rows(models))
    found, problems = read_runs(models, [run.id for run in runs], called)
    assert problems == []
    return found


# Choosing


def test_without_a_choice_the_newest_two_are_offered_and_a_click_compares_them(models: Path) -> None:
    add_run(models, "oldest")
    older, newer = add_run(models, "older"), add_run(models, "newer")
    page = opened()
    assert not run_tables.sent(page)
    page.button(key="compare_newest").click().run()
    assert not page.exception
    assert address(page)["runs"] == f"{newer.id},{older.id}"
    assert legend(page) == ["newer", "older"]


@pytest.mark.parametrize("runs", [0, 1])
def test_with_too_few_runs_the_page_says_what_to_do(models: Path, runs: int) -> None:
    for _ in range(runs):
        add_run(models)
    page = opened()
    assert "two runs" in page.info[0].value
    assert not page.button


def test_a_link_chooses_its_runs_in_its_order(models: Path) -> None:
    first, second = add_run(models, "first"), add_run(models, "second")
    page = opened(first.id, second.id)
    assert page.multiselect[0].value == [first.id, second.id]
    assert legend(page) == ["first", "second"]


def test_a_choice_stands_in_the_address_and_an_empty_one_leaves_it(models: Path) -> None:
    first, second = add_run(models, "first"), add_run(models, "second")
    page = opened(first.id)
    page.multiselect[0].set_value([first.id, second.id]).run()
    assert address(page)["runs"] == f"{first.id},{second.id}"
    page.multiselect[0].set_value([]).run()
    assert "runs" not in address(page)
    assert not page.exception


def test_going_back_to_another_address_shows_its_runs(models: Path) -> None:
    first, second = add_run(models, "first"), add_run(models, "second")
    page = opened(first.id, second.id)
    page.query_params["runs"] = second.id
    page.run()
    assert page.multiselect[0].value == [second.id]
    assert legend(page) == ["second"]


@pytest.mark.parametrize("unknown", ["nonesuch", "../../etc/passwd", "x" * 10_000])
def test_a_link_to_a_run_that_is_not_there_says_so_and_shows_the_others(models: Path, unknown: str) -> None:
    run = add_run(models, "here")
    page = opened(unknown, run.id)
    assert "not in this folder" in page.warning[0].value
    assert len(page.warning[0].value) < 400
    assert legend(page) == ["here"]


def test_any_number_of_runs_is_compared_beyond_twelve_in_small_charts_with_common_axes(models: Path) -> None:
    runs = [add_run(models, f"run {number}", ((0.9, 0.5 + number / 40),) * 3) for number in range(13)]
    page = opened(*(run.id for run in runs))
    assert not page.warning
    assert [cell["id"] for cell in grid(page)] == [run.id for run in runs]
    assert titles(page) == [cell["title"] for cell in grid(page)] == [f"run {number}" for number in range(13)]
    heights = [float(cell["lines"][0]["path"].removeprefix("M").split("L")[0].split()[1]) for cell in grid(page)]
    assert heights == sorted(heights, reverse=True) and len(set(heights)) == 13, "higher accuracies are drawn higher"
    assert heights[0] == 100, "the lowest of all is at the foot of the common axis"


def test_up_to_twelve_runs_share_a_chart_with_names_at_the_ends_and_stars_at_exported_epochs(models: Path) -> None:
    runs = [add_run(models, f"run {number}") for number in range(12)]
    traces = chart(opened(*(run.id for run in runs)))["figure"]["data"]
    assert [trace["meta"]["end"] for trace in traces if trace.get("meta")] == [f"run {number}" for number in range(12)]
    stars = {trace["legendgroup"]: trace["x"] for trace in traces if trace["uid"].endswith("-star")}
    assert stars == {run.id: [2] for run in runs}


def swatches(page: AppTest) -> list[str]:
    return [row["swatch"] for row in run_tables.sent(page)["rows"]]


def test_a_run_has_one_colour_in_chart_chips_and_table(models: Path) -> None:
    one, damaged, two = (add_run(models, title) for title in ("one", "damaged", "two"))
    (damaged.folder / "spec.json").write_text("{")
    page = opened(one.id, damaged.id, two.id)
    lines = [trace["line"]["color"] for trace in chart(page)["figure"]["data"] if trace.get("showlegend")]
    first, second = swatches(page)
    assert [first, second] == [colours.css(line) for line in lines]
    assert first != second
    chips = re.findall(r'data-tag-index="(\d)"\] {border-left: .75rem solid (.*?)}', drawn(page))
    assert chips == [("0", first), ("2", second)]


@pytest.mark.parametrize("count", [3, 9])
def test_colours_can_be_those_of_a_setting(models: Path, count: int) -> None:
    rates = [0.1 * (number % 3) for number in range(count)]
    runs = [
        add_run(models, "", settings={"head.dropout": rate, "train.seed": number}) for number, rate in enumerate(rates)
    ]
    page = opened(*(run.id for run in runs), colour="dropout")
    found = swatches(page)
    assert [found[number] == found[0] for number in range(count)] == [rate == rates[0] for rate in rates]
    assert len(set(found)) == 3
    assert ">0.1</span>" in drawn(page)


def test_more_values_than_distinct_colours_go_from_pale_to_deep() -> None:
    assert colours.scale(3) == ["theme:0", "theme:1", "theme:2"]
    many = colours.scale(30)
    assert len(set(many)) == 30 and many[0] == "theme:s4.5" and many[-1] == "theme:s9"
    assert colours.css("theme:s4") == "light-dark(#6F9BD4, #3B68A9)"
    assert colours.of_theme("theme:s4.5", "light") == "#5F8ECC", "halfway to #4F81C4"


def test_runs_of_the_same_title_are_told_apart(models: Path) -> None:
    first, second, third = add_run(models, "same"), add_run(models, "same"), add_run(models, "other")
    assert legend(opened(first.id, second.id, third.id)) == [f"same {first.id[-4:]}", f"same {second.id[-4:]}", "other"]


def test_runs_without_a_title_by_hand_are_called_by_the_settings_in_which_they_differ(models: Path) -> None:
    runs = [add_run(models, "", settings={"head.dropout": rate, "data.image_size": 128}) for rate in (0.2, 0.5)]
    page = opened(*(run.id for run in runs))
    assert legend(page) == titles(page) == ["dropout 0.2", "dropout 0.5"]
    assert [page.multiselect[0].format_func(run.id) for run in runs] == ["dropout 0.2", "dropout 0.5"]


# Curves


def test_the_controls_come_from_the_link(models: Path) -> None:
    run = add_run(models)
    page = opened(
        run.id, measure="loss", axis="seconds", smooth="0.5", log_loss="true", show=["validation", "reported"]
    )
    drawn = chart(page)["figure"]
    assert drawn["layout"]["yaxis"]["type"] == "log"
    assert drawn["layout"]["xaxis"]["title"]["text"].startswith("Seconds")
    assert {trace["uid"].removeprefix(run.id) for trace in drawn["data"]} == {
        "-val",
        "-reported",
        "-val-measured",
        "-reported-measured",
        "-star",
    }


@pytest.mark.parametrize("nonsense", ["bogus", "1e9", "nan", "-1", "validation,bogus"])
def test_a_link_with_nonsense_for_its_controls_shows_their_defaults(models: Path, nonsense: str) -> None:
    run = add_run(models)
    nonsense_everywhere = dict.fromkeys(
        ("measure", "axis", "smooth", "log_loss", "show", "view", "align", "shape", "group", "colour"), nonsense
    )
    assert chart(opened(run.id, **nonsense_everywhere))["figure"] == chart(opened(run.id))["figure"]


def seeds(models: Path, dropouts: Sequence[float] = (0.3,), count: int = 3, title: str = "") -> list[store.Run]:
    """Runs that differ in dropout and seed; accuracies by the seed."""
    return [
        add_run(models, title, ((0.9, 0.5 + seed / 20),), {"head.dropout": rate, "train.seed": seed})
        for rate in dropouts
        for seed in range(1, count + 1)
    ]


def test_runs_that_differ_only_in_their_seed_are_one_curve_with_a_band(models: Path) -> None:
    runs = seeds(models, (0.2, 0.5))
    page = opened(*(run.id for run in runs))
    assert legend(page) == ["dropout 0.2 (3 seeds)", "dropout 0.5 (3 seeds)"]
    lines = {trace["uid"]: trace for trace in chart(page)["figure"]["data"]}
    assert [lines[f"seeds-{runs[0].id}-val{end}"]["y"] for end in ("-low", "", "-high")] == [[0.55], [0.6], [0.65]]
    assert len(set(swatches(page)[:3])) == 1 and len(set(swatches(page))) == 2, "the runs of a group have its colour"
    assert any("mean" in caption.value for caption in page.caption)


def test_seeds_that_are_alone_together_are_named_without_their_seed(models: Path) -> None:
    (name,) = legend(opened(*(run.id for run in seeds(models))))
    assert name.replace("<br>", " ") == "Dropout 0.3 (feature extraction) (3 seeds)"


def test_a_run_that_was_repeated_with_the_same_seed_is_no_group(models: Path) -> None:
    assert legend(opened(add_run(models, "one").id, add_run(models, "two").id)) == ["one", "two"]


def test_grouping_can_be_by_a_setting_or_off(models: Path) -> None:
    runs = [run.id for run in seeds(models, (0.2, 0.5), 2)]
    assert legend(opened(*runs, group="same settings")) == ["dropout 0.2 (2 seeds)", "dropout 0.5 (2 seeds)"]
    assert legend(opened(*runs, group="dropout")) == ["dropout 0.2 (2 runs)", "dropout 0.5 (2 runs)"]
    assert legend(opened(*runs, group="seed")) == ["seed 1 (2 runs)", "seed 2 (2 runs)"]
    assert len(legend(opened(*runs, group="nothing"))) == 4


def test_folders_of_the_same_name_are_other_values_of_their_setting(models: Path) -> None:
    runs = folder_as_it_is(
        models,
        [
            add_run(models, "", settings={"data.source": f"folder:/{at}/cats"})
            for at in ("a/photos", "b/photos", "b/photos")
        ],
    )
    assert [group.title for group in groups_of(runs, "data.source")] == [
        "cats (a/photos/cats)",
        "cats (b/photos/cats) (2 runs)",
    ]
    found = colouring.colouring(groups_of(runs, "nothing"), "data.source")
    assert list(found.legend) == ["cats (a/photos/cats)", "cats (b/photos/cats)"]
    first, second, third = (found.of[run.id] for run in runs)
    assert first != second == third


def test_more_runs_than_there_are_colours_share_a_chart_as_groups(models: Path) -> None:
    runs = seeds(models, (0.2, 0.5), 7)
    assert len(legend(opened(*(run.id for run in runs)))) == 2


def test_few_runs_have_small_charts_on_request(models: Path) -> None:
    runs = [add_run(models, "one"), add_run(models, "two")]
    page = opened(*(run.id for run in runs), shape="small charts", measure="gap")
    assert [cell["title"] for cell in grid(page)] == ["one", "two"]
    assert grid(page)[0]["said"][0] == "epoch 1: +5 points"


def test_the_map_opens_from_a_link_in_accuracy_or_loss(models: Path) -> None:
    run = add_run(models, "one", ((0.8, 0.75), (0.97, 0.84)))
    drawn = chart(opened(run.id, view="Map"))["figure"]
    assert drawn["data"][0]["x"] == [0.8, 0.97]
    assert chart(opened(run.id, view="Map", measure="loss gap"))["figure"]["data"][0]["y"] == [0.25, 0.16]


def test_the_csv_has_names_steps_and_gaps(models: Path) -> None:
    run = add_run(models, "one", ((0.8, 0.75),), {"train.batch_size": 10}, images={"train": 100})
    (found,) = folder_as_it_is(models, [run])
    (line,) = csv_lines(found)
    assert (line["run"], line["name"], line["steps"]) == (run.id, "one", 10)
    assert (line["gap"], line["loss_gap"]) == (pytest.approx(0.05), pytest.approx(0.05))


def test_without_any_kind_of_curve_the_page_says_what_to_choose(models: Path) -> None:
    assert "kind of curve" in opened(add_run(models).id, show="").info[0].value


@pytest.mark.parametrize("measure, several", [("accuracy", True), ("macro F1", False)])
def test_kinds_of_curves_can_be_chosen_where_the_measure_has_several(models: Path, measure: str, several: bool) -> None:
    run = add_run(models)
    page = opened(run.id, measure=measure, show=["training"])
    (kinds,) = (group for group in page.button_group if group.label == "Curves")
    assert kinds.proto.disabled is not several
    said = [caption.value for caption in page.caption]
    assert any("on validation images only" in text for text in said) is not several


def test_a_measure_that_older_runs_do_not_have_is_said_in_chart_and_alt_text(models: Path) -> None:
    sent = chart(opened(add_run(models).id, measure="macro F1"))
    assert sent["figure"]["data"] == []
    assert "Not measured" in json.dumps(sent["figure"]["layout"])
    assert sent["alt"].startswith("Macro F1: Not measured")


def test_an_epoch_that_is_done_meanwhile_is_drawn_at_the_next_look(models: Path) -> None:
    run = add_run(models, accuracies=((0.8, 0.7),))
    page = opened(run.id)
    assert chart(page)["figure"]["data"][0]["x"] == [1]
    append_line(run, epoch_line(2, 0.9, 0.8))
    page.run()
    assert chart(page)["figure"]["data"][0]["x"] == [1, 2]


def test_runs_without_an_epoch_wait_for_their_first(models: Path) -> None:
    page = opened(add_run(models, accuracies=()).id)
    assert "first epoch" in page.info[0].value
    assert not [sent for sent in _sent(page) if "figure" in sent]


def test_the_alt_text_names_the_runs(models: Path) -> None:
    alt = chart(opened(add_run(models, "one").id, add_run(models, "two").id))["alt"]
    assert "one" in alt
    assert "two" in alt


DAMAGE = {
    "a spec that is no JSON": ("spec.json", "{"),
    "a line of metrics that is no JSON": ("metrics.jsonl", "{oops\n"),
    "a line of metrics that is a list": ("metrics.jsonl", "[1]\n"),
    "a line of metrics without its figures": ("metrics.jsonl", '{"epoch": 1}\n'),
    "a state whose figures are words": ("state.json", '{"status": "finished", "test_accuracy": "good"}'),
    "a line of metrics with words for figures": ("metrics.jsonl", '{"epoch": 1, "val_loss": "good"}\n'),
}


@pytest.mark.parametrize(("name", "content"), DAMAGE.values(), ids=DAMAGE)
def test_a_run_that_cannot_be_read_is_named_and_spoils_no_other(models: Path, name: str, content: str) -> None:
    whole, other = add_run(models, "whole"), add_run(models, "other")
    store.write_notes(other, store.Notes("broken"))
    (other.folder / name).write_text(content)
    page = opened(whole.id, other.id)
    assert page.error[0].value.startswith("broken")
    assert Path(name).stem in page.error[0].value
    assert legend(page) == ["whole"]


# Figures and settings


def test_all_figures_are_those_of_the_exported_epoch_and_the_best_run_is_marked(models: Path) -> None:
    worse = add_run(models, "worse", ((0.9, 0.6), (1.0, 0.5)), test_accuracy=0.55, exported_epoch=1)
    better = add_run(models, "better", ((0.8, 0.7), (0.9, 0.8), (1.0, 0.75)))
    first, second = texts(opened(worse.id, better.id))
    assert (first["Validation"], second["Validation"], second["Epoch"]) == ("60.0 %", "★ 80.0 %", "2")
    assert (second["Val. loss"], second["Gap"], first["Test"]) == ("0.2000", "+10.0", "55.0 %")
    assert first["Time"] == "12 s"


def test_a_star_across_different_images_is_not_given(models: Path) -> None:
    first, second = add_run(models, "one", data="a"), add_run(models, "other", data="b")
    assert not any("★" in row["Validation"] for row in texts(opened(first.id, second.id)))


def test_the_address_keeps_the_sort_and_colours_stay_with_their_runs(models: Path) -> None:
    worse, better = add_run(models, "worse", ((0.9, 0.6),)), add_run(models, "better", ((0.9, 0.8),))
    page, unsorted = opened(worse.id, better.id, order="accuracy"), opened(worse.id, better.id)
    assert (titles(page), titles(unsorted)) == (["better", "worse"], ["worse", "better"])
    assert swatches(page) == swatches(unsorted)[::-1]


def test_how_sure_the_best_accuracy_is_follows_from_the_number_of_images(models: Path) -> None:
    run = add_run(models, accuracies=((1.0, 0.9),), images={"validation": 400})
    said = tables.uncertainty(folder_as_it_is(models, [run]))
    assert said.startswith("90.0 % ± 3.3: 95 % interval for 400 images: 86.7 to 92.6 %")
    assert tables.uncertainty(folder_as_it_is(models, [add_run(models, accuracies=())])) == ""


def test_only_settings_that_differ_are_in_the_table(models: Path) -> None:
    first = respecify(add_run(models, "first"), head__dropout=0.5)
    second = respecify(add_run(models, "second"), head__dropout=0.1)
    page = opened(first.id, second.id)
    assert columns(page) == ["Run", "Validation", "Gap", "Test", "Dropout", "Val. loss", "Epoch", "Time"]
    assert [row["Dropout"] for row in texts(page)] == ["0.5", "0.1"]


def test_the_status_stands_in_the_table_as_soon_as_a_run_is_not_finished(models: Path) -> None:
    first, second = add_run(models, "first"), add_run(models, "second", status=store.STOPPED)
    assert "Status" not in columns(opened(first.id))
    assert [row["Status"] for row in texts(opened(first.id, second.id))] == ["finished", "stopped"]


def test_folders_of_one_name_are_told_apart_by_their_paths(models: Path) -> None:
    runs = [respecify(add_run(models), data__source=f"folder:/{disk}/cats") for disk in ("a", "b")]
    cells = [row["Dataset"] for row in run_tables.cells(opened(*(run.id for run in runs)))]
    assert cells == [{"text": "cats", "hover": "folder:/a/cats"}, {"text": "cats", "hover": "folder:/b/cats"}]


def test_runs_of_the_same_settings_are_said_to_have_them(models: Path) -> None:
    page = opened(add_run(models).id, add_run(models).id)
    assert any("same settings" in caption.value for caption in page.caption)


def test_what_was_changed_while_a_run_trained_is_a_difference(models: Path) -> None:
    first, second = add_run(models, "first"), add_run(models, "second")
    changes = [{"epoch": 2, "values": {"head.dropout": 0.4}}, {"epoch": 3, "values": {"head.dropout": 0.5}}]
    write_json(second.folder / "adjustments.json", changes)
    changed = "from epoch 2 on: dropout 0.4; from epoch 3 on: dropout 0.5"
    assert [row[tables.CHANGED] for row in texts(opened(first.id, second.id))] == ["", changed]


def test_every_setting_of_an_experiment_can_stand_in_the_table(models: Path) -> None:
    plain, changed = add_run(models, "plain"), add_run(models, "changed")
    spec = ExperimentSpec.model_validate({"augment": {"rotation": 15}, "head": {"hidden": [64, 32]}})
    (changed.folder / "spec.json").write_text(json.dumps(spec.to_json()))
    row = texts(opened(plain.id, changed.id))[1]
    assert (row["Augmentations"], row["Hidden layers"]) == ("rotation 15", "64+32")


def test_names_with_markup_and_addresses_are_shown_as_they_are(models: Path) -> None:
    name = "<b>bold</b> https://example.org"
    run = add_run(models, name)
    page = opened(run.id)
    assert titles(page) == [name]
    assert legend(page) == ["&lt;b&gt;bold&lt;/b&gt; https://example.org"]


# What must be said before curves are believed

APART = {
    "other pictures": ({"data": "a"}, {"data": "b"}, {}, "different data"),
    "another split": ({"data": "a"}, {"data": "a"}, {"data__split_seed": 7}, "differently"),
    "the same": ({"data": "a"}, {"data": "a"}, {}, None),
    "another image size": ({"data": "a"}, {"data": "a"}, {"data__image_size": 64}, None),
}


@pytest.mark.parametrize(("one", "other", "changes", "said"), APART.values(), ids=APART)
def test_runs_that_were_validated_on_different_images_are_said_to_be(
    models: Path, one: dict[str, Any], other: dict[str, Any], changes: dict[str, Any], said: str | None
) -> None:
    first, second = add_run(models, "one", **one), respecify(add_run(models, "other", **other), **changes)
    warnings = [warning.value for warning in opened(first.id, second.id).warning]
    assert len(warnings) == (said is not None)
    assert said is None or said in warnings[0]


def test_different_losses_are_not_comparable_and_accuracies_are(models: Path) -> None:
    svm = add_run(models, loss_name="squared hinge")
    other = add_run(models, loss_name="cross-entropy")
    assert "different losses" in opened(svm.id, other.id, measure="loss").warning[0].value
    assert not opened(svm.id, other.id).warning
