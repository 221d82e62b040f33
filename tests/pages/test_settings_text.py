"""Settings and their values in words."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pages.ui.common.settings_text import Cell, html, title_with_unit
from tests.each import for_each
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.experiment.wording import title_in_sentence, value_text

ROWS = {row.path: row for row in PARAMETERS}

CALLED = {
    "head.dropout": ("Dropout (of the units)", "dropout"),
    "head.l2": ("L2", "L2"),
    "data.images_per_class": ("Training images per class", "training images per class"),
    "optimizer.clip_norm": ("Gradient clipping (norm of the gradient)", "gradient clipping"),
    "schedule.patience": ("Schedule patience (epochs)", "schedule patience"),
    "schedule.name": ("Schedule", "schedule"),
    "stopping.rule": ("Early stopping", "early stopping"),
}


@for_each(("path", "called"), CALLED.items(), ids=CALLED)
def test_a_setting_is_called_by_title_and_unit_and_by_its_section_where_that_is_needed(
    path: str, called: tuple[str, str]
) -> None:
    assert (title_with_unit(ROWS[path]), title_in_sentence(ROWS[path])) == called


def test_no_two_settings_are_called_the_same() -> None:
    assert [name for name, count in Counter(map(title_with_unit, PARAMETERS)).items() if count > 1] == []


SHOWN: dict[str, tuple[str, Any, str]] = {
    "a small number": ("head.l2", 0.0001, "1e-4"),
    "layers": ("head.hidden", [128, 64], "128+64"),
    "a switch": ("train.update_batch_norm", True, "on"),
    "augmentations": ("augment", {"rotation": 15, "zoom": 0.2}, "rotation 15, zoom 0.2"),
    "a folder": ("data.source", "folder:/photos/pets", "pets"),
    "stages": ("train.stages", "all-but-1:3,all-but-2:3@0.0001", "all-but-1:3+all-but-2:3@0.0001"),
    "nothing": ("data.image_size", None, "not set"),
}


@for_each(("path", "value", "words"), SHOWN.values(), ids=SHOWN)
def test_values_are_shown_as_people_write_them(path: str, value: Any, words: str) -> None:
    assert value_text(ROWS[path], ExperimentSpec().with_values({path: value}).value(path)) == words


@for_each("path", ROWS)
def test_every_setting_has_words_for_its_default(path: str) -> None:
    assert value_text(ROWS[path], ExperimentSpec().value(path)) not in ("", "()", "None")


def test_in_a_narrow_window_each_cell_of_a_stacked_table_has_the_name_of_its_column() -> None:
    rows = [[Cell("ridge"), Cell("75 %"), Cell("<0.6>")], [Cell("lda"), Cell("not solved", columns=2)]]
    stacked = html(("Head", "Accuracy", 'Loss, "nats"'), rows, "Heads", stacked=True)
    assert '<td data-column="Accuracy">75 %</td><td data-column="Loss, &quot;nats&quot;">&lt;0.6&gt;</td>' in stacked
    assert '<td colspan="2">not solved</td>' in stacked, "a text over several columns belongs to none of them"
    assert "data-column" not in html(("Head", "Accuracy", "Loss"), rows[:1], "Heads")
