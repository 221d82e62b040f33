"""The classes of the data at a glance: an image of each, and how many images train, validate and test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st

from pages.ui.common.small_images import encoded
from pages.ui.train.plan_view import PlanView
from tl_core.data.dataset import PARTS, ImageDataset, Unreadable
from tl_core.data.split import ClassImages
from tl_core.text import counted

SIDE = 72
"""Pixels of an image."""

MOST = 24
"""Classes that are shown; data may have a thousand."""

TRIES = 3
"""Images of a class that are tried until one can be read."""

_KEPT = 8
"""Strips kept for all visitors; one takes about 50 kB."""

NO_TEST = "No test images: the exported network is not evaluated on images that chose nothing."


@dataclass(frozen=True)
class _Listed:
    """Data as they are listed; two with the same images are equal."""

    fingerprint: str
    dataset: ImageDataset = field(compare=False)


def draw_classes(view: PlanView) -> None:
    """Draws nothing as long as the data cannot be listed and split."""
    if view.dataset is None or not view.plan.images:
        return
    _strip(_Listed(view.dataset.fingerprint, view.dataset), view.plan.class_images)
    st.caption(summary(view.plan.class_images))


def summary(classes: Sequence[ClassImages]) -> str:
    """What the strip does not show: what its figures are, that nothing is tested, classes for which there is no room."""
    said = ["Images of each class that train · validate · test."]
    if not any(found.test for found in classes):
        said.append(f":orange[:material/warning: {NO_TEST}]")
    if len(classes) > MOST:
        said.append(f"{counted(len(classes) - MOST, 'more class', 'more classes')}, not shown.")
    return " ".join(said)


def strip_html(classes: Sequence[ClassImages], addresses: Sequence[str]) -> str:
    """The strip as HTML, in which no name counts as markup.

    Args:
        addresses: An address for each class that is shown; empty where there is no image.
    """
    tiles = "".join(map(_tile, classes[:MOST], addresses))
    return f'{_STYLE}<div class="tl-classes" role="group" tabindex="0" aria-label="Classes">{tiles}</div>'


def _tile(found: ClassImages, address: str) -> str:
    name, parts = escape(found.name), [(part, getattr(found, part)) for part in PARTS]
    counts = " · ".join(f"{number:,}" for _, number in parts)
    whole = ", ".join(f"{number:,} {part}" for part, number in parts)
    image = f'<img src="{address}" alt="">' if address else "<span></span>"
    return (
        f'<figure title="{name}: {whole}">{image}<figcaption><b>{name}</b><small>{counts}</small></figcaption></figure>'
    )


@st.fragment(parallel=True)
def _strip(listed: _Listed, classes: Sequence[ClassImages]) -> None:
    """In a fragment, because photos take a while to read."""
    st.html(strip_html(classes, _addresses(listed, tuple(found.name for found in classes[:MOST]))))


@lru_cache(maxsize=_KEPT)
def _addresses(listed: _Listed, names: tuple[str, ...]) -> tuple[str, ...]:
    """The address of an image of each of these classes."""
    return tuple(_address(listed.dataset, listed.dataset.class_names.index(name)) for name in names)


def _address(dataset: ImageDataset, label: int) -> str:
    for index in np.flatnonzero(dataset.labels == label)[:TRIES].tolist():
        try:
            return encoded(dataset.open_image(dataset.items[index]), SIDE)
        except Unreadable:  # Training leaves it out too, and says why.
            continue
    return ""


_STYLE = f"""<style>
.tl-classes {{display: flex; gap: 10px; overflow-x: auto; padding: 2px}}
.tl-classes figure {{margin: 0; flex: 0 0 auto; width: {SIDE + 16}px; font-size: .78rem; line-height: 1.35}}
.tl-classes :is(img, figure > span) {{display: block; width: {SIDE}px; height: {SIDE}px; object-fit: cover; border-radius: 6px}}
.tl-classes figure > span {{background: #88888822}}
.tl-classes :is(b, small) {{display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap}}
.tl-classes small {{font-size: .72rem}}
</style>"""
