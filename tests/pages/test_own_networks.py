"""Networks of your own on the Settings page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.keras_files import small, write_network
from tests.own_networks import add_folder
from tests.pages.visits import opened, press, said
from tl_core import service
from tl_core.backbones import BACKBONES, added
from tl_core.backbones.asked import Asked
from tl_core.errors import BadInput


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """What the service was asked; it adds a folder instead."""
    found: list[Asked] = []

    def add(models: Path, _file: Path, one: Asked) -> str:
        found.append(one)
        return add_folder(models, one.name).name

    monkeypatch.setattr(service, "add_network", add)
    return found


def filled(page: AppTest, path: Path, **fields: Any) -> AppTest:
    page.text_input(key="own_path_0").input(str(path))
    for name, value in fields.items():
        if name in ("scaling", "architecture"):
            page.selectbox(key=f"own_{name}_0").select(value)
        else:
            page.text_input(key=f"own_{name}_0").input(value)
    return page.run()


def errors(page: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in page.error]


def test_one_is_added_with_what_is_said_of_it(models: Path, tmp_path: Path, asked: list[Asked]) -> None:
    path = write_network(tmp_path / "mine.keras", small())
    page = filled(opened("settings"), path, name="tiny", scaling="0..1", cuts="low=conv_1, top=conv_2")
    press(page, "own_add")
    page.run()
    assert asked == [Asked("tiny", "0..1", ("low=conv_1", "top=conv_2"))]
    assert "own-tiny is in the list of backbones" in "\n".join(one.value.replace("\\", "") for one in page.success)
    assert "**Tiny** `own-tiny`: low, top" in said(page)
    assert page.text_input(key="own_name_1").value == "", "an empty form for the next one"


def test_the_scaling_is_not_chosen_beforehand_and_asked(models: Path, tmp_path: Path, asked: list[Asked]) -> None:
    path = write_network(tmp_path / "mine.keras", small())
    page = press(filled(opened("settings"), path, name="tiny"), "own_add")
    (error,) = errors(page)
    assert error.startswith("Scaling of pixels: is missing")
    assert asked == []


def test_what_is_wrong_with_a_file_is_said_in_words_of_the_form(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise BadInput.of("--cuts", "received 0 layers", "It can be cut at conv_1, conv_2.")

    monkeypatch.setattr(service, "add_network", refuse)
    path = write_network(tmp_path / "mine.keras", small())
    page = press(filled(opened("settings"), path, name="tiny", scaling="0..1"), "own_add")
    assert errors(page) == ["Cuts: received 0 layers. It can be cut at conv_1, conv_2."]
    page = press(filled(opened("settings"), tmp_path / "none.keras", name="tiny", scaling="0..1"), "own_add")
    assert errors(page) == ["none.keras: there is no such file."]


def test_one_is_removed_and_a_damaged_one_is_left_out_with_a_sentence(models: Path) -> None:
    add_folder(models)
    (add_folder(models, "broken").folder / added.DESCRIPTION).write_text("{")
    page = opened("settings")
    assert any("network.json" in warning.value for warning in page.warning)
    press(page, "own_removed_own-tiny")
    assert "own-tiny" not in BACKBONES.names
    assert "own-tiny was removed" in "\n".join(one.value.replace("\\", "") for one in page.success)
