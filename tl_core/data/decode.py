"""Decodes an image file to RGB pixels, identically for training, preview and prediction.

Rules: EXIF orientation is applied; palette, grey and CMYK become RGB; 16-bit grey is scaled to its upper 8 bits (Pillow's own
conversion would clip it to white); transparency is composited on white; the first frame of an animation is used.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from tl_core.data.dataset import Unreachable, Unreadable
from tl_core.text import data_size

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""The formats that are opened: parsers of rare formats are the weak point of image libraries (a 284-byte BLP file allocates 641 MB)."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp"})

MAX_PIXELS = 50_000_000
"""Larger images are refused before they are decoded (150 MB as RGB)."""

_AT_MOST = f"at most {MAX_PIXELS // 1_000_000} million are read"

MAX_BYTES = 100_000_000

# Pillow warns about large images and odd metadata; the limit here is lower, and the other warnings are not actionable.
# Not `catch_warnings` around each image: it swaps the filters of the whole process, and images are decoded in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


class NoMemory(Unreachable):
    """There was not enough memory to decode an image; a later attempt may succeed."""


def open_rgb(file: Path | IO[bytes]) -> Image.Image:
    """The image in a file, upright, mode RGB, in its original size.

    Raises:
        Unreadable: empty, not an image, an unsupported format, too large, or broken.
        Unreachable: the file could not be read; NoMemory if memory was short.
    """
    try:
        with Image.open(io.BytesIO(_content(file)), formats=FORMATS) as image:
            _check_size(image)
            return to_rgb(image)
    except Unreadable:
        raise
    except Image.DecompressionBombError:  # Pillow's own limit, which it checks before _check_size does.
        raise Unreadable(f"far too many pixels; {_AT_MOST}") from None
    except Image.UnidentifiedImageError:
        raise Unreadable(f"not an image in a supported format ({', '.join(FORMATS)})") from None
    except MemoryError:
        raise NoMemory("needs more memory than is free") from None
    # Parsers raise almost anything on broken files: OSError, ValueError, TypeError, IndexError, SyntaxError
    # and more were observed; a list would miss the next one.
    except Exception as error:
        raise Unreadable(f"broken image ({type(error).__name__}: {error})") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """An opened image, upright and in mode RGB (see the rules above); may modify its argument."""
    image.seek(0)
    image.load()
    # In place, and below without `convert`: a needless copy takes a tenth of the decoding time.
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def resized(image: Image.Image, size: int) -> np.ndarray:
    """An RGB image as uint8 pixels 0..255 of shape (size, size, 3): resized to a square, bilinear with antialiasing."""
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(image, dtype=np.uint8)


def _content(file: Path | IO[bytes]) -> bytes:
    try:
        if isinstance(file, Path):
            with file.open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
        else:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreachable(f"cannot be read ({error.strerror or error})") from error
    if not content:
        raise Unreadable("empty file")
    if len(content) > MAX_BYTES:
        raise Unreadable(f"file larger than {data_size(MAX_BYTES)}")
    return content


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Unreadable(f"{image.width} x {image.height} pixels; {_AT_MOST}")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        low, high = float(values.min()), float(values.max())
        values = (values - low) / max(high - low, 1e-12) * 255
    else:
        values = values / 257  # 65535 / 257 == 255
    return Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
