"""The speeds of networks: kept per machine, and worth no more than measuring them again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_core.store import speeds
from tl_core.store.speeds import Speed, keep_speed, read_speeds

ONE, OTHER = Speed(224, 90.0, 12.5, "2026-11-30"), Speed(224, 40.0, 5.0, "2026-11-30")


def test_what_was_measured_is_kept_by_network(tmp_path: Path) -> None:
    assert read_speeds(tmp_path) == {}
    keep_speed(tmp_path, "MobileNetV2", OTHER)
    keep_speed(tmp_path, "VGG16", OTHER)
    keep_speed(tmp_path, "MobileNetV2", ONE)
    assert read_speeds(tmp_path) == {"MobileNetV2": ONE, "VGG16": OTHER}


def test_the_speeds_of_another_machine_are_not_this_ones_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_speed(tmp_path, "VGG16", ONE)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(speeds, "machine", lambda: "another: Processor, 64 cores")
        assert read_speeds(tmp_path) == {}
        keep_speed(tmp_path, "VGG16", OTHER)
    assert read_speeds(tmp_path) == {"VGG16": ONE}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"here": {"VGG16": {"frozen": 1}}}'])
def test_a_damaged_file_holds_nothing_and_is_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "speeds.json").write_text(content, encoding="utf-8")
    assert read_speeds(tmp_path) == {}
    keep_speed(tmp_path, "VGG16", ONE)
    assert read_speeds(tmp_path) == {"VGG16": ONE}
