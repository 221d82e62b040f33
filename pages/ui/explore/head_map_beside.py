"""A second map beside the first, on the same axes: a kept one, or one that is asked for, of other images or another network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from pages.ui.common.planning import planned
from pages.ui.explore import addresses
from pages.ui.explore.asking import Shown, read_shown
from pages.ui.live import follow
from pages.ui.markdown import plain
from tl_core import explorations
from tl_core.backbones import availability
from tl_core.errors import BadInput
from tl_core.explorations import Asked, Exploration
from tl_core.explorations.map_variants import Variant, names, variants
from tl_core.results.head_map import HeadMap, MapOptions, check_map
from tl_core.service import exploring

_CHOICE = "map_beside"

_REFUSED = "map_refused"
"""The id of a map, the title of the variant of it that was asked for last, and why nothing began."""

NOTHING = ""

MOST = 30
"""Kept maps that are looked through, the newest first."""

HELP = (
    "A second map on the same axes, in the same colours: one that was kept, or one that begins as soon as you choose it, of other numbers of "
    "training images, other weights or another backbone, with all other settings as here. A map that was made before is not made again."
)

GONE = "There is no such map to stand beside this one; it may have been deleted."

NO_OTHER = "What the address names to stand beside this map is no other map on the same axes."


def choose_second(shown: Shown) -> Shown | None:
    """Draws the choice of a second map, once the first is trained; the one that the address names, None without one."""
    beside = addresses.beside_id()
    if not shown.running:
        _draw_choice(shown, beside)
    return _second(shown, beside) if beside else None


def names_of(shown: Shown, second: Shown) -> tuple[str, str]:
    """What each of both is of: what they differ in, or when they were asked."""
    one, another = names(shown.asked, second.asked, shown.result, second.result)
    return one or f"asked on {shown.exploration.when}", another or f"asked on {second.exploration.when}"


def _second(shown: Shown, beside: str) -> Shown | None:
    exploration = explorations.known(shown.models, beside)
    if exploration is None:
        st.warning(GONE, icon=":material/search_off:")
        return None
    follow(key="beside_changes", exploration=beside)
    try:
        second = read_shown(exploration)
    except BadInput as error:  # Damaged, or deleted meanwhile: this map is shown without it.
        st.error(plain(str(error)), icon=":material/broken_image:")
        return None
    if beside == shown.exploration.id or not _on_same_axes(second.asked, shown.asked):
        st.warning(NO_OTHER, icon=":material/search_off:")
        return None
    return second


def _on_same_axes(one: Asked, other: Asked) -> bool:
    both = one.options, other.options
    return all(isinstance(options, MapOptions) for options in both) and both[0].axes == both[1].axes


def _draw_choice(shown: Shown, beside: str) -> None:
    found: HeadMap = shown.result
    offered = {variant.name: variant for variant in variants(shown.asked, found, _with_weights())}
    titles = {name: f"Map it with {variant.title}" for name, variant in offered.items()}
    labels = {NOTHING: "Nothing", **_kept(shown, beside), **titles}
    st.session_state[_CHOICE] = beside if beside in labels else NOTHING
    st.selectbox(
        "Beside it",
        list(labels),
        key=_CHOICE,
        format_func=lambda one: labels.get(one, one),
        on_change=_chosen,
        args=(shown, offered),
        help=HELP,
    )
    refused, title, why = st.session_state.get(_REFUSED, ("", "", ""))
    if refused == shown.exploration.id:
        st.error(plain(why), title=f"It cannot be mapped with {title}.", icon=":material/error:")


def _with_weights() -> list[str]:
    """The backbones whose pretrained weights are here."""
    return [status.backbone for status in availability.statuses() if status.present]


def _kept(shown: Shown, beside: str) -> dict[str, str]:
    """What the kept maps on the same axes are of and when they were asked, by their ids; the one of the address among them."""
    found = [
        one for one in explorations.explorations(shown.models, shown.asked.kind.name) if one.id != shown.exploration.id
    ]
    chosen = [*found[:MOST], *(one for one in found[MOST:] if one.id == beside)]
    return {one.id: said for one in chosen if (said := _said_of(one, shown, one.id == beside))}


def _said_of(one: Exploration, shown: Shown, named: bool) -> str:
    """What a kept map is of; empty on other axes, and for maps without a result that are not trained, unless the address names it."""
    try:
        asked = explorations.read_asked(one)
    except BadInput:
        return ""
    ended = explorations.read_state(one).status in explorations.ENDED
    if not _on_same_axes(asked, shown.asked) or (ended and not named and not explorations.has_result(one)):
        return ""
    _, differs = names(shown.asked, asked)
    return f"{differs or 'The same settings'} · {one.when}"


def _chosen(shown: Shown, offered: Mapping[str, Variant]) -> None:
    """Shows what was chosen; a variant is asked for, unless it was answered before."""
    st.session_state.pop(_REFUSED, None)
    chosen = st.session_state[_CHOICE]
    if chosen in offered:
        try:
            chosen = _answered(shown, offered[chosen]).id
        except BadInput as error:
            st.session_state[_REFUSED] = (shown.exploration.id, offered[chosen].title, str(error))
            return
    addresses.show_beside(shown.asked.kind.name, shown.exploration.id, chosen)


def _answered(shown: Shown, variant: Variant) -> Exploration:
    """The exploration that answers a variant, or will; raises BadInput, with all its problems, if it cannot be mapped."""
    wanted = variant.of(shown.asked)
    active, dataset, made = planned(wanted.spec, shown.models)
    if made.problems:
        raise BadInput(made.problems)
    check_map(active.spec, wanted.options)
    images = dataset.fingerprint if dataset else ""
    return exploring.answer(shown.models, replace(wanted, spec=active.spec, images=images))
