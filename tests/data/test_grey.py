"""Grey images of more than 8 bits: read by a range, and the values that were found are said."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.each import for_each
from tl_core.data import grey
from tl_core.data.decode import open_rgb
from tl_core.data.folder import load
from tl_core.data.grey import GreyValues, described, range_warnings
from tl_core.data.pixels import is_cached, pixels
from tl_core.data.prepare import describe, prepare, sample_warnings
from tl_core.experiment.spec import DataSpec


def quiet(*_):
    pass


def deep(values, format="PNG"):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, format)
    return io.BytesIO(stream.getvalue())


def ramp(top):
    """16-bit values from 0 to `top`, 64 of them."""
    return np.linspace(0, top, 64).astype(np.uint16).reshape(8, 8)


def grey_levels(content, grey_range):
    return np.asarray(open_rgb(content, grey_range))[..., 0]


@pytest.fixture
def microscope(tmp_path):
    """Two classes of 12-bit images in 16-bit files, 100 to about 2,900."""
    random = np.random.default_rng(0)
    for kind, top in (("long", 2000), ("round", 2900)):
        (tmp_path / "cells" / kind).mkdir(parents=True)
        for number in range(5):
            values = random.integers(100, 300, (40, 40)).astype(np.uint16)
            values[10:20, 10:30] = top
            Image.fromarray(values).save(tmp_path / "cells" / kind / f"{number}.png")
    return tmp_path / "cells"


RANGES = {"16-bit": 65535, "14-bit": 16383, "12-bit": 4095, "10-bit": 1023, "8-bit": 255}


@for_each("grey_range, top", RANGES.items())
@for_each("format", ["PNG", "TIFF"])
def test_a_range_of_some_bits_maps_its_values_to_all_grey_levels(grey_range, top, format):
    levels = grey_levels(deep(ramp(top), format), grey_range)
    expected = np.floor(ramp(top).astype(float) / top * 255 + 0.5)
    assert np.array_equal(levels, expected)


def test_values_beyond_the_range_are_white():
    assert grey_levels(deep(np.full((4, 4), 5000, np.uint16)), "12-bit").tolist() == [[255] * 4] * 4


def test_the_range_of_the_image_itself_goes_from_black_to_white():
    levels = grey_levels(deep(ramp(100) + np.uint16(700)), "image")
    assert (levels.min(), levels.max()) == (0, 255)


def test_an_image_of_one_value_is_read_in_every_range():
    for grey_range in (*RANGES, "image"):
        assert len(np.unique(grey_levels(deep(np.full((4, 4), 300, np.uint16)), grey_range))) == 1


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_floating_point_and_32_bit_grey_is_stretched_from_its_lowest_to_its_highest_value(kind):
    levels = grey_levels(deep(np.array([[-500, 0], [250, 1500]], kind), "TIFF"), "16-bit")
    assert levels.tolist() == [[0, 64], [96, 255]]


def test_values_that_are_no_numbers_do_not_spoil_the_others():
    levels = grey_levels(deep(np.array([[0, np.nan], [np.inf, 10]], np.float32), "TIFF"), "16-bit")
    assert levels.tolist() == [[0, 0], [255, 255]]


@for_each("grey_range", [*RANGES, "image"])
def test_eight_bit_images_are_the_same_in_every_range(grey_range):
    noise = np.random.default_rng(1).integers(0, 256, (16, 16), dtype=np.uint8)
    assert np.array_equal(grey_levels(deep(noise), grey_range), noise)


class TestWhatIsSaid:
    def test_names_the_values_the_levels_left_and_the_range_that_fits(self):
        (said,) = range_warnings(GreyValues(20, 178, 2923), "16-bit")
        assert "20 images with 16 bits of grey are 178 to 2,923." in said
        assert "only 12 of 256 grey levels are left. Set data.grey_range to 12-bit." in said

    def test_warns_of_clipped_values(self):
        (said,) = range_warnings(GreyValues(20, 0, 9000), "12-bit")
        assert "everything above 4,095 is white" in said
        assert "14-bit" in said

    def test_is_nothing_where_the_range_fits(self):
        assert range_warnings(GreyValues(20, 0, 4095), "12-bit") == ()
        assert range_warnings(GreyValues(20, 0, 30000), "16-bit") == ()
        assert range_warnings(GreyValues(20, 5, 90), "image") == ()
        assert range_warnings(None, "16-bit") == ()


class TestADataset:
    def test_of_12_bit_images_keeps_its_classes_apart_in_the_range_that_fits(self, microscope, tmp_path):
        dataset = load(str(microscope), f"folder:{microscope}")
        wide = pixels(dataset, 32, tmp_path, quiet)
        fitting = pixels(replace(dataset, grey_range="12-bit"), 32, tmp_path, quiet)
        assert len(np.unique(wide.images)) < 15
        assert fitting.images.max() - fitting.images.min() > 160

    def test_has_other_pixels_in_the_cache_for_each_range(self, microscope, tmp_path):
        dataset = load(str(microscope), f"folder:{microscope}")
        pixels(dataset, 32, tmp_path, quiet)
        assert is_cached(dataset, 32, tmp_path)
        assert not is_cached(replace(dataset, grey_range="12-bit"), 32, tmp_path)

    def test_says_the_values_found_in_all_its_images_also_when_they_come_from_the_cache(self, microscope, tmp_path):
        data = DataSpec(source=f"folder:{microscope}")
        for _ in range(2):
            prepared = prepare(data, 32, tmp_path, quiet)
            assert prepared.pixels.grey == GreyValues(10, prepared.pixels.grey.low, 2900)
            report = describe(prepared, data)
            assert report["grey"] == f"{described(prepared.pixels.grey)} Read as 16-bit."
            assert any("data.grey_range to 12-bit" in said for said in report["remarks"])

    def test_is_sampled_before_it_is_decoded(self, microscope):
        dataset = load(str(microscope), f"folder:{microscope}")
        assert dataset.grey_sample.high == 2900
        assert "12-bit" in sample_warnings(dataset)[0]
        assert sample_warnings(replace(dataset, grey_range="12-bit")) == ()

    def test_of_photos_has_no_such_values_and_only_two_are_looked_at(self, photos):
        root = photos("cat", "dog", each=4)
        for file in sorted(root.rglob("*.jpg")):
            Image.open(file).save(file.with_suffix(".png"))
            file.unlink()
        opened = []
        dataset = load(str(root), f"folder:{root}")

        def counted(item, grey_range):
            opened.append(item.key)
            return dataset.read(item, grey_range)

        assert replace(dataset, read=counted).grey_sample is None
        assert len(opened) == 2


def test_images_merge_into_the_widest_range():
    assert grey.merged(grey.merged(None, 5, 9), 1, 7) == GreyValues(2, 1, 9)
