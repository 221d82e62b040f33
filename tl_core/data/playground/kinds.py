"""The table of kinds: which toy, in which colours, and what it turns into when the difficulty rises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tl_core.data.playground import toys
from tl_core.data.playground.sdf import Points
from tl_core.data.playground.toys import Distances, Shape


@dataclass(frozen=True)
class Kind:
    """One class of the playground.

    Attributes:
        parts, paints: Usual colours (hexadecimal) of its parts and of its marks, in the order `solid` and `marks` give them.
        sibling: The kind its shape moves towards.
        floor: How far below its middle the ground is.
        yaw: Degrees by which it is turned when it shows its best side.
        glowing: The part that gives light, if any.
    """

    name: str
    solid: Callable[[Points, Shape], Distances]
    marks: Callable[[Points, Shape], Distances]
    parts: tuple[str, ...]
    paints: tuple[str, ...]
    sibling: str
    floor: float
    yaw: float = 0.0
    glowing: int | None = None


_ROWS = (
    Kind("mug", toys.mug, toys.mug_marks, ("#f2726f", "#f2726f", "#5b3524"), ("#fff4e3",), "teapot", 0.66, 20),
    Kind("duck", toys.duck, toys.duck_marks, ("#ffd23f", "#ffbe2e", "#ff8a3c"), ("#2b2b33", "#ffffff"), "fish", 0.72, -28),
    Kind("house", toys.house, toys.house_marks, ("#fdf0d5", "#e2725b", "#b5654a"), ("#5f8a8b", "#ffffff", "#8fd3f4"),
         "car", 0.8, 28),
    Kind("mushroom", toys.mushroom, toys.mushroom_marks, ("#e8484f", "#fbf1dc"), ("#fffaf0", "#f3d9b8"), "tree", 0.86),
    Kind("fish", toys.fish, toys.fish_marks, ("#ff9248", "#ffb45e"), ("#fff6e8", "#ffffff", "#26262e"), "duck", 0.8, -18),
    Kind("car", toys.car, toys.car_marks, ("#4fb3bf", "#3a3a46"), ("#d9f2fb", "#fff3c4"), "house", 0.66, -30),
    Kind("lamp", toys.lamp, toys.lamp_marks, ("#ffd79a", "#7a8fb8"), ("#f6b26b",), "mushroom", 0.9, 0, 0),
    Kind("tree", toys.tree, toys.tree_marks, ("#4fae7b", "#9a6b4b"), ("#eaf7ee",), "rocket", 0.92),
    Kind("rocket", toys.rocket, toys.rocket_marks, ("#f4f2ee", "#e85d5d", "#7d8597", "#ffb347"),
         ("#e85d5d", "#8d99ae", "#8fd3f4"), "bottle", 0.98, 35, 3),
    Kind("chair", toys.chair, toys.chair_marks, ("#c98f5a", "#c98f5a", "#7fb7be"), ("#e7c9a0",), "house", 0.9, 32),
    Kind("teapot", toys.teapot, toys.teapot_marks, ("#7e9fd6", "#7e9fd6", "#f6efe4"), ("#f6efe4",), "mug", 0.6, 15),
    Kind("bottle", toys.bottle, toys.bottle_marks, ("#5fa777", "#c9a26b"), ("#fbf3e0", "#d98b6a"), "rocket", 0.92),
)  # fmt: skip

BY_NAME = {row.name: row for row in _ROWS}

KINDS: tuple[str, ...] = tuple(BY_NAME)
"""The class names. The first six hold both easy pairs and two that resemble each other (duck and fish, house and car)."""
