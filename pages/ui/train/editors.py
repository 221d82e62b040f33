"""Settings that need more than a plain field: the source of data, the network and how deep it is frozen, lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from pages.ui.common import augmentation_fields, param_widgets
from pages.ui.markdown import plain
from pages.ui.train import block_chain, chooser, data_source, draft, missing_boxes
from pages.ui.train.block_chain import Link
from pages.ui.train.plan_view import PlanView
from tl_core.backbones import BACKBONES, Backbone
from tl_core.backbones.freezing import last_frozen, thawed_cuts, used_cuts
from tl_core.errors import BadInput
from tl_core.experiment.resolve import Experiment
from tl_core.params import Param

NOTHING = "nothing"
"""The stop of the freeze slider below the first block."""

UNITS = 128
"""Of a hidden layer that was just added."""

JOINED = ("top-2", "top-4")
"""The top blocks that the form offers to join; the command line takes any."""

Editor = Callable[[Param, PlanView], None]


def generic(row: Param, view: PlanView, *, titled: bool = True) -> None:
    """The plain field of a row.

    Args:
        titled: Whether its title stands above it.
    """
    _plain(row, view, partial(draft.put, row.path), titled=titled)


def _plain(
    row: Param, view: PlanView, on_value: param_widgets.OnValue, placeholder: str = "", *, titled: bool = True
) -> None:
    param_widgets.draw_param(
        row,
        view.draft.values[row.path],
        f"{draft.FIELD}{row.path}",
        on_value,
        placeholder,
        disabled=bool(view.locked(row.path)),
        titled=titled,
    )


def image_size(row: Param, view: PlanView) -> None:
    """A field that says what "not set" comes to."""
    automatic = view.experiment.with_values({row.path: None}).image_size
    _plain(row, view, partial(draft.put, row.path), f"auto: {automatic}")


def backbone(row: Param, view: PlanView) -> None:
    """The list of networks, those of your own included, with what is to be said of the chosen one."""
    chosen = view.experiment.backbone
    known = tuple(dict.fromkeys((*BACKBONES.names, chosen.name)))  # One of your own may have been removed.
    _plain(replace(row, choices=known), view, _network_chosen)
    st.caption(plain(chosen.help), help=f"{plain(chosen.citation)}; {plain(chosen.licence)}.")
    chooser.draw_button(view, _network_taken, disabled=bool(view.locked(row.path)))


def output(row: Param, view: PlanView) -> None:
    """The blocks the head can stand on."""
    names = view.experiment.backbone.cut_names
    key, chosen = f"{draft.FIELD}{row.path}:{view.spec.backbone.name}", view.spec.backbone.output
    st.session_state.setdefault(key, chosen)
    st.selectbox(
        row.title,
        tuple(dict.fromkeys(("last", "middle", *names, *JOINED, chosen))),
        key=key,
        help=param_widgets.help_of(row),
        disabled=bool(view.locked(row.path)),
        on_change=lambda: _output_chosen(st.session_state[key]),
    )


def keep(row: Param, view: PlanView) -> None:
    """The blocks up to which pretrained weights are used."""
    spec = view.draft.spec.backbone
    key = f"{draft.FIELD}{row.path}:{spec.name}:{spec.output}"
    st.session_state.setdefault(key, spec.keep)
    st.selectbox(
        row.title,
        ("all", *view.experiment.blocks),
        key=key,
        help=param_widgets.help_of(row),
        disabled=bool(view.locked(row.path)),
        on_change=lambda: draft.put(row.path, st.session_state[key]),
    )


def freeze(row: Param, view: PlanView) -> None:
    """A slider over the blocks, and below it the blocks themselves, which can be clicked."""
    spec = view.spec.backbone
    blocks = view.experiment.blocks
    stops = (NOTHING, *blocks)
    # With the network in its key: a slider keeps no stop that its chain does not have.
    key = f"{draft.FIELD}{row.path}:{spec.name}:{spec.output}"
    st.session_state.setdefault(key, view.experiment.frozen or NOTHING)
    st.select_slider(
        "Frozen up to and including",
        stops,
        key=key,
        help=param_widgets.help_of(row),
        on_change=lambda: _frozen_up_to(st.session_state[key], blocks),
    )
    images = sum((view.plan.images or {}).values())
    links = block_chain.links(view.experiment, images)
    block_chain.draw_chain(links, lambda name: _block_clicked(name, links, blocks))
    st.caption(_chain_caption(images, view.experiment))


def _frozen_up_to(stop: str, blocks: tuple[str, ...]) -> None:
    frozen = 0 if stop == NOTHING else blocks.index(stop) + 1
    draft.put("backbone.freeze", depth(len(blocks) - frozen, blocks))


def _block_clicked(name: str, links: Sequence[Link], blocks: tuple[str, ...]) -> None:
    """A click thaws a frozen block and all above it, and freezes one that trains and all below it."""
    if name not in blocks:
        return
    frozen = next(link.state == block_chain.FROZEN for link in links if link.name == name)
    stop = (NOTHING, *blocks)[blocks.index(name) + (0 if frozen else 1)]
    _frozen_up_to(stop, blocks)
    draft.forget("backbone.freeze")


def hidden(row: Param, view: PlanView) -> None:
    """How many hidden layers, and the units of each."""
    units, key, locked = view.draft.spec.head.hidden, f"{draft.FIELD}{row.path}", bool(view.locked(row.path))
    st.session_state.setdefault(key, len(units))
    st.segmented_control(
        row.title,
        range(4),
        format_func=lambda number: str(number or "none"),
        key=key,
        required=True,
        help=param_widgets.help_of(row),
        disabled=locked,
        on_change=lambda: draft.put(row.path, [*_units(), *[UNITS] * 3][: st.session_state[key]]),
    )
    with st.grid("auto", min_column_width=170):
        for place, width in enumerate(units):
            one = Param(
                f"{row.path}.{place}", f"Units of layer {place + 1}", "integer", UNITS, row.help, low=1, high=4096
            )
            param_widgets.draw_param(one, width, f"{key}.{place}", partial(_units_chosen, place), disabled=locked)


def augment(row: Param, view: PlanView) -> None:
    """Which augmentations, in which order, how strongly."""
    augmentation_fields.draw_augmentations(
        row, f"{draft.FIELD}{row.path}", lambda: _amounts(view), partial(draft.put, row.path)
    )


def _amounts(view: PlanView) -> dict[str, float]:
    """The augmentations of the form; of one that holds none that are allowed, those of its defaults."""
    held = draft.values()["augment"]
    return dict(held) if isinstance(held, dict) else {step.name: step.amount for step in view.draft.spec.augment}


def depth(thawed: int, used: tuple[str, ...]) -> str:
    """The freeze setting in which so many of the top blocks train."""
    return {0: "all", len(used): "none"}.get(thawed, f"all-but-{thawed}")


def _units() -> list[int | None]:
    return list(draft.values()["head.hidden"])


def _units_chosen(place: int, value: int | None) -> None:
    units = _units()
    draft.put("head.hidden", [*units[:place], value, *units[place + 1 :]])


def _network_chosen(name: str) -> None:
    """Another network has other blocks: as many of its top ones train."""
    values = draft.values()
    before, stop = BACKBONES[str(values["backbone.name"])], str(values["backbone.output"])
    after = stop if _has(BACKBONES[name], stop) else "last"
    draft.put("backbone.freeze", _kept_depth(before, stop, BACKBONES[name], after))
    draft.put("backbone.name", name)
    _put_blocks(BACKBONES[name], after)


def _network_taken(name: str) -> None:
    """Like `_network_chosen`, where it was not the list that was used: the list follows."""
    draft.touch()
    _network_chosen(name)
    draft.forget("backbone.name")


def _has(network: Backbone, stop: str) -> bool:
    try:
        return bool(used_cuts(network, stop))
    except BadInput:
        return False


def _output_chosen(stop: str) -> None:
    network = BACKBONES[str(draft.values()["backbone.name"])]
    kept = _kept_depth(network, str(draft.values()["backbone.output"]), network, stop)
    draft.put("backbone.freeze", kept)
    _put_blocks(network, stop)


def _put_blocks(network: Backbone, stop: str) -> None:
    """Other blocks are used now: one that is not there is no place up to which weights could be pretrained."""
    draft.put("backbone.output", stop)
    if draft.values()["backbone.keep"] not in used_cuts(network, stop):
        draft.put("backbone.keep", "all")


def _kept_depth(before: Backbone, old_stop: str, after: Backbone, stop: str) -> str:
    """The freeze setting of a changed network with the same number of thawed blocks, if possible."""
    written, used = str(draft.values()["backbone.freeze"]), used_cuts(after, stop)
    try:
        last_frozen(after, written, stop)
        return written
    except BadInput:
        return depth(min(len(thawed_cuts(before, written, old_stop)), len(used)), used)


def _chain_caption(images: int, experiment: Experiment) -> str:
    stored = f" and the size of the features of all {images:,} images if the cut were there" if images else ""
    random = experiment.above(experiment.kept) if experiment.kept else ()
    always = (
        f" Blocks above {experiment.kept} start from random weights and always train, wherever the slider is."
        if random
        else ""
    )
    return f"Click a block to freeze up to it, or to train from it on.{always} Figures: its parameters{stored}."


def classifier(row: Param, view: PlanView) -> None:
    """The list of classifiers, with what one that is solved at once is."""
    generic(row, view)
    if solver := view.spec.head.solver:
        st.caption(f"Solved at once: {plain(solver.help)}.")


EDITORS: dict[str, Editor] = {
    "data.source": data_source.draw_source,
    "data.accept_missing": missing_boxes.draw_missing,
    "data.image_size": image_size,
    "backbone.name": backbone,
    "backbone.freeze": freeze,
    "backbone.output": output,
    "backbone.keep": keep,
    "head.classifier": classifier,
    "head.hidden": hidden,
    "augment": augment,
}

TELLING = ("data.accept_missing",)
"""Settings whose editors show their problems."""

WIDE = (
    "data.source",
    "data.layout",
    "data.accept_missing",
    "backbone.name",
    "backbone.freeze",
    "head.classifier",
    "head.hidden",
    "augment",
)
"""Settings that take the whole width."""
