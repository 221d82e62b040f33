"""Is one better? Two of the compared runs, or groups of seeds, on the same images: the answer, its evidence, and the images that flip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import streamlit as st

from pages.ui.common.small_images import address_of
from pages.ui.compare.better_html import Flip, flips_html, ranking_html, whisker_html
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.compare.grouping import SAME, groups_of
from pages.ui.compare.question import BEST, NEXT_BEST, Question, short_reasons
from pages.ui.markdown import plain
from tl_core import store
from tl_core.comparison import MARGIN, Comparison, Entry, Images, Ranking, Side, compare, rank, readable_sides, wording
from tl_core.data.dataset import Unreadable
from tl_core.errors import BadInput

A_PAGE = 12
SIDE = 96
"""Pixels of an image."""

MARGINS = (0.5, 1.0, 2.0, 5.0)
"""Points that may be chosen not to matter."""

SPLITS: dict[Images, store.OutputSplit] = {"validation": "val", "test": "test"}

ICONS = {"better": ":material/trophy:", "equal": ":material/balance:", "cannot tell": ":material/help:"}

HELP = (
    "Paired by image: both are asked the same images, at their exported epochs. Better: the 95 % interval of the difference in accuracy does not "
    "contain 0. Equal: its 90 % interval lies within the margin. docs/comparison.md has the methods, and how often each answer is wrong."
)

Stamps = tuple[tuple[int, int], ...]
"""Of each run what its outputs are known by; see `_stamp`."""


def draw_better(runs: Sequence[ComparedRun]) -> Question:
    """Draws the section; runs without an epoch are left out. Returns what is asked."""
    measured = [run for run in runs if run.figures]
    if len(runs) < 2:
        return Question()  # The page says below that it takes two.
    st.header("Is one better?", anchor=False, help=HELP)
    if len(measured) < 2:
        st.caption("It takes two runs with at least one epoch each.")
        return Question()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="better_controls"):
        question = Question(_images(), _margin(), _together(measured))
    entries = question.entries(measured)
    stamps = tuple(_stamp(run, question.images) for run in measured)
    sides, reasons, ranking = _ranked(entries, question.images, stamps)
    if reasons:
        st.info("\n\n".join(map(plain, short_reasons(reasons, measured))), icon=":material/info:")
    if ranking is None:
        if len(entries) == 1:
            st.info(
                "These runs differ only in their seed, so they are one side. Switch off *Seeds together* to compare them one by one, or "
                "choose a run with other settings.",
                icon=":material/info:",
            )
        return question
    if len(sides) > 2:
        question = _choose_two(question, sides)
    _draw(measured, entries, stamps, question, sides, ranking)
    return question


def _draw(
    runs: Sequence[ComparedRun],
    entries: tuple[Entry, ...],
    stamps: Stamps,
    question: Question,
    sides: tuple[Side, ...],
    ranking: Ranking,
) -> None:
    images = question.images
    a, b = question.two(sides, ranking)
    if a == b:
        st.info("A and B are the same. Choose another one.", icon=":material/info:")
        return
    found, legend = wording.lettered(_compared(entries, images, stamps, a, b, question.margin))
    st.markdown("  \n".join(f":small[{plain(line)}]" for line in legend))
    st.markdown(f"{ICONS[found.answer]} **{plain(wording.headline(found))}**")
    st.html(whisker_html(found))
    st.markdown("  \n".join(f":small[{plain(sentence)}]" for sentence in wording.evidence(found)))
    with st.container(key="flips"):
        _draw_flips(_flips_of(runs, sides, a, b, images, found), found)
    if len(sides) > 2:
        st.html(ranking_html(sides, ranking))
        st.markdown(" ".join(plain(sentence) for sentence in wording.ranking_text(ranking)))
    st.caption(question.asked_of(found.images))


def _stamp(run: ComparedRun, images: Images) -> tuple[int, int]:
    """The exported epoch, and when its outputs were written.

    Those on validation images are written with their epoch and never change, though the file grows with every further epoch: it only has to be
    there. Those on test images are written once, at the end.
    """
    written = store.outputs_written(run.run, SPLITS[images])
    return run.figures.exported.epoch if run.figures else 0, written if images == "test" else bool(written)


@lru_cache(maxsize=4)  # Each holds all outcomes of its sides.
def _ranked(
    entries: tuple[Entry, ...], images: Images, stamps: Stamps
) -> tuple[tuple[Side, ...], tuple[str, ...], Ranking | None]:
    """The sides, why others are left out, and all pairs of them; no pairs of fewer than two sides."""
    sides, reasons = readable_sides(entries, images)
    return sides, reasons, rank(sides) if len(sides) > 1 else None


@lru_cache(maxsize=16)
def _compared(entries: tuple[Entry, ...], images: Images, stamps: Stamps, a: int, b: int, margin: float) -> Comparison:
    sides, _, ranking = _ranked(entries, images, stamps)
    return ranking.compared(sides, a, b, margin) if ranking else compare(sides[a], sides[b], margin)


def _images() -> Images:
    chosen = st.segmented_control(
        "Images",
        list(SPLITS),
        default="validation",
        required=True,
        key="on_images",
        bind="query-params",
        help=f"{wording.CHOSEN_EPOCH} They are measured once, at the end of a run.",
    )
    return "test" if chosen == "test" else "validation"


def _margin() -> float:
    chosen = st.selectbox(
        "Margin",
        MARGINS,
        index=MARGINS.index(100 * MARGIN),
        format_func=lambda points: wording.points(points / 100),
        key="margin",
        bind="query-params",
        width=130,
        help="A difference in accuracy that does not matter to you: two runs that differ by less are equal.",
    )
    return float(chosen) / 100


def _together(runs: Sequence[ComparedRun]) -> bool:
    if len(groups_of(runs, SAME)) == len(runs):
        return False
    return st.toggle(
        "Seeds together",
        True,
        key="seeds_together",
        bind="query-params",
        help="Runs that differ only in their seed are one side, and the answer is about their settings. Off: each run is a side, and the "
        "answer is about its one network.",
    )


def _choose_two(question: Question, sides: Sequence[Side]) -> Question:
    """A and B: the best two, whichever these are, unless others are chosen."""
    names = list(dict.fromkeys([BEST, NEXT_BEST, *(side.name for side in sides)]))
    with st.container(horizontal=True, gap="small", key="better_sides"):
        a = st.selectbox(
            "A",
            names,
            index=names.index(NEXT_BEST),
            key="side_a",
            bind="query-params",
            help="The best two are compared unless you choose.",
        )
        b = st.selectbox("B", names, index=names.index(BEST), key="side_b", bind="query-params")
    return replace(question, a=a, b=b)


def _flips_of(
    runs: Sequence[ComparedRun], sides: Sequence[Side], a: int, b: int, images: Images, found: Comparison
) -> tuple[list[Flip], list[Flip]]:
    """The images that only B, and only A gets right, as far as they are shown."""
    chosen = next(run for run in runs if run.id == sides[a].runs[0])
    keys = _known(lambda: store.read_image_keys(chosen.run, SPLITS[images]))
    classes = _known(lambda: store.classes_of(chosen.run))
    labels = sides[b].labels

    def flip(column: int) -> Flip:
        label = int(labels[column]) if column < len(labels) else -1
        name = classes[label] if 0 <= label < len(classes) else ""
        key = keys[column] if column < len(keys) else ""
        return Flip(key or f"image {column + 1:,}", name, _address(chosen, key))

    return [flip(int(at)) for at in found.gained[:A_PAGE]], [flip(int(at)) for at in found.lost[:A_PAGE]]


def _known(read: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Names from a file; none if it cannot be read, which the Run page says."""
    try:
        return read()
    except BadInput:
        return ()


def _address(run: ComparedRun, key: str) -> str:
    """The image as an address; empty if it is not known or cannot be read."""
    if not key:
        return ""
    data = run.spec.data
    try:
        return address_of(data.source, data.grey_range, key, SIDE)
    except (BadInput, Unreadable):
        return ""


def _draw_flips(flips: tuple[list[Flip], list[Flip]], found: Comparison) -> None:
    a, b = found.names
    columns = st.columns(2)
    parts = ((b, a, flips[0], len(found.gained)), (a, b, flips[1], len(found.lost)))
    for column, (right, wrong, shown, count) in zip(columns, parts, strict=True):
        with column:
            st.markdown(f"**Only {plain(right)} is right: {count:,}**")
            if shown:
                st.html(flips_html(shown, SIDE))
            else:
                st.caption(f"None that {plain(wrong)} gets wrong.")
            if count > len(shown):
                st.caption(f"and {count - len(shown):,} more")
