"""A line of threads: one at a time has its turn, first come, first served. A lock serves those who wait with a time limit in any order."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._places: deque[Place] = deque()

    def join(self) -> Place:
        """A place at the end; the one at the front has its turn. It has to be left."""
        place = Place(self)
        with self._changed:
            self._places.append(place)
        return place

    def wait(self, place: Place, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._places[0] is place, seconds)

    def leave(self, place: Place) -> None:
        with self._changed:
            self._places.remove(place)
            self._changed.notify_all()


class Place:
    """A place in a line."""

    def __init__(self, line: Turns) -> None:
        self._turns = line

    def wait(self, seconds: float) -> bool:
        """Waits for its turn for so long at most; returns whether it has come."""
        return self._turns.wait(self, seconds)

    def leave(self) -> None:
        """Ends its turn, or the wait for it."""
        self._turns.leave(self)
