"""Images of a run that say something: those that turned, were learned last, forgotten or never learned, each with its loss curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import numpy as np
import streamlit as st

from pages.ui.charts import colours
from pages.ui.common.run_view import ACTIVE, RunView, in_run
from pages.ui.common.small_images import address_of
from pages.ui.markdown import plain
from pages.ui.run.data import read_data
from pages.ui.run.diagnosed import Histories, histories_of
from pages.ui.tables.sparkline import HEIGHT, WIDTH, sparkline
from tl_core import store
from tl_core.data.dataset import Unreadable
from tl_core.diagnosis.images import FEWEST, KINDS, ImageHistory, ImageKind, sentence
from tl_core.errors import BadInput
from tl_core.text import UNKNOWN

A_PAGE = 12
SIDE = 116
"""Pixels of an image."""

SHORT: dict[ImageKind, str] = {
    "turned": "Turned",
    "last": "Learned last",
    "forgotten": "Forgotten",
    "never": "Never learned",
}
"""Names of the kinds as choices."""

NOT_RECORDED = "Not known: in earlier versions runs did not keep what the network said of these images."
NOT_KEPT = "Which images these are is not known: the run was begun in an earlier version, which did not keep it."

_RIGHT, _WRONG = ("✓", "right at the end"), ("✗", "wrong at the end")


@dataclass(frozen=True)
class Tile:
    """An image as it is shown; address: empty where it cannot be read."""

    history: ImageHistory
    name: str
    label: str
    predicted: str
    address: str
    planted: bool


@st.fragment(parallel=True)
def draw_gallery(view: RunView) -> None:
    """In a fragment of its own, so that turning a page draws nothing else again. In parallel where the whole page is drawn; where the live
    part is drawn again, what comes after it waits for its photos."""
    try:
        epochs, found = histories_of(view)
    except BadInput as error:
        st.error(plain(in_run(view.run, str(error))))
        return
    _draw(view, epochs, found)


def _draw(view: RunView, epochs: int, found: Histories) -> None:
    first = next((kind for kind in KINDS if found.get(kind)), None)
    if first is None:
        st.caption(_none(view, epochs, found))
        return
    kind = _chosen() or first
    st.caption(" · ".join(f"{SHORT[kind]}: {_number(found, kind)}" for kind in KINDS))
    row, images = KINDS[kind], found.get(kind, ())
    st.markdown(f"**{row.title}** {row.help}", help=f"{plain(row.rule)}  \n*{plain(row.source)}*")
    if not images:
        st.caption("None." if kind in found else NOT_RECORDED)
        return
    pages = -(-len(images) // A_PAGE)
    page = st.pagination(pages, key=f"{kind}_page", bind="query-params") if pages > 1 else 1
    shown = images[(page - 1) * A_PAGE : page * A_PAGE]
    tiles, missing = _tiles(view, shown)
    st.html(gallery_html(tiles))
    if missing:
        st.caption(f":material/image_not_supported: {plain(missing)}")
    if view.status == store.RUNNING:
        st.caption(f"After epoch {epochs:,}; looked through again as the run goes on.")


def _number(found: Histories, kind: ImageKind) -> str:
    return f"{len(found[kind]):,}" if kind in found else UNKNOWN


def _none(view: RunView, epochs: int, found: Histories) -> str:
    """What is said where there is no image to show: what is not known is no all-clear."""
    if view.spec and view.spec.head.solved:
        return "The classifier was solved at once: single images have no curves that could be looked through."
    if epochs < FEWEST:
        when = f"after {FEWEST} epochs" if view.status in ACTIVE else f"in runs of {FEWEST} epochs or more"
        return f"Images are looked through {when}."
    if not found:
        return "What the network said of each image is not known for this run, or for fewer than four epochs."
    said = {"turned": "turned", "last": "was learned late", "forgotten": "was forgotten", "never": "was never learned"}
    clear = "No image stands out: none " + ", none ".join(said[kind] for kind in KINDS if kind in found) + "."
    unknown = [SHORT[kind].lower() for kind in KINDS if kind not in found]
    return f"{clear} Not known: {', '.join(unknown)}." if unknown else clear


def _chosen() -> ImageKind | None:
    """None before a choice: the kind that is shown then follows what there is."""
    return st.segmented_control(
        "Images",
        list(KINDS),
        key="images",
        bind="query-params",
        format_func=lambda kind: SHORT[kind],  # Without numbers: it stands in the address.
        label_visibility="collapsed",
    )


def _tiles(view: RunView, shown: Sequence[ImageHistory]) -> tuple[list[Tile], str]:
    """The tiles, and why images are missing: empty if none is."""
    names, planted, missing = _class_names(view), _planted(view), ""
    tiles = []
    for history in shown:
        address, reason = _address(view, history.key)
        missing = missing or reason
        tiles.append(
            Tile(
                history,
                history.key or f"image {history.column + 1}",
                _name(names, history.label),
                _name(names, history.predicted),
                address,
                history.split == "train_eval" and history.key in planted,
            )
        )
    return tiles, missing


def _address(view: RunView, key: str) -> tuple[str, str]:
    """The address of an image; empty with the reason if it cannot be read."""
    if not key or view.spec is None:
        return "", NOT_KEPT
    data = view.spec.data
    try:
        return address_of(data.source, data.grey_range, key, SIDE), ""
    except (BadInput, Unreadable) as error:
        reason = error.problems[0].message if isinstance(error, BadInput) else f"{key}: {error}"
        return "", f"Images that cannot be read are shown by their names and curves ({reason})."


def _class_names(view: RunView) -> tuple[str, ...]:
    try:
        return store.classes_of(view.run)
    except BadInput:  # The tab Data says which file is damaged.
        return ()


def _planted(view: RunView) -> frozenset[str]:
    """The images that were given a wrong label on purpose."""
    if view.spec is None or not view.spec.data.label_noise:
        return frozenset()
    try:
        found = read_data(view)
    except BadInput:
        return frozenset()
    return frozenset(found.mislabelled) if found else frozenset()


def _name(names: Sequence[str], label: int) -> str:
    return names[label] if 0 <= label < len(names) else f"class {label + 1}"


def gallery_html(tiles: Sequence[Tile]) -> str:
    """The images as HTML, in which no name counts as markup."""
    return f'{_STYLE}<ul class="tl-gallery">{"".join(map(_tile, tiles))}</ul>'


def _tile(tile: Tile) -> str:
    name, label, predicted = escape(tile.name), escape(tile.label), escape(tile.predicted)
    alt = f"{name}: labelled {label}, predicted as {predicted}"
    image = f'<img src="{tile.address}" alt="{alt}">' if tile.address else f"<div>{name}</div>"
    mark, title = _RIGHT if tile.history.correct else _WRONG
    planted = " <em>label noise: wrong on purpose</em>" if tile.planted else ""
    return (
        f'<li><figure title="{name}">{image}{_curve(tile.history)}'
        f'<figcaption><b>{label}</b>{planted}<br><span title="{title}">{mark} predicted as {predicted}</span>'
        f"<small>{escape(sentence(tile.history))}</small></figcaption></figure></li>"
    )


def _curve(history: ImageHistory) -> str:
    """The loss over the epochs, with a dot at the epoch that counts: a mask over the colour of curves, for st.html lets no SVG through."""
    place, nothing = int(np.searchsorted(history.epochs, history.epoch)), np.full(len(history.loss), np.nan)
    made = sparkline(nothing.tolist(), history.loss.tolist(), place, history.epochs.tolist())
    if made is None:
        return ""
    dot = f"<circle cx='{made.star[0]}' cy='{made.star[1]}' r='3'/>" if made.star else ""
    line = f"<path d='{made.validation}' fill='none' stroke='black' stroke-width='1.5' stroke-linecap='round'/>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}'>{line}{dot}</svg>"
    said = f"Its loss over {history.epochs[-1]:,} epochs"
    return f'<i role="img" aria-label="{said}" title="{said}" style="mask-image: url(&quot;data:image/svg+xml,{quote(svg)}&quot;)"></i>'


_STYLE = f"""<style>
.tl-gallery.tl-gallery {{display: grid; grid-template-columns: repeat(auto-fill, minmax({SIDE + 16}px, 1fr)); gap: 14px 10px; padding: 2px;
  list-style: none; margin: 0}}
.tl-gallery.tl-gallery li {{margin: 0; padding: 0}}
.tl-gallery figure {{margin: 0; font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere}}
.tl-gallery :is(img, figure > div) {{width: {SIDE}px; height: {SIDE}px; object-fit: cover; border-radius: 6px; display: block}}
.tl-gallery figure > div {{background: #88888822; padding: 6px; box-sizing: border-box; overflow: hidden; font-size: .72rem}}
.tl-gallery i {{display: block; width: {SIDE}px; height: {SIDE * HEIGHT / WIDTH:g}px; margin: 3px 0; mask-size: 100% 100%;
  background: {colours.css(colours.VALIDATION)}}}
.tl-gallery em {{font-style: normal; font-size: .72rem; opacity: .85}}
.tl-gallery small {{display: block; font-size: .74rem; opacity: .85}}
</style>"""
