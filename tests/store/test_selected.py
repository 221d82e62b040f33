"""What a solved classifier selected, on disk and in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.folders import add_run
from tl_core.errors import Damaged
from tl_core.store.selected import read_selected, selected_text, write_selected


def test_what_was_selected_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = add_run(tmp_path)
    assert read_selected(run) == {}
    write_selected(run, {"l2": 0.0316, "temperature": 0.1})
    assert read_selected(run) == {"l2": 0.0316, "temperature": 0.1}
    (run.report / "classifier.json").write_text('{"l2": "much"}')
    with pytest.raises(Damaged):
        read_selected(run)


def test_it_is_said_in_a_sentence() -> None:
    said = selected_text({"l2": 0.0316227, "left_out_accuracy": 0.8412, "temperature": 0.1234})
    assert said == "Selected on the training images: L2 0.032, temperature 0.12 (leave-one-out accuracy 84.1 %)."
    assert selected_text({"shrinkage": 0.3}) == "Selected on the training images: shrinkage 0.3."
    assert selected_text({}) == ""
