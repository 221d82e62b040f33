"""How many images each network computes per second on this machine: measured once, kept in `models/speeds.json`."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tl_core import devices, files
from tl_core.errors import Damaged


@dataclass(frozen=True)
class Speed:
    """Images per second of one network.

    Attributes:
        image_size: Pixels a side.
        frozen: Of the whole network in inference mode, as features are computed.
        thawed: Of training steps in which every layer trains.
        day: When it was measured, as 2026-11-30.
    """

    image_size: int
    frozen: float
    thawed: float
    day: str


def read_speeds(models: Path) -> dict[str, Speed]:
    """What was measured on this machine, by the backbone's name; empty if nothing was, or the file is damaged: it can be measured again."""
    return {name: Speed(**row) for name, row in _every(models).get(machine(), {}).items()}


def keep_speed(models: Path, name: str, speed: Speed) -> None:
    """Keeps what was measured, in place of what was known of that network; raises OSError if the folder is not writable."""
    path = _file(models)
    with files.locked(path):
        every = _every(models)
        files.write_json(path, {**every, machine(): {**every.get(machine(), {}), name: asdict(speed)}})


def machine() -> str:
    """This machine: figures in a folder that came from another one are not its own."""
    return f"{platform.node()}: {devices.devices()[0].title}"


def _file(models: Path) -> Path:
    return models / "speeds.json"


def _every(models: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """The figures by machine and backbone."""
    try:
        return files.read_json(_file(models), _checked)
    except (FileNotFoundError, Damaged):
        return {}


def _checked(values: Any) -> dict[str, dict[str, dict[str, Any]]]:
    return {of: {name: asdict(Speed(**row)) for name, row in rows.items()} for of, rows in values.items()}
