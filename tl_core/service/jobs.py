"""A learning-rate range test that runs while a page does other things; the page polls it."""

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
"""Seconds without a poll after which a test ends, because its page was closed. Browsers let hidden pages poll about once a second."""

LEFT = "The test was cancelled because its page was closed; start it again."
CANCELLED = "The test was cancelled."
NOTHING = "No learning rate was found"
PREPARING = 15.0
"""Seconds in which the first half of the bar fills: about the time before the test if nothing is cached."""


@dataclass(frozen=True)
class Stand:
    """The progress of a test.

    Attributes:
        activity, done, total: The current activity and its progress; no activity while its process starts.
        share: The completed share, from 0 to 1; never decreases.
        left: Estimated seconds left; None as long as that is not known.
        found: The result; None before the end, or if there is none.
        problem: Why there is no result, as a sentence; otherwise empty.
    """

    activity: Activity | None = None
    done: int = 0
    total: int = 0
    share: float = 0.0
    left: float | None = None
    found: Finding | None = None
    problem: str = ""

    @property
    def is_over(self) -> bool:
        return bool(self.found or self.problem)


class Search:
    """A range test in its own thread, which ends if it is not polled.

    Args:
        find: Runs the test; an exception of its progress ends it.
    """

    def __init__(self, find: Callable[[ProgressCallback], Finding]) -> None:
        self._find = find
        self._stand = Stand()
        self._looked = time.monotonic()
        self._begun: float | None = None
        self._tested: tuple[float, int] | None = None
        self._cancelled = ""
        self._thread = threading.Thread(target=self._work, name="learning-rate range test", daemon=True)
        self._thread.start()

    def look(self) -> Stand:
        """The current progress; counts as a poll."""
        self._looked = time.monotonic()
        return Stand(problem=self._cancelled) if self._cancelled else self._stand

    def cancel(self, why: str = CANCELLED) -> None:
        """Ends it within a second; its progress then has the reason."""
        self._cancelled = why

    def join(self, timeout: float) -> bool:
        """Waits until it is over; False if it is not by then."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._stand = Stand(share=1.0, found=self._find(self._tell))
        except _Ended:
            self._stand = Stand(problem=LEFT)
        except LabError as error:
            self._stand = Stand(problem=f"{NOTHING}: {error}")
        except Exception as error:  # Report it to the page; no caller waits for the thread.
            log.exception("A learning-rate range test failed.")
            self._stand = Stand(problem=f"{NOTHING}: unexpected error ({type(error).__name__}: {error}).")

    def _tell(self, activity: Activity, done: int, total: int) -> None:
        now = time.monotonic()
        if self._cancelled or now - self._looked > ABANDONED:
            raise _Ended
        if activity.stage == Stage.WAITING:
            self._stand = Stand(None if activity == WAITING else activity)
            return
        self._begun = self._begun or now
        testing = activity.stage == Stage.LR_RANGE_TEST
        # How long the preparation takes depends on what is cached, and is not known.
        share, left = self._tested_so_far(now, done, total) if testing else (self._prepared(now - self._begun), None)
        self._stand = Stand(activity, done, total, share, left)

    def _prepared(self, passed: float) -> float:
        """`share` before the test."""
        return 0.5 * min(passed / PREPARING, 1.0)

    def _tested_so_far(self, now: float, done: int, total: int) -> tuple[float, float | None]:
        """`share` and `left` during the test."""
        self._tested = self._tested or (now, done)
        since, first = self._tested
        left = (total - done) * (now - since) / (done - first) if done > first else None
        return 0.5 + 0.5 * done / total, left


class _Ended(BaseException):
    """Ends a test; not an Exception, so that no handler takes it for a failure."""
