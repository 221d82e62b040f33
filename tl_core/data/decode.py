"""Decodes an image file to RGB pixels, identically for training, preview and prediction.

Rules: EXIF orientation is applied; palette, grey and CMYK become RGB; 16-bit grey is scaled to 8 bits by a range (`tl_core.data.grey`;
Pillow's own conversion would clip it to white), 32-bit and floating-point grey by its own; transparency is composited on white; the first
frame of an animation is used.
"""

from __future__ import annotations

import io
import warnings
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

import numpy as np
import PIL
from PIL import Image, ImageOps, JpegImagePlugin

from tl_core.data import grey
from tl_core.data.dataset import Unreachable, Unreadable
from tl_core.data.grey import GreyRange
from tl_core.text import data_size

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""The formats that are opened: parsers of rare formats are the weak point of image libraries (a 284-byte BLP file allocates 641 MB).
HEIC is opened too if the package pillow-heif is installed."""

HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".webp", ".gif", ".bmp"}) | (
    {".tif", ".tiff", ".avif"} | HEIC_SUFFIXES
)

MAX_PIXELS = 64_000_000
"""Most pixels of an image that is decoded whole, which takes Pillow four bytes each (256 MB), and twice that to turn it upright."""

MAX_JPEG_PIXELS = 400_000_000
"""Most pixels of a JPEG: it is decoded at a half, quarter or eighth of its size, never to more than `MAX_REDUCED` pixels."""

MAX_REDUCED = 50_000_000

MAX_BYTES = 100_000_000

_NEEDS_PACKAGE = "HEIC, which needs the package pillow-heif (pip install pillow-heif)"

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}

_ANY_BRANDS = {b"mif1", b"msf1"}
"""The brands of HEIC and AVIF files alike; a list of brands follows."""

# Pillow warns about large images and odd metadata; the limit here is lower, and the other warnings are not actionable.
# Not `catch_warnings` around each image: it swaps the filters of the whole process, and images are decoded in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


class NoMemory(Unreachable):
    """There was not enough memory to decode an image; a later attempt may succeed."""


def open_rgb(file: Path | IO[bytes], grey_range: GreyRange = grey.DEFAULT) -> Image.Image:
    """The image in a file, upright, mode RGB, in its original size; a JPEG of more than `MAX_REDUCED` pixels in a half, quarter or eighth.

    Raises:
        Unreadable: empty, not an image, an unsupported format, too large, or broken.
        Unreachable: the file could not be read; NoMemory if memory was short.
    """
    try:
        with _opened(_content(file)) as image:
            _check_size(image)
            return to_rgb(image, grey_range)
    except Unreadable:
        raise
    except Image.DecompressionBombError:  # Pillow's own limit, which it checks before _check_size does.
        raise Unreadable(f"far too many pixels; {_at_most('')}") from None
    except Image.UnidentifiedImageError:
        raise Unreadable(f"not an image in a supported format ({', '.join(readable_formats())})") from None
    except MemoryError:
        raise NoMemory("needs more memory than is free") from None
    # Parsers raise almost anything on broken files: OSError, ValueError, TypeError, IndexError, SyntaxError
    # and more were observed; a list would miss the next one.
    except Exception as error:
        raise Unreadable(f"broken image ({type(error).__name__}: {error})") from error


def to_rgb(image: Image.Image, grey_range: GreyRange = grey.DEFAULT) -> Image.Image:
    """An opened image, upright and in mode RGB (see the rules above); may modify its argument."""
    image.seek(0)
    image.load()
    # In place, and below without `convert`: a needless copy takes a tenth of the decoding time.
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image, grey_range)
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


def libraries() -> tuple[str, str]:
    """The versions of what decodes images, which belong to the key of decoded images; the second is empty without pillow-heif."""
    return PIL.__version__, _heic_version()


def readable_formats() -> tuple[str, ...]:
    """The formats that are opened here."""
    return (*FORMATS, "HEIC") if _heic_version() else FORMATS


def unfit_name(name: str) -> str:
    """Why a file of this name is not opened in a dataset; empty if it is."""
    if is_heic_name(name) and not _heic_version():
        return _NEEDS_PACKAGE
    return "" if Path(name).suffix.lower() in SUFFIXES else "not the name of an image file"


def is_heic_name(name: str) -> bool:
    """True for the name of a HEIC file."""
    return Path(name).suffix.lower() in HEIC_SUFFIXES


@cache
def _heic_version() -> str:
    try:
        return version("pillow-heif")
    except PackageNotFoundError:
        return ""


@cache
def _register_heic() -> None:
    """Makes Pillow read HEIC. Called for the first such file: loading the package takes as long as decoding some images."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


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


def _opened(content: bytes) -> Image.Image:
    """The image in a file's content, its header read; a large JPEG set to be decoded at a reduced size."""
    if _is_heic(content):
        if not _heic_version():
            raise Unreadable(_NEEDS_PACKAGE)
        _register_heic()
        return Image.open(io.BytesIO(content), formats=("HEIF",))
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        if not content.startswith(b"\xff\xd8\xff"):
            raise
        # Pillow's limit is for images decoded whole: a phone's 200 megapixels are above it.
        image = JpegImagePlugin.jpeg_factory(io.BytesIO(content))
    if _is_reducible(image):
        _reduce(image)
    return image


def _is_heic(content: bytes) -> bool:
    if content[4:8] != b"ftyp":
        return False
    brands = content[16 : min(int.from_bytes(content[:4]), 256)]
    others = {brands[start : start + 4] for start in range(0, len(brands), 4)}
    return content[8:12] in _HEIC_BRANDS or (content[8:12] in _ANY_BRANDS and bool(others & _HEIC_BRANDS))


def _is_reducible(image: Image.Image) -> bool:
    """True for JPEG but progressive ones: their coefficients are all in memory before the first pixel, up to six bytes a pixel."""
    return image.format in ("JPEG", "MPO") and not image.info.get("progressive")


def _reduce(image: Image.Image) -> None:
    """Sets a large JPEG to be decoded at a half, quarter or eighth of its size, so that memory stays bounded."""
    width, height = image.size
    if width * height > MAX_JPEG_PIXELS:
        return
    factor = next(factor for factor in (1, 2, 4, 8) if width * height <= MAX_REDUCED * factor**2)
    if factor > 1:
        image.draft(None, (max(1, width // factor), max(1, height // factor)))


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        kind = "progressive JPEG" if image.info.get("progressive") else image.format or ""
        raise Unreadable(f"{image.width} x {image.height} pixels; {_at_most(kind)}")


def _at_most(kind: str) -> str:
    """The limit and its reason."""
    whole, reduced = MAX_PIXELS // 1_000_000, MAX_JPEG_PIXELS // 1_000_000
    if kind in ("JPEG", "MPO"):
        return f"at most {reduced} million of a JPEG are read, which keeps its decoding to seconds"
    because = f"a {kind} is" if kind else "most formats are"
    return (
        f"at most {whole} million are read, because {because} decoded whole, in up to {data_size(MAX_PIXELS * 8)} of memory; "
        f"save it as a plain JPEG ({reduced} million), or smaller"
    )


def _from_deep_grey(image: Image.Image, grey_range: GreyRange) -> Image.Image:
    values = np.asarray(image)
    if values.dtype.itemsize != 2:
        return Image.fromarray(grey.stretched(values)).convert("RGB")
    image = Image.fromarray(grey.to_8_bit(values, grey_range)).convert("RGB")
    image.info[grey.VALUES] = (int(values.min()), int(values.max()))
    return image
