"""A test of learning rates that goes on while a page does other things: the page looks at it from time to time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tl_core.errors import LabError
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.results.lr_range_test import Finding
from tl_core.service.client import WAITING

log = logging.getLogger(__name__)

ABANDONED = 15.0
"""Seconds without anybody looking after which a search ends: its page was left. A browser lets hidden pages look every second or so."""

LEFT = "The search was broken off because its page was left; start it again."
CANCELLED = "The search was cancelled."
NOTHING = "No learning rate was found"
PREPARING = 15.0
"""Seconds in which the first half of the bar fills: about what comes before the test takes where nothing is stored."""


@dataclass(frozen=True)
class Stand:
    """How far a search is.

    Attributes:
        activity, done, total: What it does now, and how much of it is done; no activity while its process starts.
        share: How much of the whole is done, from 0 to 1; never less than before.
        left: Seconds that remain, as far as can be said.
        most: Whether `left` is only what it can be at most.
        found: What was found; None before, and where nothing could be.
        problem: Why nothing was found, as a sentence; empty as long as that is open.
    """

    activity: Activity | None = None
    done: int = 0
    total: int = 0
    share: float = 0.0
    left: float | None = None
    most: bool = True
    found: Finding | None = None
    problem: str = ""

    @property
    def is_over(self) -> bool:
        return bool(self.found or self.problem)


class Search:
    """A search in a thread of its own, which ends by itself where nobody looks at it.

    Args:
        find: Finds a learning rate; what its progress raises ends it.
        most: How many seconds it takes at most, once it has begun.
    """

    def __init__(self, find: Callable[[ProgressCallback], Finding], most: float) -> None:
        self._find, self._most = find, most
        self._stand = Stand()
        self._looked = time.monotonic()
        self._begun: float | None = None
        self._tested: tuple[float, int] | None = None
        self._cancelled = ""
        self._thread = threading.Thread(target=self._work, name="learning-rate search", daemon=True)
        self._thread.start()

    def look(self) -> Stand:
        """How far it is now."""
        self._looked = time.monotonic()
        return Stand(problem=self._cancelled) if self._cancelled else self._stand

    def cancel(self, why: str = CANCELLED) -> None:
        """Has it end within a second; whoever looks hears why from now on."""
        self._cancelled = why

    def join(self, timeout: float) -> bool:
        """Waits until it is over; False where it is not by then."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._stand = Stand(share=1.0, found=self._find(self._tell))
        except _Ended:
            self._stand = Stand(problem=LEFT)
        except LabError as error:
            self._stand = Stand(problem=f"{NOTHING}: {error}")
        except Exception as error:  # Whoever looks shall hear of it; nobody waits for the thread.
            log.exception("A learning-rate search failed.")
            self._stand = Stand(problem=f"{NOTHING}: something unforeseen happened ({type(error).__name__}: {error}).")

    def _tell(self, activity: Activity, done: int, total: int) -> None:
        now = time.monotonic()
        if self._cancelled or now - self._looked > ABANDONED:
            raise _Ended
        if activity.stage == Stage.WAITING:
            self._stand = Stand(None if activity == WAITING else activity)
            return
        self._begun = self._begun or now
        share, left, most = (
            self._tested_so_far(now, done, total) if activity.stage == Stage.LR_RANGE_TEST else self._prepared(now)
        )
        self._stand = Stand(activity, done, total, share, left, most)

    def _prepared(self, now: float) -> tuple[float, float | None, bool]:
        """`share`, `left` and `most` before the test: how long that takes depends on what is stored, and is known only to have an end."""
        assert self._begun is not None
        passed = now - self._begun
        return 0.5 * min(passed / PREPARING, 1.0), max(self._most - passed, 0.0), True

    def _tested_so_far(self, now: float, done: int, total: int) -> tuple[float, float | None, bool]:
        """`share`, `left` and `most` during the test."""
        self._tested = self._tested or (now, done)
        since, first = self._tested
        left = (total - done) * (now - since) / (done - first) if done > first else None
        return 0.5 + 0.5 * done / total, left, False


class _Ended(BaseException):
    """Ends a search; no Exception, so that nothing on the way takes it for a failure."""
