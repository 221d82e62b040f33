"""The heads that are solved at once beside a regularisation map: a row each, how it stands against the best cell, and the run that it becomes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.common.settings_text import Cell, draw_table
from pages.ui.explore.asking import Shown
from pages.ui.explore.promoting import draw_promotion
from pages.ui.markdown import plain
from tl_core.experiment.solved import CLOSED_FORM, SOLVED
from tl_core.results.head_map import HeadMap
from tl_core.results.head_scores import HeadRow
from tl_core.text import duration

HEAD = ("Head", "Validation accuracy", "Validation loss", "Gap, in points", "Against the best cell", "Took")

EXPLAINED = (
    "Solved at once on the same features, with nothing to set; intervals are those for the validation images. Against the best cell: its loss less "
    "that of the cell, with a paired test on the same images, at 5 % for all heads together (Holm), which counts in that the best of so many cells "
    "was chosen on these images."
)


def draw_rows(maps: Sequence[tuple[Shown, str]]) -> None:
    """The table of each map with its buttons, and what its columns mean; nothing where no head was solved.

    Args:
        maps: Each with what it is of, empty where it stands alone.
    """
    drawn = [_draw_table(shown, name, f"-{number}" if number else "") for number, (shown, name) in enumerate(maps)]
    if any(drawn):
        st.caption(EXPLAINED)


def _draw_table(shown: Shown, name: str, key: str) -> bool:
    """Whether there was anything to draw."""
    found: HeadMap = shown.result
    rows = [row for row in found.closed_form if row.classifier in SOLVED]
    if not rows:
        return False
    st.markdown("**Heads that are solved at once**" + (f" · {plain(name)}" if name else ""))
    label = "Heads that are solved at once" + (f": {name}" if name else "")
    draw_table(HEAD, list(map(_row, rows)), label, stacked=True)
    if shown.running and len(rows) < len(CLOSED_FORM):
        st.caption("The others are still being solved.")
    with st.container(horizontal=True, key=f"map_rows{key}"):
        for row in rows:
            if row.score:
                draw_promotion(
                    f"Train {row.classifier} as a run",
                    f"map_promote_{row.classifier}{key}",
                    shown,
                    {"head.classifier": row.classifier},
                    help=f"Makes an ordinary run whose classifier is {row.classifier}: {SOLVED[row.classifier].help}.",
                )
    return True


def _row(row: HeadRow) -> list[Cell]:
    title = Cell(SOLVED[row.classifier].title)
    if row.score is None or row.loss is None:
        return [title, Cell(row.missing, columns=len(HEAD) - 1)]
    score, loss = row.score, row.loss
    texts = (
        f"{100 * score.accuracy:.1f} % ({100 * score.low:.1f} to {100 * score.high:.1f})",
        f"{loss.value:.3f} ({loss.low:.3f} to {loss.high:.3f})",
        f"{100 * score.gap:+.1f}",
        against_text(row),
        duration(score.seconds),
    )
    return [title, *map(Cell, texts)]


def against_text(row: HeadRow) -> str:
    """Such as "worse by 0.085" or "cannot be told (+0.011)"; empty as long as it is not known."""
    if row.standing is None or row.behind is None:
        return ""
    return (
        f"cannot be told ({row.behind:+.3f})"
        if row.standing == "cannot tell"
        else f"{row.standing} by {abs(row.behind):.3f}"
    )
