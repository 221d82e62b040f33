"""The answers as a table to take along."""

from __future__ import annotations

import csv
import io

from pages.ui.predict.album import Album, Answer, Picture
from pages.ui.predict.networks import Network

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(network: Network, album: Album) -> bytes:
    """A row for each picture: file, class_1, score_1, class_2 ..., and the reason where it was skipped; UTF-8 with a mark for Excel."""
    answers = [(picture, album.answer(network, picture)) for picture in album.pictures]
    said = [(picture, answer) for picture, answer in answers if answer]
    places = max((len(answer.scores) for _, answer in said), default=0)
    text = io.StringIO()
    rows = csv.writer(text)
    ranked = [name for place in range(1, places + 1) for name in (f"class_{place}", f"score_{place}")]
    rows.writerow(["file", *ranked, "skipped"])
    rows.writerows(_row(picture, answer, places) for picture, answer in said)
    return text.getvalue().encode("utf-8-sig")


def _row(picture: Picture, answer: Answer, places: int) -> list[str]:
    cells = [cell for name, score in answer.scores for cell in (_harmless(name), f"{score:.6g}")]
    return [_harmless(picture.name), *cells, *[""] * (2 * places - len(cells)), _harmless(answer.reason)]


def _harmless(text: str) -> str:
    """Names that a spreadsheet would take for a formula get an apostrophe in front: they may come from anywhere."""
    return f"'{text}" if text.startswith(_FORMULA) else text
