"""Measures the speed of networks in the background, one after another; pages read what was found in `tl_core.store.speeds`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tl_core import service
from tl_core.errors import LabError, RunStopped
from tl_core.records import Activity

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measuring:
    """What is being measured.

    Attributes:
        now: The backbone that is measured; empty if none is.
        waiting: Those that follow, in order.
        problems: Why a backbone could not be measured, by its name.
        turn: How often measuring was cancelled: what began before does not count.
    """

    now: str = ""
    waiting: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    turn: int = 0


_states: dict[Path, Measuring] = {}
_changing = threading.Lock()


def state(models: Path) -> Measuring:
    """What is being measured for a models folder by this process."""
    return _states.get(models.absolute(), Measuring())


def ask(models: Path, *names: str) -> None:
    """Measures these backbones after those that wait; returns at once."""
    models = models.absolute()
    with _changing:
        found = state(models)
        new = tuple(name for name in names if name not in (found.now, *found.waiting))
        problems = {name: why for name, why in found.problems.items() if name not in names}
        _states[models] = replace(found, waiting=(*found.waiting, *new), problems=problems)
        if not found.now and _take(models):
            threading.Thread(target=_measure, args=(models, found.turn), name="speeds", daemon=True).start()


def cancel(models: Path) -> None:
    """Ends the measurement within a second, and forgets those that wait."""
    models = models.absolute()
    with _changing:
        found = state(models)
        _states[models] = Measuring(problems=found.problems, turn=found.turn + 1)


def _take(models: Path) -> str:
    """Makes the first of those that wait the one that is measured; empty if none waits. The caller holds the lock."""
    found = state(models)
    now, waiting = (found.waiting[0], found.waiting[1:]) if found.waiting else ("", ())
    _states[models] = replace(found, now=now, waiting=waiting)
    return now


def _measure(models: Path, turn: int) -> None:
    """Runs in its own thread until none waits, or it is cancelled."""
    name = state(models).now
    while name:
        problem = _problem_of(models, name, turn)
        with _changing:
            found = state(models)
            if found.turn != turn:
                return
            if problem:
                _states[models] = replace(found, problems={**found.problems, name: problem})
            name = _take(models)


def _problem_of(models: Path, name: str, turn: int) -> str:
    """Measures one; why that failed, or nothing."""

    def watch(_activity: Activity, _done: int, _total: int) -> None:
        if state(models).turn != turn:
            raise RunStopped("The measurement was cancelled.")

    try:
        service.measure_speed(models, name, watch)
    except LabError as error:
        return str(error)
    except Exception as error:  # No caller waits for this thread: the page shows it.
        log.exception("The speed of %s could not be measured.", name)
        return f"unexpected error ({type(error).__name__}: {error})"
    return ""
