"""Lines of metrics.jsonl as plain values, as tests write and compare them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tl_core import store


def read_lines(run: store.Run) -> list[dict[str, Any]]:
    return [record.to_line() for record in store.read_epochs(run)]


def append_line(run: store.Run, line: Mapping[str, Any]) -> None:
    with (run.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")
