"""A window with all networks in a table: what each reaches and costs, two beside each other, and their speed measured on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from pages.ui.common import run_dialogs
from pages.ui.markdown import plain
from pages.ui.tables import run_table
from pages.ui.train import draft
from pages.ui.train.network_rows import LEGEND, NetworkRow, columns, network_rows, written_rate
from pages.ui.train.plan_view import PlanView
from tl_core.backbones import BACKBONES
from tl_core.backbones.availability import sentence
from tl_core.service import speeds
from tl_core.text import compact, counted, data_size, percent

TABLE = "networks"
HEIGHT = 420
"""CSS pixels; the table scrolls below its head."""

COMPARED = 2
POLL_SECONDS = 1.0

HINT = (
    "Select one network to read about it and use it, or two to compare them. Enter uses the network of a row. The Settings page and "
    "the command add-network add one of your own, from a file of Keras."
)

MEASURING_HELP = (
    "Measures how many images per second this machine computes with the network frozen, and with every layer training: with random weights, "
    "in a process of its own, for half a minute to some minutes. Measure while nothing else trains; the figures are kept."
)

_TAKEN = "networks.taken"

Taken = Callable[[str], None]


def draw_button(view: PlanView, on_taken: Taken, *, disabled: bool = False) -> None:
    """The button that opens the window.

    Args:
        on_taken: Puts the network of that name into the form.
    """
    st.button(
        "Compare all networks",
        icon=":material/table_chart:",
        key="networks_open",
        type="tertiary",
        help="A table of all networks: accuracy, speed on this machine, size, and whether their weights are here.",
        disabled=disabled,
        on_click=_open,
        args=(view.models, view.spec.backbone.name, on_taken),
    )


def _open(models: Path, chosen: str, on_taken: Taken) -> None:
    draft.touch()
    run_table.select(TABLE, ())
    run_dialogs.open_dialog("train", _window, models, chosen, on_taken)


@st.dialog("Choose a network", width="large", icon=":material/account_tree:", on_dismiss=run_dialogs.close)
def _window(models: Path, chosen: str, on_taken: Taken) -> None:
    if st.session_state.pop(_TAKEN, False):
        st.rerun()  # Only a run of the whole page closes the window.
    shown = columns()
    rows = run_table.in_order(network_rows(models, chosen), shown, run_table.sort_of(run_table.kept_sort(TABLE), shown))
    run_table.draw_run_table(
        TABLE,
        shown,
        rows,
        id_of=lambda row: row.backbone.name,
        label=f"{len(rows)} networks",
        link=lambda _: "",
        selectable=True,
        height=HEIGHT,
        on_open=partial(_take, on_taken),
    )
    st.caption(LEGEND)
    selected = [row for row in rows if row.backbone.name in run_table.selection(TABLE).ids]
    _draw_buttons(models, selected, on_taken)
    _draw_measuring(models)
    if len(selected) == 1:
        _draw_one(selected[0])
    elif len(selected) == COMPARED:
        _draw_two(selected[0], selected[1])
    else:
        st.caption(HINT)


def _take(on_taken: Taken, name: str) -> None:
    on_taken(name)
    st.session_state[_TAKEN] = True
    run_dialogs.close()


def _draw_buttons(models: Path, selected: Sequence[NetworkRow], on_taken: Taken) -> None:
    names = [row.backbone.name for row in selected]
    with st.container(horizontal=True):
        for row in selected[:COMPARED]:
            st.button(
                f"Use {plain(row.backbone.title)}",
                key=f"networks_use_{row.backbone.name}",
                icon=":material/check:",
                type="primary" if len(selected) == 1 else "secondary",
                disabled=row.chosen or len(selected) > COMPARED,
                on_click=_take,
                args=(on_taken, row.backbone.name),
            )
        st.button(
            f"Measure {counted(len(names), 'network')}" if len(names) > 1 else "Measure its speed",
            key="networks_measure",
            icon=":material/speed:",
            help=MEASURING_HELP,
            disabled=not names,
            on_click=speeds.ask,
            args=(models, *names),
        )


def _draw_measuring(models: Path) -> None:
    """What is being measured, and why something could not be."""
    for name, why in speeds.state(models).problems.items():
        st.warning(f"{plain(BACKBONES[name].title)} could not be measured: {plain(why)}", icon=":material/speed:")
    if speeds.state(models).now:
        with st.container(horizontal=True, vertical_alignment="center", key="networks-measuring"):
            _progress(models, speeds.state(models).now)
            st.button("Cancel", key="networks_cancel", icon=":material/close:", on_click=speeds.cancel, args=(models,))


@st.fragment(run_every=POLL_SECONDS)
def _progress(models: Path, drawn: str) -> None:
    found = speeds.state(models)
    if found.now != drawn:
        draft.touch()
        st.rerun()  # The whole page, once: the table has another figure.
    follow = f", then {counted(len(found.waiting), 'more network')}" if found.waiting else ""
    st.markdown(f":material/speed: Measuring {plain(BACKBONES[drawn].title)}{follow} …")


def _draw_one(row: NetworkRow) -> None:
    """What a network is, and where its weights are or come from."""
    st.markdown(f"**{plain(row.backbone.title)}**: {plain(row.backbone.help)}")
    st.caption(
        f"{plain(row.backbone.citation)}; {plain(row.backbone.licence)}. Blocks: {plain(', '.join(row.backbone.cut_names))}."
    )
    st.caption(plain(sentence(row.weights)))


def _draw_two(one: NetworkRow, other: NetworkRow) -> None:
    """Both beside each other, the better figure in bold."""
    lines = [
        f"| | {plain(one.backbone.title)} | {plain(other.backbone.title)} |",
        "| :-- | --: | --: |",
        *(f"| {title} | {first} | {second} |" for title, first, second in compared(one, other)),
    ]
    st.markdown("\n".join(lines))


def compared(one: NetworkRow, other: NetworkRow) -> list[tuple[str, str, str]]:
    """Title and the texts of both networks, in lines; the better one in bold, among speeds only of two that were measured."""
    lines: list[tuple[str, Callable[[NetworkRow], float], Callable[[float], str], int]] = [
        ("Parameters", lambda row: row.facts.parameters, compact, -1),
        ("File of weights", lambda row: 1e6 * row.weights.megabytes, data_size, -1),
        ("Multiply-adds per image", lambda row: row.macs, compact, -1),
        ("Channels of its features", lambda row: row.facts.blocks[-1].channels, lambda count: f"{count:,.0f}", 0),
        ("Blocks", lambda row: len(row.facts.blocks), lambda count: f"{count:g}", 0),
        ("Native size", lambda row: row.backbone.native_size, lambda size: f"{size:g}", 0),
    ]
    found = [
        (title, *_marked([written(value(row)) for row in (one, other)], sign * (value(one) - value(other))))
        for title, value, written, sign in lines
    ]
    return [_accuracies(one, other), *_rates(one, other), *found]


def _accuracies(one: NetworkRow, other: NetworkRow) -> tuple[str, str, str]:
    """As published; of a network of your own none is."""
    first, second = (row.backbone.imagenet_accuracy for row in (one, other))
    ahead = 0.0 if first is None or second is None else first - second
    return "ImageNet accuracy", *_marked([percent(first), percent(second)], ahead)


def _rates(one: NetworkRow, other: NetworkRow) -> list[tuple[str, str, str]]:
    """Images per second; an estimate is marked as one."""

    def line(title: str, value: Callable[[NetworkRow], float]) -> tuple[str, str, str]:
        texts = [written_rate(value(row), row.speed is not None) for row in (one, other)]
        return title, *_marked(texts, (value(one) - value(other)) * bool(one.speed and other.speed))

    return [
        line("Images/s frozen", lambda row: row.frozen),
        line("Images/s thawed", lambda row: row.thawed),
    ]


def _marked(texts: list[str], ahead: float) -> tuple[str, str]:
    first, second = map(plain, texts)
    if ahead > 0:
        return f"**{first}**", second
    return first, f"**{second}**" if ahead < 0 else second
