"""What a form says of widgets that the browser may not have yet: a page that runs again at once drops what it had not sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages import visits

pytestmark = pytest.mark.usefixtures("previews")

ADDRESS = {"train.learning_rate": "0.02", "head.dropout": "0.35", "augment": '{"rotation":15}', "train.epochs": "7"}

BEGINS: dict[str, tuple[Callable[[AppTest], Any], Any]] = {
    "number": (lambda page: page.number_input(key="set:train.learning_rate").proto.default, 0.02),
    "whole number": (lambda page: page.number_input(key="set:train.epochs").proto.default, 7),
    "slider": (lambda page: list(page.slider(key="set:head.dropout").proto.default), [0.35]),
    "amount": (lambda page: list(page.slider(key="set:augment.rotation").proto.default), [15.0]),
    "several of a list": (lambda page: len(page.multiselect(key="set:augment").proto.default), 1),
}


def test_a_widget_that_is_drawn_again_begins_with_its_value_and_not_with_the_lowest(models: Path) -> None:
    page = visits.opened("train", **ADDRESS)
    page.run()
    assert not page.exception
    found = {kind: begins(page) for kind, (begins, _) in BEGINS.items()}
    assert found == {kind: value for kind, (_, value) in BEGINS.items()}


def test_what_is_changed_by_hand_and_what_a_preset_changes_is_shown_all_the_same(models: Path) -> None:
    page = visits.opened("train", **ADDRESS)
    page.run()
    page.slider(key="set:head.dropout").set_value(0.5).run()
    assert page.slider(key="set:head.dropout").value == 0.5
    page.number_input(key="set:train.epochs").set_value(9).run()
    assert page.session_state["train.values"]["train.epochs"] == 9
    assert page.session_state["train.values"]["head.dropout"] == 0.5
    assert page.session_state["train.values"]["train.learning_rate"] == 0.02
