"""Renders a recipe: traces the toy, lights it like clay, sets it on a paper sweep, scatters clutter around it.

The things are balls, pills, bricks and leaves: flat outlines blown up to cushions, laid on the image with a soft shadow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from PIL import Image, ImageFilter

from tl_core.data.playground.colours import mixed, step, texture
from tl_core.data.playground.geometry import Array, Points, along, hits, hypot, lit, normals
from tl_core.data.playground.recipe import Blob, Pose, Recipe


def place(canvas: Array, blob: Blob, light: Array) -> None:
    """Draws one blob into a canvas of shape (side, side, 3), in place; a radius of 0 draws nothing."""
    side = len(canvas)
    reach = blob.radius * (blob.long + 0.5)
    left, right, top, bottom = (
        int(np.clip((edge + 1) * side / 2, 0, side))
        for edge in (blob.at[0] - reach, blob.at[0] + reach, -blob.at[1] - reach, -blob.at[1] + reach)
    )
    if blob.radius * side < 2 or left >= right or top >= bottom:
        return
    x = (np.arange(left, right, dtype=np.float32) + 0.5) * (2 / side) - 1 - blob.at[0]
    y = -(np.arange(top, bottom, dtype=np.float32) + 0.5)[:, None] * (2 / side) + 1 - blob.at[1]
    window = canvas[top:bottom, left:right]
    shadow = _outline(x + 0.16 * blob.radius * np.sign(light[0]), y + 0.3 * blob.radius, blob)
    window *= 1 - 0.35 * np.clip(0.5 - shadow / (0.5 * blob.radius), 0, 1)[:, :, None]
    distance = _outline(x, y, blob)
    inside = step(-distance, 3 / side)[:, :, None]
    window[:] = mixed(window, _cushion(distance, blob, light, 2 / side), inside)


def _outline(x: Array, y: Array, blob: Blob) -> Array:
    """Distance to the outline, negative inside."""
    cos, sin = float(np.cos(blob.angle)), float(np.sin(blob.angle))
    a, b = np.abs(x * cos + y * sin), np.abs(y * cos - x * sin)
    radius, extra = blob.radius, blob.radius * (blob.long - 1)
    if blob.form == "ball":
        return hypot(a, b) - radius
    if blob.form == "pill":
        return hypot(np.maximum(a - extra, 0), b) - 0.6 * radius
    if blob.form == "leaf":
        return hypot(a, b + 0.75 * radius) - 1.35 * radius
    corner = 0.25 * radius
    a, b = a - 0.7 * radius * blob.long + corner, b - 0.7 * radius + corner
    return hypot(np.maximum(a, 0), np.maximum(b, 0)) + np.minimum(np.maximum(a, b), 0) - corner


def _cushion(distance: Array, blob: Blob, light: Array, pixel: float) -> Array:
    deep = np.clip(-distance / (0.7 * blob.radius), 0, 1)
    height = np.sqrt(deep * (2 - deep)) * (0.6 * blob.radius / pixel)
    down, across = np.gradient(height) if min(height.shape) > 1 else (height * 0, height * 0)
    toward = (-across * light[0] + down * light[1] - light[2]) / np.sqrt(1 + across * across + down * down)
    return blob.colour * (0.5 + 0.55 * np.clip(toward, -0.2, 1))[:, :, None]


_FINE = 2  # The toy is traced on a finer grid; all else has soft edges of its own.
_SATURATION = 1.18
_FIELD = 1.22  # Half the width of the image, in radii of the toy, at zoom 1.


@dataclass(frozen=True)
class View:
    """A camera: pixel places in the toy's radii, and the axes right, up and inwards, in world and in toy space."""

    side: int
    right: Array
    up: Array
    world: Array
    toy: Array
    floor: float


def paint(recipe: Recipe, size: int) -> Image.Image:
    """The image of a recipe: RGB, size x size."""
    view = _view(recipe, size)
    light = np.asarray(recipe.light.towards, np.float32) * np.array([1, 1, -1], np.float32)
    canvas = _surroundings(recipe, view, light)
    for blob in recipe.behind:
        place(canvas, blob, light)
    _add_toy(canvas, recipe, _view(recipe, size * _FINE), light)
    for blob in recipe.front:
        place(canvas, blob, light)
    return _developed(canvas, recipe)


def _solid(recipe: Recipe, p: Points) -> Array:
    distance = reduce(np.minimum, recipe.kind.solid(p, recipe.shape))
    if recipe.morph > 0:
        distance = mixed(distance, reduce(np.minimum, recipe.sibling.solid(p, recipe.shape)), recipe.morph)
    return distance


def _view(recipe: Recipe, side: int) -> View:
    pose, kind = recipe.pose, recipe.kind
    line = ((np.arange(side, dtype=np.float32) + 0.5) * (2 / side) - 1).astype(np.float32)
    scale = _FIELD / pose.zoom
    across, down = np.meshgrid(line * scale - pose.at[0], line * scale + pose.at[1])
    cos, sin = float(np.cos(pose.roll)), float(np.sin(pose.roll))
    right, up = (across * cos - down * sin).ravel(), (-across * sin - down * cos).ravel()
    world = _camera(pose)
    floor = kind.floor * float(np.cos(pose.tilt)) + 0.6 * abs(float(np.sin(pose.tilt)))
    return View(side, right, up, world, (world @ _turned(pose)).astype(np.float32), floor)


def _camera(pose: Pose) -> Array:
    cos, sin = np.cos(pose.pitch), np.sin(pose.pitch)
    return np.array([[1, 0, 0], [0, cos, -sin], [0, -sin, -cos]], np.float32)


def _turned(pose: Pose) -> Array:
    """World to toy: turned about the vertical, then fallen over sideways."""
    cos, sin = np.cos(pose.yaw), np.sin(pose.yaw)
    yaw = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    cos, sin = np.cos(pose.tilt), np.sin(pose.tilt)
    return np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]).T @ yaw


def _surroundings(recipe: Recipe, view: View, light: Array) -> Array:
    """Ground, wall and the toy's shadow: linear light, shape (side, side, 3)."""
    _, up, inwards = view.world
    depth = (-view.floor - up[1] * view.up) / inwards[1]
    away = depth * -inwards[2] - up[2] * view.up
    behind = step(away - recipe.wall_distance, 0.5)
    near = np.clip(1.02 - away * 0.08, 0.8, 1.15)
    glow = 1.04 - 0.05 * np.clip(view.right**2 + (view.up - 0.3) ** 2, 0, 4)
    shares = texture((view.right, view.up * behind, away * (1 - behind)), recipe.backdrop)
    ground = mixed(recipe.ground, recipe.wall, behind[:, None])
    if not isinstance(shares, float):
        ground = mixed(ground, 0.5 * (recipe.second + recipe.wall), shares[:, None])
    brightness = np.where(behind > 0.5, glow, 0.5 * (glow + near)) * (
        1 - 0.45 * _shadow(recipe, view, light) * (1 - behind)
    )
    tone = recipe.light.sky * 1.1 + recipe.light.key * 0.75
    canvas = ground * tone * brightness[:, None]
    return np.ascontiguousarray(canvas.reshape(view.side, view.side, 3), np.float32)


def _shadow(recipe: Recipe, view: View, light: Array) -> Array:
    """How dark the toy makes the ground, 0..1; traced for one pixel in four, as it is soft."""
    side = (view.side + 1) // 2
    pick = np.linspace(0, view.side - 1, side).round().astype(np.int64)
    right, up = (axis.reshape(view.side, view.side)[np.ix_(pick, pick)].ravel() for axis in (view.right, view.up))
    depth = (-view.floor - view.world[1][1] * up) / view.world[2][1]
    x, y, z = (right * a + up * b + depth * c for a, b, c in view.toy.T)
    towards = light @ view.toy
    dark = np.zeros(side * side, np.float32)
    some = np.flatnonzero(x * x + y * y + z * z < 9)
    points = (x[some], y[some], z[some])
    solid = lambda p: _solid(recipe, p)  # noqa: E731
    contact = np.clip(1 - solid(points) * 2.2, 0, 1)
    dark[some] = np.maximum(1 - lit(solid, points, towards), 0.85 * contact * contact)
    image = Image.fromarray((dark * 255).astype(np.uint8).reshape(side, side)).filter(
        ImageFilter.GaussianBlur(side / 48)
    )
    image = image.resize((view.side, view.side), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32).ravel() * (1 / 255)


def _add_toy(canvas: Array, recipe: Recipe, fine: View, light: Array) -> None:
    """Lays the toy on the canvas, its edges softened by averaging the finer grid."""
    solid = lambda q: _solid(recipe, q)  # noqa: E731
    index, p = hits(solid, fine.right, fine.up, fine.toy)
    normal = normals(solid, p)
    albedo, glow = _albedo(recipe, p)
    opened = np.clip(solid(along(p, normal, 0.16)) * (1 / 0.16), 0, 1)
    x, y, z = (normal[0] * a + normal[1] * b + normal[2] * c for a, b, c in fine.toy)
    shade = _shaded(recipe, albedo, (x, y, z), 0.45 + 0.55 * opened, light)
    layer = np.zeros((fine.side * fine.side, 4), np.float32)
    layer[index, :3] = np.clip(mixed(shade, albedo * 1.25, glow[:, None]), 0, 1)
    layer[index, 3] = 1
    side = len(canvas)
    rows = layer.reshape(side, _FINE, side, _FINE * 4).sum(axis=1)
    averaged = rows.reshape(side, side, _FINE, 4).sum(axis=2) * (1 / _FINE**2)
    canvas *= 1 - averaged[:, :, 3:]
    canvas += averaged[:, :, :3]


def _albedo(recipe: Recipe, p: Points) -> tuple[Array, Array]:
    """Colour of points on the toy, shape (points, 3), and how much each glows, shape (points,)."""
    kind, parts = recipe.kind, len(recipe.kind.parts)
    nearest = np.argmin(np.stack(kind.solid(p, recipe.shape)), axis=0)
    colour = recipe.colours[nearest]
    shares = texture(p, recipe.pattern)
    if not isinstance(shares, float):
        colour = mixed(colour, recipe.second, shares[:, None])
    own = nearest != 1 if kind.name in ("mug", "lamp") else np.ones(len(nearest), bool)
    for place_, mark in enumerate(kind.marks(p, recipe.shape)):
        colour = mixed(colour, recipe.colours[parts + place_], (step(-mark, 0.03) * own)[:, None])
    glow = np.zeros(len(nearest), np.float32) if kind.glowing is None else (nearest == kind.glowing) * np.float32(0.6)
    return colour, glow


def _shaded(recipe: Recipe, albedo: Array, normal: Points, opened: Array, light: Array) -> Array:
    """Clay: wrapped diffuse light, sky from above, the ground's colour from below, a soft highlight, a bright rim."""
    x, y, z = normal
    toward = x * light[0] + y * light[1] + z * light[2]
    diffuse = np.clip((toward + 0.25) / 1.25, 0, 1)
    above = (0.5 + 0.5 * y) * opened
    below = (0.5 - 0.5 * y) * opened * 0.45
    edge = np.clip(1 + z, 0, 1)
    rim = edge * edge * edge * opened * 0.35
    half = light + np.array([0, 0, -1], np.float32)
    half = half / np.sqrt((half * half).sum())
    shine = np.clip(x * half[0] + y * half[1] + z * half[2], 0, 1)
    for _ in range(4):  # The power 16; np.power takes ten times as long.
        shine = shine * shine
    key, sky = recipe.light.key, recipe.light.sky
    received = (diffuse * (0.6 + 0.4 * opened))[:, None] * key * 1.15 + (above + rim)[:, None] * sky
    received = received + below[:, None] * recipe.ground
    return albedo * received + (shine * recipe.light.gloss)[:, None] * key


def _developed(canvas: Array, recipe: Recipe) -> Image.Image:
    """Linear light to an 8-bit image: gamma, fade, grain."""
    canvas = np.sqrt(np.clip(canvas, 0, 1))
    if recipe.fade > 0:
        canvas = mixed(canvas, canvas.mean(axis=(0, 1)), recipe.fade)
    grey = canvas.mean(axis=2, keepdims=True)
    pixels = np.clip(mixed(grey, canvas, _SATURATION) * 255 + 0.5, 0, 255)
    if recipe.grain > 0:
        noise = np.random.default_rng(recipe.grain_seed).standard_normal((*canvas.shape[:2], 1), dtype=np.float32)
        pixels = np.clip(pixels + noise * (255 * recipe.grain), 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))
