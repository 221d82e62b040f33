"""What the lab does when it is closed: models/settings.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tl_core.errors import BadInput
from tl_core.files import read_json, write_json

WhenClosed = Literal["stop", "go on"]


@dataclass(frozen=True)
class Settings:
    """when_closed: "stop" ends training after the batch in flight; "go on" lets it, and the queue, run to the end."""

    when_closed: WhenClosed = "stop"


def read(models: Path) -> Settings:
    """The settings; the defaults where there are none, or where the file is damaged."""
    try:
        values = read_json(models / "settings.json")
        return Settings("go on" if values["when_closed"] == "go on" else "stop")
    except (OSError, BadInput, LookupError, TypeError):
        return Settings()


def write(models: Path, settings: Settings) -> None:
    write_json(models / "settings.json", asdict(settings))
