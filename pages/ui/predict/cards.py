"""What a network says of each picture: a card with the picture, the best class, and bars."""

from __future__ import annotations

from html import escape

import streamlit as st

from pages.ui.predict.album import Album, Answer, Picture, Scores
from pages.ui.predict.networks import Network
from pages.ui.text import percent, plain
from tl_core.service import Output

A_PAGE = 24
OTHERS = 3
"""Other networks quoted on a card."""

BAR = (
    '<div style="display:flex;justify-content:space-between;gap:.75rem;font-size:.85rem;line-height:1.5">'
    '<span style="overflow-wrap:anywhere">{name}</span><span style="white-space:nowrap">{score}</span></div>'
    '<div aria-hidden="true" style="height:6px;border-radius:3px;margin-bottom:.35rem;'
    'background:color-mix(in srgb, currentColor 14%, transparent)">'
    '<div style="height:100%;border-radius:3px;width:{width:.1f}%;background:light-dark(#3B5BDB,#5474F0)"></div></div>'
)


def draw(network: Network, album: Album) -> None:
    """All cards of readable pictures, a page at a time."""
    said = [(picture, album.answer(network, picture)) for picture in album.pictures]
    shown = [(picture, answer) for picture, answer in said if answer and answer.scores]
    pages = -(-len(shown) // A_PAGE)
    page = st.pagination(pages, key="predict_page") if pages > 1 else 1
    with st.grid("auto", min_column_width=230, key="predict_cards"):
        for picture, answer in shown[(page - 1) * A_PAGE : page * A_PAGE]:
            with st.container(border=True):
                _card(network, album, picture, answer)


def _card(network: Network, album: Album, picture: Picture, answer: Answer) -> None:
    output = album.outputs[network]
    name, score = answer.scores[0]
    if picture.thumbnail.exists():
        with st.container(horizontal_alignment="center"):
            st.image(str(picture.thumbnail), alt=f"{picture.name}: {name}, {in_words(score, output)}")
    st.html(
        f'<div style="font-size:.8rem;opacity:.75;overflow-wrap:anywhere">{escape(picture.name)}</div>'
        f'<div style="font-size:1.3rem;font-weight:600;overflow-wrap:anywhere">{escape(name)} '
        f'<span style="font-weight:400">{in_words(score, output)}</span></div>'
    )
    st.html(bars(answer.scores, output))
    for other, before in album.others(network, picture)[-OTHERS:]:
        first, value = before.scores[0]
        which = f"{plain(other.title)}, {other.name if other.epoch is None else f'epoch {other.epoch}'}"
        said = plain(first) if first == name else f"**{plain(first)}**"
        st.caption(f"{which}: {said} {in_words(value, album.outputs[other])}")


def bars(scores: Scores, output: Output) -> str:
    """The best classes as bars with their scores in words, as HTML."""
    widths = _widths(scores, output)
    rows = (
        f"<li>{BAR.format(name=escape(name), score=in_words(score, output), width=width)}</li>"
        for (name, score), width in zip(scores, widths, strict=True)
    )
    return f'<ul aria-label="Most likely classes" style="list-style:none;margin:0;padding:0">{"".join(rows)}</ul>'


def in_words(score: float, output: Output) -> str:
    """A probability as percent; an SVM's margin as the score it is."""
    return f"score {score:.2f}" if output == "margins" else percent(score)


def _widths(scores: Scores, output: Output) -> list[float]:
    """Percent of the full length. Margins have no full scale: theirs reach from the lowest shown to the highest."""
    values = [score for _, score in scores]
    if output != "margins":
        return [100 * min(max(value, 0.0), 1.0) for value in values]
    span = max(values) - min(values)
    return [100 * (value - min(values)) / span if span else 100.0 for value in values]
