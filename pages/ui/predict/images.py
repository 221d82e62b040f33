"""The images you give, dropped, chosen or taken with the camera, and the predictions for them, in a temporary folder for your visit."""

from __future__ import annotations

import re
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import streamlit as st

from pages.ui.markdown import plain
from pages.ui.predict.network_picker import Network, into_address
from tl_core.data import decode
from tl_core.data.dataset import Unreadable
from tl_core.service import Output, Predictions
from tl_core.store import is_alive, this_process
from tl_core.text import counted, data_size, joined

MOST = 200
"""Images at a time."""

MOST_BYTES = 1_000_000_000

LISTED = 50
"""Files without a prediction that are listed on the page; the table and the CSV file have all."""

THUMBNAIL = 256
"""Pixels of the longer side; so cards are about as high as each other, and not a whole screen on a phone."""

_PREFIX = "tl-lab-"

Scores = tuple[tuple[str, float], ...]

ALBUM, TURN = "predict_album", "predict_turn"

PRIVACY = (
    "Images stay on the machine that runs TL Lab: they are kept in a temporary folder until you remove them or leave, "
    "and go nowhere else."
)


@dataclass(frozen=True)
class GivenImage:
    """One image: a file under a generated name, and its original name."""

    file: Path
    name: str
    bytes: int

    @property
    def thumbnail(self) -> Path:
        """There once `make_thumbnail` could read the image."""
        return self.file.with_suffix(".jpg")


@dataclass(frozen=True)
class Answer:
    """The prediction of a network for an image: classes with scores, the best first; or why there is none."""

    scores: Scores = ()
    reason: str = ""

    @property
    def lead(self) -> float:
        """By how much the best class leads the second: the less, the more doubtful the prediction (margin sampling, Scheffer et al. 2001)."""
        return self.scores[0][1] - self.scores[1][1] if len(self.scores) > 1 else float("inf")


def remove_leftovers() -> None:
    """Removes the images of dashboards that were ended before they could: they are their visitors' own."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        named = re.match(rf"{_PREFIX}(\d+)-(\d+)-", folder.name)
        if named and not is_alive(int(named[1]), int(named[2]) + 0.5):
            shutil.rmtree(folder, ignore_errors=True)  # Another user's cannot be removed, and need not be.


def _new_folder() -> tempfile.TemporaryDirectory[str]:
    remove_leftovers()
    process = this_process()
    return tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{process['pid']}-{int(process['process_started'])}-")


@dataclass
class Album:
    """Its folder is removed with it, when the visit ends.

    Attributes:
        refused: (name, reason) of what was refused, of the last images given.
        outputs: What the scores of a network are.
    """

    folder: tempfile.TemporaryDirectory[str] = field(default_factory=_new_folder)
    images: list[GivenImage] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[Network, dict[Path, Answer]] = field(default_factory=dict)
    outputs: dict[Network, Output] = field(default_factory=dict)

    def take(self, given: Iterable[tuple[str, IO[bytes], int]]) -> None:
        """Writes images to the disk: (name, content, bytes) of each. Those that are too many are refused."""
        self.refused = []
        taken = sum(image.bytes for image in self.images)
        for name, content, size in given:
            if len(self.images) >= MOST:
                self.refused.append((name, f"at most {MOST} images at a time"))
            elif taken + size > MOST_BYTES:
                self.refused.append((name, f"more than {data_size(MOST_BYTES)} together"))
            else:
                self.images.append(self._written(name, content, size))
                taken += size

    def keep(self, network: Network, made: Predictions) -> None:
        """Keeps the predictions of a network."""
        answers = self.answers.setdefault(network, {})
        answers.update({Path(file): Answer(scores) for file, scores in made.predictions})
        answers.update({Path(file): Answer(reason=reason) for file, reason in made.skipped})
        self.outputs[network] = made.output

    def answer(self, network: Network, image: GivenImage) -> Answer | None:
        return self.answers.get(network, {}).get(image.file)

    def others(self, network: Network, image: GivenImage) -> list[tuple[Network, Answer]]:
        """The predictions of other networks for an image."""
        said = ((other, answers.get(image.file)) for other, answers in self.answers.items() if other != network)
        return [(other, answer) for other, answer in said if answer and answer.scores]

    def clear(self) -> None:
        """Removes every image, from the disk too."""
        self.folder.cleanup()

    def _written(self, name: str, content: IO[bytes], size: int) -> GivenImage:
        file = Path(self.folder.name) / uuid.uuid4().hex
        with file.open("wb") as target:
            shutil.copyfileobj(content, target)
        return GivenImage(file, name, size)


def make_thumbnail(image: GivenImage) -> None:
    """Writes a small copy, upright; nothing if the image cannot be read."""
    if image.thumbnail.exists():
        return
    try:
        thumbnail = decode.open_rgb(image.file, "image")  # 12 bits in a 16-bit file would be nearly black.
    except Unreadable:  # The network says why it was skipped.
        return
    thumbnail.thumbnail((THUMBNAIL, THUMBNAIL))
    thumbnail.save(image.thumbnail, "JPEG", quality=85)


def take_images() -> Album:
    """Your images, including those just added."""
    album: Album = st.session_state.setdefault(ALBUM, Album())
    # Streamlit holds what was uploaded in memory for as long as its widget knows of it; the next turn's widget does not.
    turn = st.session_state.setdefault(TURN, 0)
    # Without `type`: the browser would drop files of other kinds, and what it says about them would go with this turn's widget.
    st.file_uploader(
        f"Images (up to {MOST})",
        accept_multiple_files=True,
        key=f"predict_files_{turn}",
        on_change=_take,
        args=(f"predict_files_{turn}",),
        help=f"{joined(decode.readable_formats(), 'or')}, up to {data_size(decode.MAX_BYTES)} each. Add more at any time. "
        "Files of other kinds are listed with the reason why they are left out.",
    )
    if st.toggle("Take a photo", key="predict_camera", help="Your browser asks for permission to use the camera."):
        st.camera_input(
            "Photo", key=f"predict_photo_{turn}", on_change=_take, args=(f"predict_photo_{turn}",), width=480
        )
    st.caption(f":material/lock: {PRIVACY}")
    left_out(album.refused, "not added")
    return album


def left_out(files: Sequence[tuple[str, str]], what: str) -> None:
    """Lists files, (name, reason), that have no prediction."""
    if not files:
        return
    lines = [f"- {plain(name)}: {plain(reason)}" for name, reason in files[:LISTED]]
    more = [f"- and {len(files) - LISTED:,} more"] if len(files) > LISTED else []
    st.warning(
        "\n".join([*lines, *more]), title=f"{counted(len(files), 'file')} {what}", icon=":material/broken_image:"
    )


def remove_all() -> None:
    """Removes all images and their predictions."""
    st.session_state.pop(ALBUM).clear()


def _take(key: str) -> None:
    found = st.session_state.get(key)
    files: Sequence[Any] = found if isinstance(found, list) else [found] if found else []
    if not files:
        return
    photos = sum(image.name.startswith("Photo ") for image in st.session_state[ALBUM].images)
    taken = [(_name(file.name, key, photos + 1), file, file.size) for file in files]
    st.session_state[ALBUM].take(taken)
    st.session_state[TURN] += 1
    into_address()


def _name(name: str, key: str, number: int) -> str:
    return f"Photo {number}" if key.startswith("predict_photo") else name
