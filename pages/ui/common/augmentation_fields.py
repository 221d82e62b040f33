"""A list of augmentations as fields: which ones, in which order, how strongly, or one of the presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from pages.ui.common import param_widgets
from pages.ui.markdown import plain
from tl_core.experiment.augmentations import AUGMENT_PRESETS, AUGMENTATIONS, preset_of
from tl_core.params import Param

NONE = "none"
"""The ready list that holds nothing."""

Amounts = Mapping[str, float]


def draw_augmentations(
    row: Param, key: str, held: Callable[[], Amounts], on_change: Callable[[dict[str, float]], None]
) -> None:
    """Draws the fields of a list of augmentations.

    Args:
        key: What the keys of the fields begin with.
        held: Gives the list as it is, by name, in order.
        on_change: Is called with the new list when you change it, in a callback.
    """
    amounts = held()
    _strengths(f"{key}:strength", key, amounts, on_change)
    again = st.session_state.get(key)  # See `widgets.draw`.
    st.session_state.setdefault(key, list(amounts))
    st.multiselect(
        row.title,
        AUGMENTATIONS.names,
        again,
        format_func=lambda name: AUGMENTATIONS[name].title,
        key=key,
        help=param_widgets.help_of(row),
        placeholder="None: images are used unchanged",
        on_change=partial(_names_chosen, key, held, on_change),
    )
    with st.grid("auto", min_column_width=190):
        for name, amount in amounts.items():
            _amount(name, amount, f"{key}.{name}", partial(_amount_chosen, name, held, on_change))


def _strengths(key: str, fields: str, amounts: Amounts, on_change: Callable[[dict[str, float]], None]) -> None:
    """The ready lists from none to strong; none of them is marked where the amounts are others."""
    chosen = preset_of(amounts)
    st.session_state[key] = chosen.name if chosen else None if amounts else NONE
    st.segmented_control(
        "Strength",
        (NONE, *AUGMENT_PRESETS.names),
        format_func=lambda name: "None" if name == NONE else AUGMENT_PRESETS[name].title,
        key=key,
        help="\n\n".join(f"**{row.title}**: {plain(row.help)}" for row in AUGMENT_PRESETS),
        on_change=partial(_strength_chosen, key, fields, on_change),
    )


def _strength_chosen(key: str, fields: str, on_change: Callable[[dict[str, float]], None]) -> None:
    if key not in st.session_state:  # The dialog has just been closed.
        return
    name = st.session_state[key]
    on_change({} if name in (None, NONE) else dict(AUGMENT_PRESETS[name].amounts))
    for field in [
        str(field) for field in st.session_state if str(field) == fields or str(field).startswith(f"{fields}.")
    ]:
        del st.session_state[field]  # They are drawn anew from the list.


def _names_chosen(key: str, held: Callable[[], Amounts], on_change: Callable[[dict[str, float]], None]) -> None:
    if key in st.session_state:
        on_change(_chosen(st.session_state[key], held()))


def _amount_chosen(
    name: str, held: Callable[[], Amounts], on_change: Callable[[dict[str, float]], None], new: float
) -> None:
    on_change({**held(), name: new})


def _amount(name: str, amount: float, key: str, on_change: param_widgets.OnValue) -> None:
    row = AUGMENTATIONS[name]
    step = 1.0 if row.high > 10 else 0.01
    one = Param(f"augment.{name}", row.title, "number", row.default, row.help, row.low, row.high, step, unit=row.unit)
    param_widgets.draw_param(one, amount, key, on_change)


def _chosen(names: list[str], amounts: Amounts) -> dict[str, float]:
    return {name: amounts.get(name, AUGMENTATIONS[name].default) for name in names}
