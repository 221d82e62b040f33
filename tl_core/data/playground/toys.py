"""Twelve toys as solids. A toy stands upright (y) inside the unit ball, its front towards +z, or its nose towards +x.

Each toy is two functions of points and six shape numbers in -1..1 (its proportions): `solid` gives the distance to each
of its parts, `marks` what is painted on (eyes, doors, labels), where negative is inside the paint.
"""

from __future__ import annotations

import numpy as np

from tl_core.data.playground.geometry import (
    Array,
    Points,
    box,
    capsule,
    disc,
    ellipsoid,
    frustum,
    hypot,
    ring,
    smooth_max,
    smooth_min,
    sphere,
)

Shape = tuple[float, ...]
Distances = tuple[Array, ...]


def mug(p: Points, v: Shape) -> Distances:
    x, y, z = p
    wide, tall, ear = 0.52 + 0.09 * v[0], 0.62 + 0.1 * v[1], 0.3 + 0.05 * v[2]
    radial = hypot(x, z) - 0.08 * v[3] * y
    hollow = disc(radial, y - 0.3, wide - 0.09, tall + 0.18, 0.08)
    cup = smooth_max(disc(radial, y, wide, tall, 0.1), -hollow, 0.05)
    handle = np.maximum(ring(p, (wide, 0.02, 0.0), ear, 0.085, 0.9), wide - 0.05 - radial)
    coffee = disc(radial, y - tall + 0.3, wide - 0.08, 0.05)
    return cup, handle, coffee


def mug_marks(p: Points, v: Shape) -> Distances:
    return (np.abs(p[1] + 0.25 * v[4]) - 0.1 - 0.04 * v[5],)


def teapot(p: Points, v: Shape) -> Distances:
    x, y, z = p
    wide, tall = 0.58 + 0.06 * v[0], 0.5 + 0.07 * v[1]
    radial = hypot(x, z)
    belly = smooth_max(ellipsoid(p, (0.0, -0.12, 0.0), (wide, tall, wide)), -0.55 - y, 0.1)
    spout = capsule(p, (0.4, -0.25, 0.0), (0.9, 0.25 + 0.08 * v[2], 0.0), 0.16, 0.075)
    pot = smooth_min(belly, spout, 0.15)
    handle = np.maximum(ring(p, (-wide, -0.05, 0.0), 0.29 + 0.04 * v[3], 0.075), wide - 0.1 - radial)
    lid_y = tall - 0.16
    lid = np.minimum(disc(radial, y - lid_y, 0.32, 0.06, 0.05), sphere(p, (0.0, lid_y + 0.16, 0.0), 0.12 + 0.02 * v[4]))
    return pot, handle, lid


def teapot_marks(p: Points, v: Shape) -> Distances:
    return (np.abs(p[1] + 0.12 + 0.1 * v[5]) - 0.08,)


def duck(p: Points, v: Shape) -> Distances:
    x, y, z = p
    side = (x, y, np.abs(z))
    head_x, head = 0.34 + 0.08 * v[0], 0.37 + 0.05 * v[1]
    body = ellipsoid(p, (-0.05, -0.32, 0.0), (0.68 + 0.06 * v[2], 0.4, 0.47))
    tail = capsule(p, (-0.5, -0.25, 0.0), (-0.82, 0.06 + 0.06 * v[3], 0.0), 0.2, 0.06)
    body = smooth_min(body, tail, 0.2)
    body = smooth_min(body, sphere(p, (head_x, 0.3, 0.0), head), 0.16)
    wing = ellipsoid(side, (-0.18, -0.25, 0.43), (0.33, 0.2, 0.12))
    beak = ellipsoid(p, (head_x + head + 0.06, 0.24, 0.0), (0.2 + 0.04 * v[4], 0.075, 0.17))
    return body, wing, beak


def duck_marks(p: Points, v: Shape) -> Distances:
    x, y, z = p
    side = (x, y, np.abs(z))
    head_x, head = 0.34 + 0.08 * v[0], 0.37 + 0.05 * v[1]
    eye_x, eye_z = head_x + 0.62 * head, 0.7 * head
    return sphere(side, (eye_x, 0.4, eye_z), 0.095), sphere(side, (eye_x + 0.03, 0.45, eye_z + 0.06), 0.05)


def fish(p: Points, v: Shape) -> Distances:
    x, y, z = p
    tall = 0.42 + 0.09 * v[0]
    body = ellipsoid(p, (0.1, 0.0, 0.0), (0.66 + 0.05 * v[1], tall, 0.27))
    mirrored = (x, np.abs(y), z)
    tail = capsule(mirrored, (-0.45, 0.02, 0.0), (-0.84, 0.34 + 0.07 * v[2], 0.0), 0.08, 0.15)
    tail = smooth_max(tail, np.abs(z) - 0.07, 0.06)
    top = ellipsoid(p, (0.0, tall + 0.02, 0.0), (0.34, 0.2 + 0.05 * v[3], 0.06))
    side = ellipsoid((x, y, np.abs(z)), (0.1, -0.14, 0.27), (0.17, 0.09, 0.07))
    return body, np.minimum(smooth_min(tail, top, 0.02), side)


def fish_marks(p: Points, v: Shape) -> Distances:
    x, y, z = p
    eye = (x, y, np.abs(z))
    band = np.abs(x - 0.12 * np.cos(4 * y) - 0.02 + 0.1 * v[4]) - 0.09
    return band, sphere(eye, (0.47, 0.1, 0.2), 0.13), sphere(eye, (0.5, 0.11, 0.22), 0.085)


def house(p: Points, v: Shape) -> Distances:
    x, y, z = p
    wide, eaves, steep = 0.56 + 0.08 * v[0], 0.02 + 0.1 * v[1], 0.85 + 0.2 * v[2]
    walls = box(p, (0.0, (eaves - 0.8) / 2, 0.0), (wide, (eaves + 0.8) / 2, 0.46), 0.04)
    ridge = eaves + (wide + 0.12) * steep
    slope = (np.abs(x) * steep + y - ridge) / float(np.hypot(steep, 1))
    roof = smooth_max(smooth_max(slope, eaves - 0.04 - y, 0.08), np.abs(z) - 0.56, 0.06)
    chimney = box(p, (0.3 * wide + 0.14, ridge - 0.2, 0.1 + 0.15 * v[3]), (0.09, 0.22, 0.09), 0.02)
    return walls, roof, chimney


def house_marks(p: Points, v: Shape) -> Distances:
    x, y, z = p
    at = 0.16 * (1 if v[4] > 0 else -1)
    door = box(p, (-at, -0.58, 0.46), (0.13, 0.24, 0.06), 0.05)
    frame = box((x - 1.7 * at, y + 0.36, z), (0.0, 0.0, 0.46), (0.17, 0.17, 0.06), 0.04)
    glass = box((np.abs(x - 1.7 * at) - 0.06, np.abs(y + 0.36) - 0.06, z), (0.0, 0.0, 0.46), (0.045, 0.045, 0.06))
    side = box((np.abs(x), y + 0.36, z), (0.56, 0.0, 0.0), (0.12, 0.15, 0.15), 0.04)
    return door, np.minimum(frame, side + 0.0), np.minimum(glass, side + 0.04)


def mushroom(p: Points, v: Shape) -> Distances:
    x, y, z = p
    radial = hypot(x, z)
    wide, tall = 0.74 + 0.1 * v[0], 0.66 + 0.12 * v[1]
    stem = frustum(radial, y, (-0.85, 0.31 + 0.06 * v[2]), (0.2, 0.2 + 0.04 * v[3]), 0.12)
    dome = ellipsoid(p, (0.0, 0.02, 0.0), (wide, tall, wide))
    gills = 0.02 + 0.1 * v[4] - y
    return smooth_max(dome, gills, 0.14), stem


SPOTS = ((0.0, 1.0, 0.1), (0.6, 0.62, 0.5), (-0.62, 0.6, 0.5), (0.02, 0.62, 0.79), (0.75, 0.6, -0.3), (-0.6, 0.6, -0.55),
         (0.1, 0.65, -0.75), (-0.3, 0.3, 0.9), (0.4, 0.28, 0.87), (-0.95, 0.28, 0.1), (0.95, 0.25, 0.15))  # fmt: skip


def mushroom_marks(p: Points, v: Shape) -> Distances:
    wide, tall = 0.74 + 0.1 * v[0], 0.66 + 0.12 * v[1]
    sizes = (0.19, 0.17, 0.15, 0.18, 0.14, 0.16, 0.17, 0.11, 0.12, 0.13, 0.12)
    places = [(x * wide, 0.02 + y * tall, z * wide) for x, y, z in SPOTS]
    spots = [sphere(p, at, size * (1 + 0.25 * v[5])) for at, size in zip(places, sizes, strict=True)]
    under = p[1] - 0.1 - 0.1 * v[4]
    return np.maximum(np.minimum.reduce(spots), 0.02 - under), np.maximum(under, 0.3 - hypot(p[0], p[2]))


def car(p: Points, v: Shape) -> Distances:
    x, y, z = p
    long, roof = 0.84 + 0.06 * v[0], 0.24 + 0.07 * v[1]
    body = box(p, (0.0, -0.22, 0.0), (long, 0.22, 0.43), 0.14)
    cabin = box((x + 0.06 + 0.14 * v[2], y, z * 1.0), (0.0, roof - 0.08, 0.0), (0.46 + 0.06 * v[3], 0.28, 0.37), 0.17)
    wheel_r = 0.22 + 0.03 * v[4]
    wheel_x, wheel_z = np.abs(x) - 0.48, np.abs(z) - 0.39
    wheels = disc(hypot(wheel_x, y + 0.44), wheel_z, wheel_r, 0.09, 0.05)
    return smooth_min(body, cabin, 0.1), wheels


def car_marks(p: Points, v: Shape) -> Distances:
    x, y, z = p
    roof = 0.24 + 0.07 * v[1]
    middle = x + 0.06 + 0.14 * v[2]
    pillars = 0.05 - np.abs(middle)
    glass = box((middle, y, z), (0.0, roof - 0.06, 0.0), (0.7, 0.15, 0.27), 0.06)
    panes = box((middle, y, z), (0.0, roof - 0.06, 0.0), (0.37, 0.15, 0.7), 0.08)
    lights = sphere((x, y, np.abs(z)), (0.86, -0.17, 0.26), 0.13)
    hub = disc(hypot(np.abs(x) - 0.48, y + 0.44), np.abs(z) - 0.45, 0.1, 0.1)
    return np.minimum(glass, np.maximum(panes, pillars)), np.minimum(lights, hub)


def lamp(p: Points, v: Shape) -> Distances:
    x, y, z = p
    radial = hypot(x, z)
    low, top = 0.58 + 0.08 * v[0], 0.34 + 0.08 * v[1]
    shade_y = 0.05 + 0.1 * v[2]
    shade = frustum(radial, y, (shade_y, low), (0.8, top), 0.05)
    shade = smooth_max(shade, -frustum(radial, y, (shade_y - 0.2, low), (0.76, top - 0.1), 0.05), 0.03)
    pole = disc(radial - 0.05 * np.cos(7 * y + 3 * v[3]), y + 0.2, 0.11 + 0.02 * v[4], 0.6, 0.05)
    base = disc(radial, y + 0.84, 0.36 + 0.05 * v[5], 0.06, 0.05)
    return shade, np.minimum(pole, smooth_min(pole, base, 0.12))


def lamp_marks(p: Points, v: Shape) -> Distances:
    shade_y = 0.05 + 0.1 * v[2]
    return (np.minimum(np.abs(p[1] - shade_y - 0.04), np.abs(p[1] - 0.76)) - 0.035,)


def tree(p: Points, v: Shape) -> Distances:
    x, y, z = p
    radial, wide = hypot(x, z), 0.6 + 0.1 * v[0]
    step = 0.42 + 0.05 * v[1]
    wavy = radial + 0.03 * np.cos(5 * np.arctan2(z, x) + 3 * v[2])
    low = frustum(wavy, y, (-0.52, wide), (0.2, 0.08), 0.1)
    middle = frustum(wavy, y, (-0.52 + step, 0.8 * wide), (0.6, 0.06), 0.1)
    high = frustum(wavy, y, (-0.52 + 2 * step, 0.58 * wide), (0.95, 0.0), 0.09)
    trunk = disc(radial, y + 0.7, 0.13 + 0.03 * v[3], 0.22, 0.03)
    return np.minimum(np.minimum(low, middle), high) * 0.9, trunk


def tree_marks(p: Points, v: Shape) -> Distances:
    step = 0.42 + 0.05 * v[1]
    tiers = [np.abs(p[1] + 0.5 - place * step) for place in range(3)]
    return (np.minimum.reduce(tiers) - 0.035 - 0.02 * v[4],)


def rocket(p: Points, v: Shape) -> Distances:
    x, y, z = p
    wide = 0.34 + 0.05 * v[0]
    hull = smooth_max(ellipsoid(p, (0.0, 0.06, 0.0), (wide, 0.9, wide)), -0.6 - y, 0.06)
    across, out = np.minimum(np.abs(x), np.abs(z)), np.maximum(np.abs(x), np.abs(z))
    reach = 0.52 + 0.08 * v[1]
    fins = smooth_max(np.abs(y + 0.56 + 0.55 * (out - 0.3)) - 0.26 + 0.25 * out, out - reach, 0.08) * 0.8
    fins = smooth_max(fins, across - 0.05, 0.05)
    nozzle = disc(hypot(x, z), y + 0.62, 0.2 + 0.03 * v[2], 0.08, 0.03)
    flame = ellipsoid(p, (0.0, -0.75, 0.0), (0.15, 0.2 + 0.04 * v[3], 0.15))
    return hull, fins, nozzle, flame


def rocket_marks(p: Points, v: Shape) -> Distances:
    x, y, z = p
    wide = 0.34 + 0.05 * v[0]
    across = (np.minimum(np.abs(x), np.abs(z)), y, np.maximum(np.abs(x), np.abs(z)))
    nose = 0.52 + 0.08 * v[4] - y
    window = (0.0, 0.2 + 0.08 * v[5], wide)
    return nose, sphere(across, window, 0.19), sphere(across, window, 0.135)


def chair(p: Points, v: Shape) -> Distances:
    x, y, z = p
    wide, seat_y = 0.46 + 0.06 * v[0], -0.12 + 0.08 * v[1]
    half = (seat_y + 0.9) / 2
    leg_x, leg_z = np.abs(x) - wide + 0.08, np.abs(z) - 0.34
    legs = box((leg_x, y, leg_z), (0.0, seat_y - half, 0.0), (0.06, half, 0.06), 0.04)
    seat = box(p, (0.0, seat_y, 0.0), (wide, 0.07, 0.43), 0.05)
    top = 0.75 + 0.12 * v[2]
    posts = box(
        (leg_x, y, z + 0.36 + 0.1 * (y - seat_y)), (0.0, top / 2, 0.0), (0.055, (top - seat_y) / 2, 0.055), 0.04
    )
    back = box((x, y, z + 0.36 + 0.1 * (y - seat_y)), (0.0, top - 0.2, 0.0), (wide, 0.22 + 0.05 * v[3], 0.055), 0.05)
    cushion = box(p, (0.0, seat_y + 0.1, 0.02), (wide - 0.07, 0.07, 0.35), 0.07)
    return np.minimum(np.minimum(legs, posts), seat), back, cushion


def chair_marks(p: Points, v: Shape) -> Distances:
    return (np.abs(p[1] - 0.55 - 0.12 * v[2]) - 0.03,)


def bottle(p: Points, v: Shape) -> Distances:
    x, y, z = p
    radial = hypot(x, z)
    wide, shoulder = 0.36 + 0.05 * v[0], 0.08 + 0.12 * v[1]
    body = disc(radial, y - (shoulder - 0.92) / 2, wide, (shoulder + 0.92) / 2, 0.1)
    neck = disc(radial, y - 0.35, 0.13 + 0.02 * v[2], 0.45, 0.02)
    cap = disc(radial, y - 0.8, 0.17 + 0.02 * v[2], 0.11, 0.04)
    return smooth_min(body, neck, 0.3 + 0.08 * v[3]), cap


def bottle_marks(p: Points, v: Shape) -> Distances:
    label = np.abs(p[1] + 0.42 + 0.06 * v[4]) - 0.24
    return label, np.abs(label + 0.08) - 0.02
