"""A training image as training will see it: nine epochs of the chosen augmentations."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from pages.ui.common.planning import dataset_of
from pages.ui.markdown import plain
from pages.ui.train.plan_view import PlanView
from tl_core import sentences, service
from tl_core.data import decode
from tl_core.data.dataset import Unreadable
from tl_core.data.prepare import split_of
from tl_core.errors import LabError
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import DataSpec, ExperimentSpec
from tl_core.records import Activity, ProgressCallback, unwatched
from tl_core.service import Preview
from tl_core.text import percent

PICTURE = "train.picture"
_KEPT = 16
"""Previews kept for all visitors; one of 224 pixels takes about a megabyte."""

AUGMENTING = "Augmenting an image; the first time takes some seconds…"
NO_AUGMENTATION = "No augmentation is chosen: training sees this image unchanged in every epoch."


def draw_preview(view: PlanView) -> None:
    """The image, in a fragment: the rest of the page does not wait for it."""
    if view.plan.images and not view.problems:
        _fragment(str(view.models), _asked(view.spec), bool(view.spec.augment))
    else:
        st.caption("An image is shown here once the errors are fixed.")


def _asked(spec: ExperimentSpec) -> str:
    """The settings that a preview depends on, as text: a new preview is requested only if one of them changes."""
    # With stored views it depends on the phases, and so on nearly everything.
    values = (spec if spec.train.views and spec.augment else ExperimentSpec()).to_json()
    values |= {
        "data": {**spec.to_json()["data"], "image_size": resolve(spec).image_size},
        "augment": spec.to_json()["augment"],
    }
    values["train"]["seed"] = spec.train.seed
    return json.dumps(ExperimentSpec.from_json(values).anchored().to_json())


@st.fragment(parallel=True)
def _fragment(models: str, asked: str, augmented: bool) -> None:
    picture = st.session_state.get(PICTURE, 0)
    place = st.empty()
    try:
        if augmented:
            with st.spinner(AUGMENTING):
                shown = _augmented(_Wanted(models, asked, picture, partial(_show_waiting, place)))
        else:
            shown = _untouched(asked, picture)
    except (LabError, Unreadable) as error:
        place.warning(f"No preview: {plain(str(error))}", icon=":material/image_not_supported:")
        return
    place.empty()
    _pictures(shown)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Another image", key="another", icon=":material/refresh:", on_click=_next)
        told = f"{plain(shown.class_name)}: {plain(shown.key)}"
        st.caption(told if augmented else f"{NO_AUGMENTATION} {told}")


def _pictures(shown: Preview) -> None:
    name = shown.class_name
    with st.grid("auto", min_column_width=104, gap="xsmall"):
        st.image(shown.original, caption="original", alt=f"A training image of {name}, unchanged.", width="stretch")
        for epoch, view in enumerate(shown.views, 1):
            alt = f"The same image as training sees it in epoch {epoch}."
            mixed = _labels_text(shown.labels[epoch - 1]) if shown.labels else ""
            caption = f"epoch {epoch}: {plain(mixed)}" if mixed else f"epoch {epoch}"
            st.image(view, caption=caption, alt=f"{alt} {mixed}".strip(), width="stretch")


def _labels_text(labels: Sequence[tuple[str, float]]) -> str:
    """How much each class of a mixed image counts: "70 % mug, 30 % lamp"; shares that round to zero are omitted."""
    return ", ".join(f"{percent(share, 0)} {name}" for name, share in labels if round(100 * share))


def _next() -> None:
    st.session_state[PICTURE] = st.session_state.get(PICTURE, 0) + 1


@dataclass(frozen=True)
class _Wanted:
    """An augmented image; two that differ only in who shows the progress are equal."""

    models: str
    asked: str
    picture: int
    progress: ProgressCallback = field(default=unwatched, compare=False)


def _show_waiting(place: DeltaGenerator, activity: Activity, _done: int, _total: int) -> None:
    """Shows what the image waits for; a page that is drawn again or left ends the waiting here."""
    place.caption("" if activity == service.WAITING else f"{sentences.title(activity)}…")


@lru_cache(maxsize=_KEPT)
def _augmented(wanted: _Wanted) -> Preview:
    spec = ExperimentSpec.from_json(json.loads(wanted.asked))
    return service.preview(Path(wanted.models), spec, wanted.picture, wanted.progress)


@lru_cache(maxsize=_KEPT)
def _untouched(asked: str, picture: int) -> Preview:
    """A training image resized as for training, without views; no worker is needed for that."""
    spec = ExperimentSpec.from_json(json.loads(asked))
    dataset, rows = dataset_of(spec.data), _rows(spec.data)
    item = dataset.items[rows[picture % len(rows)]]
    pixels = decode.resized(dataset.open_image(item), resolve(spec).image_size)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return Preview(file.getvalue(), (), item.key, dataset.class_names[item.label], len(rows))


def _rows(data: DataSpec) -> list[int]:
    """The training items in the order in which the service counts them: one class after another, then the next of each."""
    dataset = dataset_of(data)
    rows = split_of(data, dataset).train
    labels = dataset.labels[rows]
    by_class = [rows[labels == label].tolist() for label in np.unique(labels)]
    return [row for row in chain.from_iterable(zip_longest(*by_class)) if row is not None]
