"""The content of one image: every random choice, as plain numbers.

Random choices do not depend on the difficulty, which only scales their effect. So one image can be
followed from easy to hard, and a small change of difficulty is a small change of the image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tl_core.data.playground import toys
from tl_core.data.playground.colours import PALETTES, ease, linear
from tl_core.data.playground.geometry import Array, Points
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


STYLES = ("plain", "stripes", "checks", "dots", "wood", "marble", "speckle")


@dataclass(frozen=True)
class Pose:
    """Where the toy is seen from: angles in radians; `zoom` 1 fills two thirds of the image; `at` in half widths."""

    yaw: float
    pitch: float
    roll: float
    tilt: float
    zoom: float
    at: tuple[float, float]


@dataclass(frozen=True)
class Pattern:
    """A texture: style, waves per unit, phases, and how much of the second colour shows (0..1)."""

    style: str
    scale: float
    phases: tuple[float, float, float]
    strength: float


@dataclass(frozen=True)
class Light:
    """Direction to the lamp (camera space: right, up, towards the viewer), its colour, and that of the sky."""

    towards: tuple[float, float, float]
    key: Array
    sky: Array
    gloss: float


@dataclass(frozen=True)
class Blob:
    """A thing that is not the toy: a ball, pill, brick or leaf at a place in half widths; radius 0: not there."""

    form: str
    at: tuple[float, float]
    radius: float
    angle: float
    long: float
    colour: Array


@dataclass(frozen=True)
class Recipe:
    """Everything `picture.paint` needs. Colours are linear light, float32, shape (3,) or (slots, 3)."""

    kind: Kind
    sibling: Kind
    morph: float
    shape: tuple[float, ...]
    pose: Pose
    light: Light
    colours: Array
    second: Array
    pattern: Pattern
    ground: Array
    wall: Array
    wall_distance: float
    backdrop: Pattern
    behind: tuple[Blob, ...]
    front: tuple[Blob, ...]
    fade: float
    grain: float
    grain_seed: int


def recipe(kind: str, number: int, seed: int, difficulty: float) -> Recipe:
    """The choices for one image: a function of its four arguments alone."""
    dice = [np.random.default_rng(part) for part in np.random.SeedSequence([seed, KINDS.index(kind), number]).spawn(6)]
    row, hard = BY_NAME[kind], _strain(difficulty)
    palette = np.array([linear(colour) for colour in PALETTES[dice[0].integers(len(PALETTES))]], np.float32)
    colours = _colours(dice[1], row, palette, hard)
    ground, wall = _surroundings(dice[2], palette, colours, hard)
    return Recipe(
        kind=row,
        sibling=BY_NAME[row.sibling],
        morph=0.5 * ease(hard, 0.54, 0.8) * float(dice[0].uniform(0.35, 1)),
        shape=tuple(float(value) * (0.45 + 0.75 * hard) for value in dice[0].uniform(-1, 1, 6)),
        pose=_pose(dice[3], row, hard),
        light=_light(dice[4], hard),
        colours=colours,
        second=_second(dice[1], palette, ground, hard),
        pattern=_pattern(dice[1], 3.0 + 5 * hard, 0.15 + 0.75 * hard),
        ground=ground,
        wall=wall,
        wall_distance=float(dice[2].uniform(1.2, 3.0)),
        backdrop=_pattern(dice[2], 1.5 + 3.5 * hard, 0.75 * ease(hard, 0.0, 1.0)),
        behind=_blobs(dice[5], palette, hard, 9, (0.1, 0.3), front=False),
        front=_blobs(dice[5], palette, hard, 5, (0.14, 0.34), front=True),
        fade=0.5 * ease(hard, 0.2, 1.1) * float(dice[4].uniform(0.2, 1)),
        grain=0.03 * ease(hard, 0.3, 1.2) * float(dice[4].uniform(0, 1)),
        grain_seed=int(dice[4].integers(2**32)),
    )


def _strain(difficulty: float) -> float:
    """The difficulty as the strength of what makes an image hard: 0 at 0, 0.655 at 1.

    Bent so that the validation accuracy of a linear head on frozen EfficientNet-Lite0 features falls about evenly along
    the upper three quarters of the range; beyond that humans cannot tell the kinds apart either.
    """
    return 0.655 * difficulty * 1.28 / (difficulty + 0.28)


def _pose(dice: np.random.Generator, kind: Kind, hard: float) -> Pose:
    turn, nod, lean, fall, size, right, up = (float(value) for value in dice.uniform(-1, 1, 7))
    degrees = float(np.pi / 180)
    return Pose(
        yaw=(kind.yaw + turn * (16 + 164 * ease(hard, 0.0, 1.05))) * degrees,
        pitch=(20 + 5 * nod + (14 + 32 * nod) * ease(hard, 0.05, 1.1)) * degrees,
        roll=55 * lean * ease(hard, 0.0, 1.1) * degrees,
        tilt=75 * fall * ease(hard, 0.1, 1.2) * degrees,
        zoom=1 + 0.06 * size - hard * (0.18 - 0.3 * size),
        at=(0.45 * hard * right, 0.4 * hard * up),
    )


def _light(dice: np.random.Generator, hard: float) -> Light:
    swing, lift, warmth, dim, shine = (float(value) for value in dice.uniform(-1, 1, 5))
    around, height = -0.6 + 0.3 * swing + 2.2 * hard * swing, 0.95 + 0.1 * lift - 0.7 * hard * max(-lift, 0.0)
    towards = np.sin(around) * np.cos(height), np.sin(height), np.cos(around) * np.cos(height)
    tint = np.array([1 + 0.35 * hard * warmth, 1.0, 1 - 0.35 * hard * warmth], np.float32)
    power = 1 - 0.45 * hard * max(dim, 0.0)
    return Light(
        towards=(float(towards[0]), float(towards[1]), float(towards[2])),
        key=np.array([0.80, 0.74, 0.64], np.float32) * tint * power,
        sky=np.array([0.40, 0.43, 0.50], np.float32) * (1 - 0.4 * hard * max(-dim, 0.0)) * power / tint,
        gloss=0.22 + 0.18 * shine,
    )


def _colours(dice: np.random.Generator, kind: Kind, palette: Array, hard: float) -> Array:
    """The colours of parts and marks: the usual ones, and more and more often any of the palette's."""
    usual = np.array([linear(colour) for colour in kind.parts + kind.paints], np.float32)
    drawn = palette[2 + dice.integers(0, 4, len(usual))]
    # A threshold for each image, not a blend: mixing two colours half and half gives mud.
    threshold = float(dice.uniform(0.05, 0.75))
    change = ease(hard, threshold - 0.08, threshold + 0.08)
    colours = usual + (drawn - usual) * change
    parts = len(kind.parts)
    body = colours[np.minimum(np.arange(len(usual)), 0)]
    hidden = np.where(np.arange(len(usual)) < parts, 0.35, 0.75)[:, None] * ease(hard, 0.25, 1.1)
    return (colours + (body - colours) * hidden).astype(np.float32)


def _second(dice: np.random.Generator, palette: Array, ground: Array, hard: float) -> Array:
    own = palette[int(dice.integers(0, 6))]
    return (own + (ground - own) * 0.6 * hard).astype(np.float32)


def _surroundings(dice: np.random.Generator, palette: Array, colours: Array, hard: float) -> tuple[Array, Array]:
    """Colours of ground and wall; they come close to the toy's own as the difficulty rises."""
    ground = palette[0] * float(dice.uniform(0.85, 1.0))
    wall = palette[1] * float(dice.uniform(0.85, 1.0))
    loud = palette[2 + int(dice.integers(0, 4))]
    near, close = float(dice.uniform(0, 1)), ease(hard, 0.1, 1.2)
    ground = ground + (loud - ground) * 0.6 * close * near
    wall = wall + (colours[0] - wall) * 0.75 * close * float(dice.uniform(0, 1))
    return ground.astype(np.float32), wall.astype(np.float32)


def _pattern(dice: np.random.Generator, most: float, strength: float) -> Pattern:
    style = STYLES[int(dice.integers(len(STYLES)))]
    scale, phases = float(dice.uniform(0.45, 1)) * most, dice.uniform(0, 6.283, 3)
    return Pattern(style, scale, (float(phases[0]), float(phases[1]), float(phases[2])), strength)


def _blobs(
    dice: np.random.Generator, palette: Array, hard: float, most: int, sizes: tuple[float, float], *, front: bool
) -> tuple[Blob, ...]:
    """Clutter that grows in one after another; behind the toy it keeps off the middle, in front it does not."""
    blobs = []
    for place in range(most):
        form = ("ball", "pill", "brick", "leaf")[int(dice.integers(4))]
        angle, size, long, around, out = (float(value) for value in dice.uniform(0, 1, 5))
        colour = palette[2 + int(dice.integers(0, 4))] * float(dice.uniform(0.7, 1.1))
        first = 0.28 if front else 0.12
        grown = ease(hard, first + 0.8 * place / most, first + 0.3 + 0.8 * place / most)
        away = (0.15 + 0.6 * out) if front else (0.55 + 0.5 * out)
        at = away * float(np.cos(6.283 * around)), away * float(np.sin(6.283 * around))
        radius = grown * (sizes[0] + size * (sizes[1] - sizes[0]))
        blobs.append(Blob(form, at, radius, 3.1416 * angle, 1.2 + 1.2 * long, colour.astype(np.float32)))
    return tuple(blobs)
