"""Everything below the images: the classifying itself, cards with the best classes, skipped files, and the table to download."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from pages.ui import navigation
from pages.ui.markdown import plain
from pages.ui.predict import images
from pages.ui.predict.images import Album, Answer, GivenImage, Scores, make_thumbnail
from pages.ui.predict.network_picker import Network
from tl_core import service
from tl_core.errors import BadInput, LabError
from tl_core.service import Output
from tl_core.text import counted, duration, percent

PORTION = 8

A_PAGE = 24

ADDED, DOUBTFUL, SURE = ORDERS = ("As added", "Most doubtful first", "Surest first")

TABLE = {
    "File": st.column_config.TextColumn(pinned=True),
    "Prediction": st.column_config.TextColumn(help="The class of the highest score."),
    "Score": st.column_config.TextColumn(
        help="A probability, or for a linear SVM a score that only ranks the classes."
    ),
    "Second best": st.column_config.TextColumn(help="The class of the second highest score."),
    "Lead": st.column_config.NumberColumn(
        format="%.3f", help="The score of the best class minus that of the second: the less, the more doubtful."
    ),
    "Left out because": st.column_config.TextColumn(width="large"),
}

OTHERS = 3
"""Other networks quoted on a card."""

BAR = (
    '<div style="display:flex;justify-content:space-between;gap:.75rem;font-size:.85rem;line-height:1.5">'
    '<span style="overflow-wrap:anywhere">{name}</span><span style="white-space:nowrap">{score}</span></div>'
    '<div aria-hidden="true" style="height:6px;border-radius:3px;margin-bottom:.35rem;'
    'background:color-mix(in srgb, currentColor 14%, transparent)">'
    '<div style="height:100%;border-radius:3px;width:{width:.1f}%;background:light-dark(#3B5BDB,#5474F0)"></div></div>'
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def draw_results(models: Path, network: Network, album: Album) -> None:
    classify_new(models, network, album)
    if network not in album.outputs:
        return
    _toolbar(network, album)
    _skipped(network, album)
    if album.outputs[network] == "margins":
        st.caption(
            "The scores of a linear SVM rank the classes; they are not probabilities. The longer the bar, the higher the score."
        )
    answered = in_order(network, album, _order() if len(album.images) > 1 else ADDED)
    draw_cards(network, album, [(image, answer) for image, answer in answered if answer.scores])
    with st.expander(f"All {counted(len(answered), 'file')} as a table"):
        st.dataframe(
            as_table(answered, album.outputs[network]),
            key="predict_table",
            hide_index=True,
            placeholder="",
            column_config=TABLE,
            alt="Every file with its prediction, or the reason why there is none.",
        )


def _order() -> str:
    """The chosen order of the images."""
    order: str = st.selectbox(
        "Order",
        ORDERS,
        key="predict_order",
        width=230,
        help="A prediction is doubtful if its second best class has nearly the score of the best.",
    )
    return order


def _toolbar(network: Network, album: Album) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Results as CSV",
            lambda: as_csv(network, album),
            f"predictions-{network.run_id}-{network.name}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="predict_csv",
        )
        navigation.link("run", "Open the run", run=network.run_id)
        st.button("Remove all images", icon=":material/delete:", key="predict_remove", on_click=images.remove_all)


def in_order(network: Network, album: Album, order: str) -> list[tuple[GivenImage, Answer]]:
    """The images with the answers of a network; those without a prediction come last."""
    said = ((image, album.answer(network, image)) for image in album.images)
    answered = sorted([(image, answer) for image, answer in said if answer], key=lambda one: not one[1].scores)
    if order == ADDED:
        return answered
    return sorted(answered, key=lambda one: (not one[1].scores, one[1].lead if order == DOUBTFUL else -one[1].lead))


def _skipped(network: Network, album: Album) -> None:
    answers = ((image.name, album.answer(network, image)) for image in album.images)
    images.left_out([(name, answer.reason) for name, answer in answers if answer and answer.reason], "left out")


def classify_new(models: Path, network: Network, album: Album) -> None:
    """Has a network classify the images it has not seen yet; predictions are kept, even if this is interrupted."""
    new = [image for image in album.images if album.answer(network, image) is None]
    if not new:
        return
    waiting = "" if service.pid(models) else "; the first prediction takes some seconds longer"
    bar = st.progress(0.0, text=f"Classifying {counted(len(new), 'image')}{waiting}")
    started = time.monotonic()
    try:
        for start in range(0, len(new), PORTION):
            _portion(models, network, album, new[start : start + PORTION])
            done = min(start + PORTION, len(new))
            left = (time.monotonic() - started) / done * (len(new) - done)
            bar.progress(done / len(new), text=f"{done} of {len(new)} images; about {duration(left)} left")
    except LabError as error:
        st.error(plain(error_text(error)), icon=":material/error:")
    bar.empty()


def error_text(error: LabError) -> str:
    """An error without the name of the argument it is about, which means nothing to a visitor."""
    if not isinstance(error, BadInput):
        return str(error)
    said = " ".join(str(replace(problem, path="")) for problem in error.problems)
    return said[:1].upper() + said[1:]


def _portion(models: Path, network: Network, album: Album, images: list[GivenImage]) -> None:
    files = [image.file for image in images]
    album.keep(network, service.predict(models, network.run_id, network.epoch, files))
    for image in images:
        make_thumbnail(image)


def draw_cards(network: Network, album: Album, shown: list[tuple[GivenImage, Answer]]) -> None:
    """All cards of classified images, a page at a time."""
    pages = -(-len(shown) // A_PAGE)
    page = st.pagination(pages, key="predict_page") if pages > 1 else 1
    with st.grid("auto", min_column_width=230, key="predict_cards"):
        for image, answer in shown[(page - 1) * A_PAGE : page * A_PAGE]:
            with st.container(border=True):
                _card(network, album, image, answer)


def _card(network: Network, album: Album, image: GivenImage, answer: Answer) -> None:
    output = album.outputs[network]
    name, score = answer.scores[0]
    if image.thumbnail.exists():
        with st.container(horizontal_alignment="center"):
            st.image(str(image.thumbnail), alt=f"{image.name}: {name}, {score_text(score, output)}")
    st.html(
        f'<div style="font-size:.8rem;opacity:.75;overflow-wrap:anywhere">{escape(image.name)}</div>'
        f'<div style="font-size:1.3rem;font-weight:600;overflow-wrap:anywhere">{escape(name)} '
        f'<span style="font-weight:400">{score_text(score, output)}</span></div>'
    )
    st.html(bars(answer.scores, output))
    for other, before in album.others(network, image)[-OTHERS:]:
        first, value = before.scores[0]
        which = f"{plain(other.title)}, {other.name if other.epoch is None else f'epoch {other.epoch}'}"
        said = plain(first) if first == name else f"**{plain(first)}**"
        st.caption(f"{which}: {said} {score_text(value, album.outputs[other])}")


def bars(scores: Scores, output: Output) -> str:
    """The best classes as bars with their scores in words, as HTML."""
    widths = _widths(scores, output)
    rows = (
        f"<li>{BAR.format(name=escape(name), score=score_text(score, output), width=width)}</li>"
        for (name, score), width in zip(scores, widths, strict=True)
    )
    return f'<ul aria-label="Most likely classes" style="list-style:none;margin:0;padding:0">{"".join(rows)}</ul>'


def score_text(score: float, output: Output) -> str:
    """A probability as percent; an SVM's margin as the score it is."""
    return f"score {score:.2f}" if output == "margins" else percent(score)


def _widths(scores: Scores, output: Output) -> list[float]:
    """Percent of the full length. Margins have no full scale: theirs reach from the lowest shown to the highest."""
    values = [score for _, score in scores]
    if output != "margins":
        return [100 * min(max(value, 0.0), 1.0) for value in values]
    span = max(values) - min(values)
    return [100 * (value - min(values)) / span if span else 100.0 for value in values]


def as_table(answered: Sequence[tuple[GivenImage, Answer]], output: Output) -> pd.DataFrame:
    """A row for each file, with its prediction or the reason why there is none."""
    rows = [(image.name, *_outcome(answer, output), answer.reason) for image, answer in answered]
    return pd.DataFrame(rows, columns=list(TABLE))


def _outcome(answer: Answer, output: Output) -> tuple[str, str, str, float | None]:
    """Best class, its score, second best class, the lead of the first over the second."""
    if not answer.scores:
        return "", "", "", None
    (best, score), second = answer.scores[0], answer.scores[1:2]
    return best, score_text(score, output), second[0][0] if second else "", answer.lead if second else None


def as_csv(network: Network, album: Album) -> bytes:
    """A row for each image: file, class_1, score_1, class_2 ..., and the reason if it was skipped; UTF-8 with a byte order mark for Excel."""
    answers = [(image, album.answer(network, image)) for image in album.images]
    said = [(image, answer) for image, answer in answers if answer]
    places = max((len(answer.scores) for _, answer in said), default=0)
    text = io.StringIO()
    rows = csv.writer(text)
    ranked = [name for place in range(1, places + 1) for name in (f"class_{place}", f"score_{place}")]
    rows.writerow(["file", *ranked, "skipped"])
    rows.writerows(_row(image, answer, places) for image, answer in said)
    return text.getvalue().encode("utf-8-sig")


def _row(image: GivenImage, answer: Answer, places: int) -> list[str]:
    cells = [cell for name, score in answer.scores for cell in (_harmless(name), f"{score:.6g}")]
    return [_harmless(image.name), *cells, *[""] * (2 * places - len(cells)), _harmless(answer.reason)]


def _harmless(text: str) -> str:
    """Names that a spreadsheet would take for a formula get an apostrophe in front: they may come from anywhere."""
    return f"'{text}" if text.startswith(_FORMULA) else text
