"""What *Is one better?* asks: on which images, within which margin, and which two of the compared runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tl_core.comparison import MARGIN, Images, Ranking, Side

BEST, NEXT_BEST = "the best", "the second best"
"""Sides by their rank, whichever they are: on other images, or an epoch later, they may be others."""


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        margin: The difference in accuracy that does not matter, 0 to 1.
        together: Whether runs that differ only in their seed are one side.
        a, b: The names of the two sides, or BEST or NEXT_BEST.
    """

    images: Images = "validation"
    margin: float = MARGIN
    together: bool = True
    a: str = NEXT_BEST
    b: str = BEST

    def two(self, sides: Sequence[Side], ranking: Ranking) -> tuple[int, int]:
        """The places of A and B; of only two sides, in their order."""
        if len(sides) == 2:
            return 0, 1
        places = {side.name: place for place, side in enumerate(sides)}
        places |= {BEST: ranking.order[0], NEXT_BEST: ranking.order[1]}
        return places[self.a], places[self.b]
