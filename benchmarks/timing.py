"""Seconds of sides that are compared: in one process, run in turn, medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """How long each repeat took, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        ends = f", {min(self.seconds):.3g} to {max(self.seconds):.3g}" if len(self.seconds) > 1 else ""
        return f"{self.median:.3g} s ({len(self.seconds)}x{ends})"


def in_turn(sides: Sequence[Callable[[], object]], repeats: int) -> list[Times]:
    """The times of sides that take turns, each so often; each has its turn once before, unmeasured, to compile and to fill caches."""
    for side in sides:
        side()
    rounds = [[taken(side) for side in sides] for _ in range(repeats)]
    return [Times(seconds) for seconds in zip(*rounds, strict=True)]


def taken(side: Callable[[], object]) -> float:
    """The seconds that one call takes."""
    started = time.perf_counter()
    side()
    return time.perf_counter() - started


@contextmanager
def as_installed() -> Iterator[None]:
    """A context with TensorFlow's default options.

    TL Lab disables graph optimisation; the programs it is compared with may use it. Affects graphs that first run in the context.
    """
    from tl_core.engine.backend import tf

    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": before["disable_meta_optimizer"]})
