"""The section of the Compare page that says whether one run is better than another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.compare import better
from tests.epoch_lines import append_line
from tests.pages import visits
from tests.pages.folders import add_measured, add_outputs, add_run, epoch_line
from tests.pages.visits import drawn, said
from tl_core import store
from tl_core.comparison import rank
from tl_core.files import write_json

ALL = np.ones(300, bool)


def wrong(*images: int) -> np.ndarray:
    right = ALL.copy()
    right[list(images)] = False
    return right


def compared(*runs: store.Run, **address: str) -> AppTest:
    return visits.opened("compare", runs=",".join(run.id for run in runs), **address)


def test_two_runs_get_an_answer_with_its_interval_and_the_images_that_flip(models: Path) -> None:
    a, b = add_measured(models, "plain", wrong(*range(40))), add_measured(models, "dropout", wrong(*range(38, 44)))
    for run in (a, b):
        write_json(run.report / "data.json", {"classes": ["<b>cat</b>", "dog", "owl"]})
    page = compared(a, b)
    assert "**dropout is better than plain by 11.3 points (7.6 to 15.8).**" in said(page)
    assert "this is about these two networks." in said(page)
    assert "**Only dropout is right: 38**" in said(page) and "**Only plain is right: 4**" in said(page)
    assert "and 26 more" in said(page)
    html = drawn(page)
    assert "dropout minus plain: 11.3 points (7.6 to 15.8); margin 1 point." in html
    assert "← plain better" in html and "dropout better →" in html
    assert "a/0.jpg" in html and "a/41.jpg" in html and "a/39.jpg" not in html
    assert "&lt;b&gt;cat&lt;/b&gt;" in html
    assert "The epoch of each run was chosen on these validation images" in said(page)


def test_of_several_the_best_two_are_compared_until_others_are_chosen(models: Path) -> None:
    runs = [
        add_measured(models, name, wrong(*images))
        for name, images in (("low", range(90)), ("best", range(2)), ("second", range(2, 8)), ("third", range(3, 12)))
    ]
    page = compared(*runs)
    assert "300 images cannot tell whether second or best is better; about" in said(page)
    assert "The best of 4 is best, 99.3 %." in said(page)
    assert "corrected for 6 pairs (Holm)" in said(page)
    assert "not told apart" in drawn(page)
    assert '<table aria-label="4 sides, each against the best">' in drawn(page)
    assert '<th scope="col">Accuracy</th>' in drawn(page) and '<th scope="row">best</th>' in drawn(page)
    page.selectbox(key="side_b").select("low").run()
    assert not page.exception
    assert "**second is better than low by 28 points" in said(page)
    page.selectbox(key="side_a").select("low").run()
    assert "A and B are the same" in said(page)


def test_the_best_two_are_those_of_the_images_at_hand_though_a_side_was_chosen_before(models: Path) -> None:
    runs = [
        add_measured(models, name, wrong(*images), exported_epoch=1)
        for name, images in (("a", range(2)), ("b", range(20, 30)), ("c", range(40, 80)))
    ]
    for run, images in zip(runs, (range(70), range(2), range(20, 40)), strict=True):
        add_outputs(run, wrong(*images)[None, :100], split="test")
    page = compared(*runs)
    assert "**a is better than b by" in said(page)
    page.segmented_control(key="on_images").set_value("test").run()
    assert "**b is better than c by" in said(page)
    page.selectbox(key="side_a").select("a").run()
    assert "**b is better than a by" in said(page)
    page.segmented_control(key="on_images").set_value("validation").run()
    assert "A and B are the same" in said(page), "A stays what was chosen, B the best of these images"


def test_a_further_epoch_that_is_not_exported_costs_no_new_comparison(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [add_measured(models, name, wrong(*images)) for name, images in (("a", (0, 1)), ("b", (2, 3)))]
    asked: list[int] = []
    monkeypatch.setattr(better, "rank", lambda sides: asked.append(len(sides)) or rank(sides))
    page = compared(*runs)
    append_line(runs[0], epoch_line(2, 0.5, 0.5))
    add_outputs(runs[0], np.stack([wrong(0, 1), ~ALL]))
    page.run()
    assert asked == [2]
    append_line(runs[0], epoch_line(3, 1.0, 1.0))
    add_outputs(runs[0], np.stack([wrong(0, 1), ~ALL, ALL]))
    page.run()
    assert asked == [2, 2] and "a " in said(page), "a better epoch is another network"


def test_seeds_are_one_side_and_can_be_compared_one_by_one(models: Path) -> None:
    seeds = [add_measured(models, "", wrong(*range(seed, 30 + seed)), {"train.seed": seed}) for seed in range(3)]
    other = add_measured(models, "", wrong(*range(100, 102)), {"head.dropout": 0.5})
    page = compared(*seeds, other)
    assert "3 seeds against 1 seed" in said(page)
    page.toggle(key="seeds_together").set_value(False).run()
    assert "these two networks" in said(page) and "The best of 4 is" in said(page)
    alone = compared(*seeds)
    assert "These runs differ only in their seed, so they are one side." in said(alone)


def test_a_wider_margin_makes_equal_what_cannot_be_told(models: Path) -> None:
    page = compared(*(add_measured(models, name, wrong(*images)) for name, images in (("a", (0, 1)), ("b", (2, 3)))))
    assert "300 images cannot tell whether a or b is better; about" in said(page)
    page.selectbox(key="margin").select(5.0).run()
    assert "a and b are equal within 5 points" in said(page)


def test_test_images_are_compared_where_runs_keep_them(models: Path) -> None:
    a, b = (add_measured(models, name, wrong(*images), exported_epoch=1) for name, images in (("a", (0,)), ("b", (1,))))
    page = compared(a, b, on_images="test")
    assert "a and b keep no outputs on test images" in said(page)
    for run, images in ((a, range(20)), (b, ())):
        add_outputs(run, wrong(*images)[None, :100], split="test")
    page = compared(a, b, on_images="test")
    assert "b is better than a by 20 points" in said(page)
    assert "On 100 test images" in said(page)


def test_all_reasons_share_a_box_and_name_files_within_their_runs(models: Path) -> None:
    runs = [add_measured(models, name, ALL) for name in ("first", "damaged", "second")]
    (runs[1].folder / "val_outputs.bin").write_bytes(b"?")
    olds = [add_run(models, f"old {number}") for number in range(5)]
    page = compared(*runs, *olds)
    (box,) = [info.value for info in page.info if "earlier version" in info.value]
    assert "old 0, old 1 and 3 more were trained by an earlier version" in box
    box = box.replace("\\", "")  # As it is read, without the signs that keep it from being markup.
    assert "Train them again to compare them." in box
    assert "damaged: val_outputs.bin: is damaged" in box and str(models) not in box


def test_what_cannot_be_compared_says_what_to_do(models: Path) -> None:
    first, second, old = add_measured(models, "first", ALL), add_measured(models, "second", ALL), add_run(models, "old")
    elsewhere = add_measured(models, "elsewhere", ALL, {"data.split_seed": 1})
    page = compared(first, old)
    assert "old was trained by an earlier version" in said(page) and "Train it again to compare it." in said(page)
    page = compared(first, elsewhere, second)
    assert "elsewhere was measured on other images than first and second" in said(page)
    assert "first and second are equal within 1 point" in said(page)
    page = compared(first, add_run(models, "queued", accuracies=(), status=store.QUEUED))
    assert "It takes two runs with at least one epoch each." in said(page)
    assert "Is one better?" not in [header.value for header in compared(first).header]
