"""Small images of a dataset as addresses for HTML: an image is in the page itself, no address leads to a file."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

from PIL import Image

from tl_core.data.by_key import image_opener, version_of
from tl_core.data.dataset import Unreachable, Unreadable
from tl_core.data.grey import GreyRange

_KEPT = 1000
"""Images, and reasons why there is none, that are kept for all visitors; an image takes about five kB."""


def encoded(image: Image.Image, side: int) -> str:
    """An image as an address, with at most two pixels for one of a square of this side: screens may have as many."""
    file = io.BytesIO()
    small = image.copy()
    small.thumbnail((2 * side, 2 * side))
    small.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def address_of(source: str, grey_range: GreyRange, key: str, side: int) -> str:
    """The address of the image with this key; made anew where its file changed.

    Raises:
        BadInput: the source is gone.
        Unreadable: it has no such image (any more), or it cannot be read.
    """
    address, reason = _made(source, grey_range, key, side, version_of(source, key))
    if reason:
        raise Unreadable(reason)
    return address


@lru_cache(maxsize=_KEPT)
def _made(source: str, grey_range: GreyRange, key: str, side: int, _version: tuple[int, ...]) -> tuple[str, str]:
    """The address, or why there is none: what is broken is not read again and again.

    Raises:
        BadInput: see `address_of`.
        Unreachable: the file cannot be read now; that is not kept, for it may pass.
    """
    try:
        return encoded(image_opener(source, grey_range)(key), side), ""
    except Unreachable:
        raise
    except Unreadable as error:
        return "", str(error)
