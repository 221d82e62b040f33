"""Is A really better than B, and how sure is that? See docs/comparison.md.

Both sides are measured on the same images, and everything is paired by image: what makes an image hard makes it hard for both. A side is one network,
or several runs of one spec with different seeds.
"""

from tl_core.comparison.against_lowest import AgainstLowest, against_lowest
from tl_core.comparison.differences import Difference
from tl_core.comparison.lowest import lowest_set, mean_intervals
from tl_core.comparison.power import LEVEL, TYPICAL_DISAGREEMENT, smallest_difference
from tl_core.comparison.reading import Entry, Images, read_sides, readable_sides
from tl_core.comparison.repetition import SEEDS, Repetition, repetition
from tl_core.comparison.seeds import entries_of, recipe_of, seed_groups, seedless, stands_apart
from tl_core.comparison.several import Pair, Ranking, expected_fall, holm, rank
from tl_core.comparison.sides import Side
from tl_core.comparison.verdicts import MARGIN, Among, Comparison, compare

__all__ = [
    "LEVEL",
    "MARGIN",
    "SEEDS",
    "TYPICAL_DISAGREEMENT",
    "AgainstLowest",
    "Among",
    "Comparison",
    "Difference",
    "Entry",
    "Images",
    "Pair",
    "Ranking",
    "Repetition",
    "Side",
    "against_lowest",
    "compare",
    "entries_of",
    "expected_fall",
    "holm",
    "lowest_set",
    "mean_intervals",
    "rank",
    "read_sides",
    "readable_sides",
    "recipe_of",
    "repetition",
    "seed_groups",
    "seedless",
    "smallest_difference",
    "stands_apart",
]
