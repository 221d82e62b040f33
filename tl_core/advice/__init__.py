"""Advice: which recipe to start with, from the size of the data and their likeness to ImageNet. docs/advice.md has sources and its score."""

from tl_core.advice.advise import Advice, Option, advise
from tl_core.advice.quadrants import MUCH, QUADRANTS, Position, Quadrant, position
from tl_core.advice.recipes import RECIPES, Recipe

__all__ = ["MUCH", "QUADRANTS", "RECIPES", "Advice", "Option", "Position", "Quadrant", "Recipe", "advise", "position"]
