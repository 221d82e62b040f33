"""The speed of a network is measured on the whole of it."""

from __future__ import annotations

import pytest

from tl_core.engine import speed
from tl_core.errors import BadInput
from tl_core.records import Activity


@pytest.mark.long
def test_a_network_is_measured_frozen_and_thawed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS", 0.01)
    seen: list[Activity] = []
    found = speed.measure_speed("MobileNet-0.25", 32, lambda activity, _done, _total: seen.append(activity))
    assert found.image_size == 32
    assert found.frozen > found.thawed > 0
    assert len(seen) == 3


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(BadInput, match="no backbone"):
        speed.measure_speed("VGG17")
