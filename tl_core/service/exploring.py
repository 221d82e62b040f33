"""Explorations in a process of their own, which stays warm: one after another, in the order they were asked for.

What an exploration does and has found is in its folder (`tl_core.explorations`), so pages read it there; this only starts it.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path

from tl_core import explorations
from tl_core.errors import LabError, RunStopped
from tl_core.explorations import Asked, Exploration
from tl_core.records import Activity, Status
from tl_core.service.client import Client
from tl_core.service.clients import client_of
from tl_core.service.turns import Place

log = logging.getLogger(__name__)

LONGEST = 24 * 3600.0
"""Seconds that an exploration may take, and wait for others."""

RETRY = 5.0
"""Seconds until an end that could not be written is written again."""

CANCELLED = "Cancelled before it began."


def start(models: Path) -> None:
    """Starts the process in advance; returns at once."""
    _client(models).start()


def explore(models: Path, asked: Asked) -> Exploration:
    """Begins an exploration, and returns at once; raises BadInput if `models` is not writable."""
    exploration, client = explorations.create(models, asked), _client(models)
    place = client.line_up()  # Here: threads may start in any order.
    name = f"exploration {exploration.id}"
    threading.Thread(target=_follow, args=(client, place, exploration), name=name, daemon=True).start()
    return exploration


def answer(models: Path, asked: Asked) -> Exploration:
    """The exploration that has answered just this, of the same images, or is about to; without one it begins one.

    Raises BadInput if `models` is not writable.
    """
    return explorations.answering(models, asked) or explore(models, asked)


def _follow(client: Client, place: Place, exploration: Exploration) -> None:
    """Runs in its own thread until the exploration has ended."""

    def watch(_activity: Activity, _done: int, _total: int) -> None:
        # Once it runs, its process looks for the request itself, and may keep the result so far.
        waits = explorations.read_state(exploration).status == Status.QUEUED
        if waits and explorations.stop_requested(exploration):
            raise RunStopped(CANCELLED)

    try:
        client.ask("explore", LONGEST, progress=watch, place=place, exploration_id=exploration.id)
    except RunStopped as error:
        _ended(exploration, Status.STOPPED, str(error))
    except LabError as error:
        _ended(exploration, Status.FAILED, str(error))
    except Exception as error:  # No caller waits for this thread: the page reads it in the folder.
        log.exception("An exploration failed.")
        _ended(exploration, Status.FAILED, f"Unexpected error ({type(error).__name__}: {error}).")


def _ended(exploration: Exploration, status: Status, message: str) -> None:
    """Its process did not say how it ended, or could not; tried until it is written, as it would seem to run as long as that process does."""
    while explorations.read_state(exploration).status not in (Status.FINISHED, Status.STOPPED, Status.FAILED):
        try:
            explorations.write_state(exploration, status=status, message=message)
            explorations.clear_progress(exploration)
        except OSError as error:  # For example a full disk.
            log.warning("%s: its end cannot be written (%s); tried again.", exploration.id, error)
            time.sleep(RETRY)


def _client(models: Path) -> Client:
    command = (sys.executable, "-m", "tl_core.worker", "explore", "--models", str(models.absolute()))
    return client_of(models, "explore", command=command, all_cores=True)
