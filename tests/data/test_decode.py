"""Every kind of file a camera, a scanner, a browser or a careless hand leaves in a folder: read right, or refused with a reason."""

from __future__ import annotations

import io
import struct
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.each import for_each
from tl_core.data import decode
from tl_core.data.dataset import Unreachable, Unreadable
from tl_core.data.decode import NoMemory, open_rgb, resized

pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore::PIL.Image.DecompressionBombWarning")

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def read(content):
    return open_rgb(io.BytesIO(content))


def quarters():
    """Four corners of four colours: every turn and mirror of it is another picture."""
    image = Image.new("RGB", (60, 40), RED)
    image.paste(GREEN, (30, 0, 60, 20))
    image.paste(BLUE, (0, 20, 30, 40))
    image.paste(WHITE, (30, 20, 60, 40))
    return image


def plain(mode, colour, size=(8, 6)):
    return Image.new(mode, size, colour)


def png_that_declares(width, height):
    """A valid PNG of a few bytes whose header claims a size; its pixels are not there."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def reason_for(content):
    with pytest.raises(Unreadable) as caught:
        read(content)
    return str(caught.value)


TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What a camera did to an upright picture before it wrote that EXIF orientation (1 to 8)."""


@for_each("orientation", TURNS)
@for_each("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_photo_taken_in_any_orientation_comes_out_upright(orientation, format):
    stored = quarters() if TURNS[orientation] is None else quarters().transpose(TURNS[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if format in ("JPEG", "WEBP", "AVIF") else {}

    upright = read(encoded(stored, format, exif=exif, **options))

    assert upright.size == quarters().size
    assert np.abs(np.asarray(upright, int) - np.asarray(quarters(), int)).mean() < 6


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"]
)
def test_a_photo_with_broken_exif_data_is_still_read(exif):
    assert read(encoded(quarters(), "JPEG", exif=exif)).size == (60, 40)


def palette_of_two_colours():
    image = plain("P", 0)
    image.putpalette([*RED, *BLUE])
    image.putpixel((3, 3), 1)
    return image


MODES = {
    "RGB PNG": (encoded(plain("RGB", (10, 20, 30)), "PNG"), (10, 20, 30)),
    "palette PNG": (encoded(palette_of_two_colours(), "PNG"), RED),
    "palette PNG, its colour made transparent": (encoded(palette_of_two_colours(), "PNG", transparency=0), WHITE),
    "palette PNG, half transparent": (
        encoded(palette_of_two_colours(), "PNG", transparency=b"\x80\xff"),
        (255, 127, 127),
    ),
    "grey PNG": (encoded(plain("L", 77), "PNG"), (77, 77, 77)),
    "grey PNG, its grey made transparent": (encoded(plain("L", 77), "PNG", transparency=77), WHITE),
    "grey JPEG": (encoded(plain("L", 77), "JPEG"), (77, 77, 77)),
    "grey and alpha, opaque": (encoded(plain("LA", (50, 255)), "PNG"), (50, 50, 50)),
    "grey and alpha, clear": (encoded(plain("LA", (50, 0)), "PNG"), WHITE),
    "RGBA, opaque": (encoded(plain("RGBA", (1, 2, 3, 255)), "PNG"), (1, 2, 3)),
    "RGBA, clear": (encoded(plain("RGBA", (1, 2, 3, 0)), "PNG"), WHITE),
    "RGBA, half clear black": (encoded(plain("RGBA", (0, 0, 0, 128)), "PNG"), (127, 127, 127)),
    "RGB PNG, its colour made transparent": (encoded(plain("RGB", RED), "PNG", transparency=RED), WHITE),
    "RGBA WebP, clear": (encoded(plain("RGBA", (1, 2, 3, 0)), "WEBP", lossless=True), WHITE),
    "one bit, white": (encoded(plain("1", 1), "PNG"), WHITE),
    "one bit, black": (encoded(plain("1", 0), "PNG"), (0, 0, 0)),
    "CMYK JPEG, cyan": (encoded(plain("CMYK", (255, 0, 0, 0)), "JPEG", quality=100), (0, 255, 255)),
    "CMYK JPEG, no ink": (encoded(plain("CMYK", (0, 0, 0, 0)), "JPEG", quality=100), WHITE),
    "YCbCr JPEG": (encoded(plain("RGB", (200, 100, 50)), "JPEG", quality=100), (200, 100, 50)),
    "BMP": (encoded(plain("RGB", (9, 8, 7)), "BMP"), (9, 8, 7)),
    "GIF": (encoded(plain("RGB", RED), "GIF"), RED),
    "TIFF": (encoded(plain("RGB", (9, 8, 7)), "TIFF"), (9, 8, 7)),
    "TIFF, compressed": (encoded(plain("RGB", (9, 8, 7)), "TIFF", compression="tiff_lzw"), (9, 8, 7)),
    "TIFF, CMYK": (encoded(plain("CMYK", (255, 0, 0, 0)), "TIFF"), (0, 255, 255)),
    "TIFF, RGBA, clear": (encoded(plain("RGBA", (1, 2, 3, 0)), "TIFF"), WHITE),
    "AVIF": (encoded(plain("RGB", (200, 100, 50)), "AVIF", quality=100), (200, 100, 50)),
    "AVIF, clear": (encoded(plain("RGBA", (1, 2, 3, 0)), "AVIF", quality=100), WHITE),
}


@for_each("content, colour", MODES.values(), ids=MODES)
def test_every_kind_of_pixel_becomes_rgb_on_white(content, colour):
    image = read(content)
    assert (image.mode, image.size) == ("RGB", (8, 6))
    assert np.abs(np.array(image.getpixel((0, 0))) - colour).max() <= 2


@pytest.mark.parametrize("deep, expected", [(0, 0), (32768, 128), (65535, 255), (257 * 40, 40)])
def test_sixteen_bit_grey_keeps_its_brightness(deep, expected):
    content = encoded(Image.fromarray(np.full((6, 8), deep, np.uint16)), "PNG")
    assert read(content).getpixel((2, 2)) == (expected,) * 3


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(format):
    frames = [plain("RGB", colour) for colour in (RED, GREEN, BLUE)]
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}}.get(format, {})
    content = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=50, **options)
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert read(content).getpixel((0, 0)) == pytest.approx(RED, abs=2)


def test_of_a_stereo_photo_the_first_picture_is_taken():
    content = encoded(plain("RGB", (200, 0, 0)), "MPO", save_all=True, append_images=[plain("RGB", BLUE)])
    red, _, blue = read(content).getpixel((0, 0))
    assert red > 190
    assert blue < 10


@pytest.mark.parametrize("name", ["photo.png", "photo.JPG", "photo", "photo.gif"])
def test_a_file_is_known_by_its_content_not_by_its_name(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(encoded(plain("RGB", (200, 100, 50)), "JPEG", quality=100))
    assert open_rgb(file).getpixel((0, 0)) == pytest.approx((200, 100, 50), abs=2)


LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
APPLE_DOUBLE = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        " + b"\0" * 60
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><rect width='9' height='9'/></svg>"


@pytest.mark.parametrize(
    "content", [b"hello, this is text", LFS_POINTER, APPLE_DOUBLE, SVG, b"<html></html>", b"\0" * 4096, b"\xff\xd8\xff"]
)
def test_what_is_no_image_is_refused_with_the_kinds_that_are_read(content):
    assert "JPEG, PNG, WEBP, GIF, BMP" in reason_for(content)


@pytest.mark.parametrize("format", ["ICO", "PPM", "TGA", "PCX", "JPEG2000", "BLP", "DDS", "EPS", "PDF", "ICNS"])
def test_rare_formats_are_not_opened_whatever_they_are_named(tmp_path, format):
    image = plain("P" if format == "BLP" else "RGB", 0, (32, 32))
    try:
        image.save(tmp_path / "original", format)
    except OSError:
        pytest.skip(f"this Pillow cannot write {format}")
    file = (tmp_path / "original").rename(tmp_path / "photo.jpg")
    with pytest.raises(Unreadable, match="not an image in a supported format"):
        open_rgb(file)


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(Unreadable, match="empty file"):
        open_rgb(tmp_path / "photo.jpg")


@pytest.mark.parametrize("format", decode.FORMATS)
def test_a_truncated_file_is_called_broken(format):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    content = encoded(noise, format)
    assert reason_for(content[: len(content) // 2])


def test_a_truncated_jpeg_says_that_it_is_truncated():
    content = encoded(quarters(), "JPEG")
    assert "broken image" in (reason := reason_for(content[:-200]))
    assert "truncated" in reason


@pytest.mark.parametrize("width, height", [(10_000, 6_401), (12_000, 9_000), (60_000, 60_000), (64_000_001, 1)])
def test_a_picture_that_declares_too_many_pixels_is_refused_before_it_is_decoded(width, height):
    tracemalloc.start()
    reason = reason_for(png_that_declares(width, height))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "at most 64 million are read" in reason
    assert peak < 5_000_000


def test_a_picture_of_just_the_allowed_number_of_pixels_is_not_called_too_large(monkeypatch):
    monkeypatch.setattr(decode, "MAX_PIXELS", 48)
    assert read(encoded(plain("RGB", RED), "PNG")).size == (8, 6)
    monkeypatch.setattr(decode, "MAX_PIXELS", 47)
    assert "8 x 6 pixels" in reason_for(encoded(plain("RGB", RED), "PNG"))


def test_a_file_of_too_many_bytes_is_refused_and_not_read_to_its_end(tmp_path, monkeypatch):
    file = tmp_path / "photo.jpg"
    with file.open("wb") as opened:
        opened.write(encoded(quarters(), "JPEG"))
        opened.truncate(40_000_000_000)  # sparse: takes no room
    monkeypatch.setattr(decode, "MAX_BYTES", 1_000_000)
    with pytest.raises(Unreadable, match="larger than 1 MB"):
        open_rgb(file)


def test_a_file_that_is_gone_is_told_from_one_that_is_broken(tmp_path):
    with pytest.raises(Unreachable, match="cannot be read"):
        open_rgb(tmp_path / "gone.jpg")
    with pytest.raises(Unreachable, match="cannot be read"):
        open_rgb(tmp_path)


def test_a_picture_the_memory_has_no_room_for_is_told_from_one_that_is_broken(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(decode, "to_rgb", full)
    with pytest.raises(NoMemory, match="more memory than is free"):
        read(encoded(quarters(), "PNG"))


@pytest.mark.parametrize(
    "error", [ValueError, TypeError, IndexError, SyntaxError, NotImplementedError, KeyError, OSError]
)
def test_whatever_a_parser_stumbles_over_nothing_but_unreadable_escapes(monkeypatch, error):
    def stumble(*_, **__):
        raise error("parser")

    monkeypatch.setattr(ImageOps, "exif_transpose", stumble)
    assert f"broken image ({error.__name__}: " in reason_for(encoded(quarters(), "PNG"))


@pytest.mark.parametrize("format", decode.FORMATS)
def test_damaged_bytes_never_raise_anything_but_unreadable(format):
    original = encoded(quarters(), format)
    random = np.random.default_rng(5)
    refused = 0
    for _ in range(150):
        content = bytearray(original)
        for place in random.integers(0, len(content), random.integers(1, 30)):
            content[place] = random.integers(0, 256)
        try:
            assert read(bytes(content)).mode == "RGB"
        except Unreadable as error:
            assert str(error)
            refused += 1
    assert refused  # or the damage was none


def test_decoding_in_threads_leaves_the_warning_filters_of_the_process_alone():
    content, before = encoded(quarters(), "JPEG"), list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, [content] * 200))
    assert warnings.filters == before


def heic(image, **options):
    pytest.importorskip("pillow_heif").register_heif_opener()
    return encoded(image, "HEIF", **options)


def test_heic_is_read_with_the_package_whatever_the_file_is_named(tmp_path):
    for name in ("photo.heic", "photo.jpg"):
        (tmp_path / name).write_bytes(heic(plain("RGB", (200, 100, 50), (64, 48)), quality=95))
        image = open_rgb(tmp_path / name)
        assert image.size == (64, 48)
        assert image.getpixel((9, 9)) == pytest.approx((200, 100, 50), abs=6)


def test_a_heic_photo_taken_in_portrait_comes_out_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = read(heic(quarters().transpose(TURNS[6]), quality=95, exif=exif.tobytes()))
    assert upright.size == quarters().size
    assert np.abs(np.asarray(upright, int) - np.asarray(quarters(), int)).mean() < 12


HEIC_HEADER = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
AVIF_HEADER = b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif" + bytes(200)


def test_a_broken_heic_is_called_broken():
    pytest.importorskip("pillow_heif")
    assert "supported format" in reason_for(HEIC_HEADER)


def test_without_the_package_a_heic_is_said_to_need_it_and_no_other_file_is(monkeypatch):
    monkeypatch.setattr(decode, "_heic_version", lambda: "")
    assert "needs the package pillow-heif" in reason_for(HEIC_HEADER)
    assert "needs the package pillow-heif" in decode.unfit_name("IMG_1.HEIC")
    assert "pillow-heif" not in reason_for(AVIF_HEADER)
    assert not decode.unfit_name("photo.avif")
    assert decode.unfit_name("notes.txt") == "not the name of an image file"


def test_the_key_of_decoded_images_depends_on_the_package(monkeypatch):
    before = decode.libraries()
    monkeypatch.setattr(decode, "_heic_version", lambda: "0")
    assert decode.libraries() != before


class TestALargeJpeg:
    @pytest.fixture(autouse=True)
    def small_limits(self, monkeypatch):
        monkeypatch.setattr(decode, "MAX_REDUCED", 1_000)
        monkeypatch.setattr(decode, "MAX_PIXELS", 2_000)
        monkeypatch.setattr(decode, "MAX_JPEG_PIXELS", 64_000)

    @pytest.mark.parametrize("factor, size", [(1, (30, 20)), (2, (60, 40)), (4, (120, 80)), (8, (240, 160))])
    def test_is_decoded_at_a_half_a_quarter_or_an_eighth(self, factor, size):
        whole = quarters().resize(size, Image.Resampling.NEAREST)
        image = read(encoded(whole, "JPEG", quality=95))
        assert image.size == (size[0] // factor, size[1] // factor)
        assert np.abs(np.asarray(image, int) - np.asarray(whole.resize(image.size), int)).mean() < 20

    def test_is_turned_upright_as_a_small_one(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        content = encoded(quarters().transpose(TURNS[6]), "JPEG", exif=exif, quality=95)
        assert read(content).size == (30, 20)

    def test_is_read_beyond_the_limit_of_pillow_for_images_decoded_whole(self, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
        assert read(encoded(quarters(), "JPEG")).size == (30, 20)
        assert "far too many pixels" in reason_for(encoded(quarters(), "PNG"))

    def test_beyond_its_own_limit_is_refused_with_the_reason(self):
        assert "keeps its decoding to seconds" in reason_for(encoded(plain("RGB", RED, (400, 200)), "JPEG"))

    @pytest.mark.parametrize("format, kind", [("JPEG", "progressive JPEG"), ("PNG", "PNG"), ("TIFF", "TIFF")])
    def test_of_a_kind_that_is_decoded_whole_is_refused_with_the_reason_and_a_remedy(self, format, kind):
        options = {"progressive": True} if format == "JPEG" else {}
        reason = reason_for(encoded(quarters(), format, **options))
        assert f"because a {kind} is decoded whole" in reason
        assert "plain JPEG" in reason


class TestResized:
    def test_gives_a_square_of_bytes(self):
        pixels = resized(quarters(), 24)
        assert (pixels.shape, pixels.dtype) == ((24, 24, 3), np.uint8)
        assert [tuple(pixels[y, x]) for y, x in [(2, 2), (2, 21), (21, 2), (21, 21)]] == [RED, GREEN, BLUE, WHITE]

    def test_leaves_an_image_of_that_size_as_it_is(self):
        image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8))
        assert np.array_equal(resized(image, 16), np.asarray(image))

    def test_averages_fine_detail_instead_of_dropping_it(self):
        board = Image.fromarray((np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)).convert("RGB")
        assert np.abs(resized(board, 32).astype(int) - 127).max() <= 2

    def test_reads_a_line_of_one_pixel(self):
        assert resized(plain("RGB", BLUE, (5000, 1)), 32).reshape(-1, 3).tolist() == [list(BLUE)] * 1024
