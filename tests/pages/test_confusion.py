"""The confusion matrix: names as they are, any number of classes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from pages.ui.run.confusion import A_PAGE, confusions, figure, page_of, words
from pages.ui.run.report_file import ClassFigures, Report
from tests.pages.folders import add_run
from tests.pages.run_page import opened
from tl_core.files import write_json

MARKUP = ["<unknown>", "<5mm", "a&lt;b", "<i>Felis<", "x & y"]


def report(names: list[str], counts: np.ndarray) -> Report:
    rows = tuple(ClassFigures(name, 0.5, 0.5, 0.5, 1) for name in names)
    return Report(int(counts.sum()), 0.5, 0.5, "cross-entropy", rows, tuple(map(tuple, counts.tolist())), ())


def many(classes: int = 1000) -> Report:
    """All right but two classes far apart, which are confused with each other, and one image of class 5."""
    counts = np.eye(classes, dtype=np.int64) * 9
    counts[2, classes - 3], counts[classes - 3, 2], counts[5, 6] = 7, 4, 1
    return report([f"class {number}" for number in range(classes)], counts)


def test_names_with_markup_are_escaped_for_plotly_in_ticks_and_hover_labels() -> None:
    drawn = figure(page_of(report(MARKUP, np.eye(5, dtype=np.int64)), 1))
    escaped = ["&lt;unknown&gt;", "&lt;5mm", "a&amp;lt;b", "&lt;i&gt;Felis&lt;", "x &amp; y"]
    assert drawn["layout"]["xaxis"]["ticktext"] == drawn["layout"]["yaxis"]["ticktext"] == escaped
    assert drawn["data"][0]["customdata"][1][3] == [0, escaped[1], escaped[3]]


def test_long_names_are_cut_beside_the_matrix_and_whole_in_the_hover_label() -> None:
    name = "a very long name of a class that would leave no room"
    drawn = figure(page_of(report([name, f"{name} either"], np.eye(2, dtype=np.int64)), 1))
    assert drawn["layout"]["xaxis"]["ticktext"] == ["a very long name of a c…"] * 2
    assert drawn["data"][0]["customdata"][0][0][1] == name


def test_a_few_classes_are_in_the_order_of_the_dataset() -> None:
    counts = np.array([[2, 0], [1, 3]])
    matrix = page_of(report(["cat", "dog"], counts), 1)
    assert matrix.names == ("cat", "dog")
    assert np.array_equal(matrix.counts, counts)


def test_of_many_classes_the_most_confused_come_first_and_the_others_are_one() -> None:
    matrix = page_of(many(), 1)
    assert matrix.names[:4] == ("class 2", "class 997", "class 5", "class 6")
    assert matrix.names[-1] == "975 other classes"
    assert matrix.counts[0, :3].tolist() == [9, 7, 0]


@pytest.mark.parametrize("page", [1, 2, 40])
def test_every_page_counts_every_image_once(page: int) -> None:
    made = many()
    matrix = page_of(made, page)
    assert len(matrix.names) == A_PAGE + 1
    assert matrix.counts.sum() == made.images
    assert (matrix.counts >= 0).all()


def test_the_pages_show_every_class_once() -> None:
    shown = [name for page in range(1, 41) for name in page_of(many(), page).names[:-1]]
    assert sorted(shown) == sorted(f"class {number}" for number in range(1000))


def test_confusions_are_listed_the_most_frequent_first() -> None:
    table = confusions(many())
    assert table.to_numpy().tolist() == [
        ["class 2", "class 997", 7, 43.8],
        ["class 997", "class 2", 4, 30.8],
        ["class 5", "class 6", 1, 10.0],
    ]
    assert words(many()).endswith(
        "7 of class 2 predicted as class 997; 4 of class 997 predicted as class 2; 1 of class 5 predicted as class 6."
    )


def test_the_page_of_a_run_with_1000_classes_has_a_small_matrix_and_every_page_of_it(models: Path) -> None:
    made = many()
    run = add_run(models)
    write_json(run.report / "test.json", asdict(made))
    page = opened(run.id, tab="Test report")
    assert not page.exception
    assert "25 of 1,000 classes at a time" in "".join(caption.value for caption in page.caption)
    assert len(page.dataframe[0].value) == 1000
