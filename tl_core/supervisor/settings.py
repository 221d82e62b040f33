"""What happens on shutdown: models/settings.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tl_core.files import UNREADABLE, read_json, write_json

WhenClosed = Literal["stop", "go on"]


@dataclass(frozen=True)
class Settings:
    """when_closed: "stop" stops training after the batch in flight; "go on" lets workers train the whole queue."""

    when_closed: WhenClosed = "stop"


def read(models: Path) -> Settings:
    """The settings; the defaults if the file is missing or damaged."""
    try:
        return read_json(
            models / "settings.json", lambda values: Settings("go on" if values["when_closed"] == "go on" else "stop")
        )
    except UNREADABLE:
        return Settings()


def write(models: Path, settings: Settings) -> None:
    write_json(models / "settings.json", asdict(settings))
