"""What *Is one better?* asks: on which images, within which margin, and which two of the compared runs. Page and report ask the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pages.ui.common.run_view import in_run
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.compare.grouping import NOTHING, SAME, groups_of
from tl_core.comparison import MARGIN, Entry, Images, Ranking, Side, wording

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

    def entries(self, runs: Sequence[ComparedRun]) -> tuple[Entry, ...]:
        """What becomes a side of each."""
        groups = groups_of(runs, SAME if self.together else NOTHING)
        return tuple(Entry(group.title, tuple(run.run for run in group.runs)) for group in groups)

    def two(self, sides: Sequence[Side], ranking: Ranking) -> tuple[int, int]:
        """The places of A and B; of only two sides, in their order."""
        if len(sides) == 2:
            return 0, 1
        places = {side.name: place for place, side in enumerate(sides)}
        places |= {BEST: ranking.order[0], NEXT_BEST: ranking.order[1]}
        return places[self.a], places[self.b]

    def asked_of(self, images: int) -> str:
        """On how many images the answer rests, at which epochs, and what was chosen on them."""
        chosen = wording.CHOSEN_EPOCH if self.images == "validation" else "Nothing was chosen on them."
        return f"On {images:,} {self.images} images, each run at its exported epoch. {chosen}"


def short_reasons(reasons: Sequence[str], runs: Sequence[ComparedRun]) -> list[str]:
    """Why sides are left out, with files named within the folders of their runs."""
    shortened = list(reasons)
    for run in runs:
        shortened = [in_run(run.run, reason) for reason in shortened]
    return shortened
