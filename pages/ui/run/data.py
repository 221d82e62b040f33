"""The tab Data: images by part and class, warnings, files that were left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import streamlit as st

from pages.ui.common.run_view import RunView
from pages.ui.markdown import plain
from tl_core.data.dataset import PARTS
from tl_core.data.skipped import Skipped, counts
from tl_core.files import read_json, unsealed
from tl_core.records import typed

WHOLE = 20
"""Classes up to which the table of classes is shown without a scroll bar."""

MOST_LABELS = 200
"""Names of images with a wrong label that are listed."""


@dataclass(frozen=True)
class DataReport:
    """images: counts by part, a number a class. mislabelled: images given a wrong label on purpose.
    grey: The range of 16-bit grey images, in words."""

    classes: tuple[str, ...]
    layout: str
    images: dict[str, tuple[int, ...]]
    warnings: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    mislabelled: tuple[str, ...]
    grey: str = ""


def draw_data(view: RunView) -> None:
    if view.spec:
        st.caption(plain(f"Source: {view.spec.data.source}"))
    found = read_data(view)
    if found is None:
        st.info("Shown once a worker has read the images.", icon=":material/hourglass_empty:")
        return
    if found.layout:
        st.caption(plain(found.layout))
    totals = ", ".join(f"{sum(counts):,} {part}" for part, counts in found.images.items())
    st.markdown(f"**{len(found.classes)} classes**; images: {totals}.")
    if found.grey:
        st.caption(plain(found.grey))
    for warning in found.warnings:
        st.warning(plain(warning))
    # All rows of a few classes; of 1,000 a table of its own height to scroll in.
    height: Literal["content", "auto"] = "content" if len(found.classes) <= WHOLE else "auto"
    table = by_class(found)
    st.dataframe(table, key="by_part", hide_index=True, height=height, alt="Images of each class in each part.")
    _left_out(found)
    _mislabelled(found)


def read_data(view: RunView) -> DataReport | None:
    """The run's data; None if they were not read yet, Damaged if the file cannot be read."""
    try:
        return read_json(view.run.report / "data.json", _report)
    except FileNotFoundError:
        return None


def _report(values: Any) -> DataReport:
    values, _ = unsealed(values)
    names = tuple[str, ...]
    report = DataReport(
        typed(names, values["classes"]),
        typed(str, values.get("layout", "")),
        {part: typed(tuple[int, ...], values["images"][part]) for part in PARTS},
        typed(names, values.get("remarks", [])),
        tuple(Skipped(typed(str, row["file"]), typed(str, row["reason"])) for row in values["skipped"]),
        typed(names, values["mislabelled"]),
        typed(str, values.get("grey", "")),
    )
    if any(len(images) != len(report.classes) for images in report.images.values()):
        raise ValueError("the numbers of images are of other classes")
    return report


def by_class(found: DataReport) -> pd.DataFrame:
    """A row a class, a column a part."""
    counts = {part.capitalize(): found.images[part] for part in PARTS}
    return pd.DataFrame({"Class": found.classes, **counts})


def _left_out(found: DataReport) -> None:
    if not found.skipped:
        st.caption("No file was left out.")
        return
    st.markdown(f"**Left out: {counts(found.skipped)}**")
    table = pd.DataFrame([(item.key, item.reason) for item in found.skipped], columns=["File", "Why"])
    st.dataframe(table, key="skipped", hide_index=True, alt="Files that were left out, each with the reason.")


def _mislabelled(found: DataReport) -> None:
    if not found.mislabelled:
        return
    with st.expander(f"{len(found.mislabelled)} training images were given a wrong label on purpose"):
        st.code("\n".join(found.mislabelled[:MOST_LABELS]), language=None, height=200)
