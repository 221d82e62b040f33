"""Balls, pills, bricks and leaves: flat outlines blown up to cushions, laid on the picture with a soft shadow."""

from __future__ import annotations

import numpy as np

from tl_core.data.playground.palette import mixed, step
from tl_core.data.playground.recipe import Blob
from tl_core.data.playground.sdf import Array, hypot


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
