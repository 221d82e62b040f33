"""The networks whose weights come in Python packages; tests of a package that is not installed are skipped."""

from __future__ import annotations

from typing import Any

import pytest

from tl_core.backbones import BACKBONES
from tl_core.backbones.availability import status

BUNDLED = tuple(row.name for row in BACKBONES if row.weights.kind == "bundled")


def with_weights(name: str, *values: Any, long: bool = False) -> Any:
    """Parameters of a test that reads the weights of a network: its name and further values."""
    row = BACKBONES[name]
    missing = pytest.mark.skipif(not status(row).present, reason=f"{row.weights.install} for the weights of {name}")
    return pytest.param(name, *values, marks=[missing, *([pytest.mark.long] if long else [])])
