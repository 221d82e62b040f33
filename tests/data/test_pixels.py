"""Every image is decoded once, by one process, whole or not at all, and the rows stay beside their items."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.conftest import photo
from tl_core.cache.arrays import INDEX
from tl_core.data import decode, folder
from tl_core.data.dataset import ImageDataset, Item, Unreachable, Unreadable
from tl_core.data.pixels import bytes_needed, is_cached, pixels, readable
from tl_core.errors import RunFailed, RunStopped
from tl_core.records import Activity, Stage


def quiet(*_):
    pass


def must_not_open(item, _grey_range):
    raise AssertionError(f"{item.key} was decoded again")


def load(root):
    return folder.load(str(root), f"folder:{root}")


def made(count, open_image=None, **changes):
    """A dataset without files: picture i is all of grey value i."""
    items = tuple(Item(f"a/{number}", number % 2, str(number), str(number)) for number in range(count))
    opened = open_image or (lambda item: Image.new("RGB", (20, 10), (int(item.key[2:]),) * 3))

    def read(item, _grey_range):
        return opened(item)

    return ImageDataset(
        **{
            "source": "made",
            "class_names": ("a", "b"),
            "items": items,
            "fingerprint": f"f{count}",
            "read": read,
            **changes,
        }
    )


def files_in(cache):
    """What stands in a cache, but for lock files."""
    return sorted(path.name for path in (cache / "pixels").iterdir() if path.suffix != ".lock")


def test_rows_are_the_decoded_pictures_in_the_order_of_the_items(photos, tmp_path):
    read = pixels(load(photos("cat", "dog", each=4)), 32, tmp_path, quiet)
    assert (read.images.shape, read.images.dtype) == ((8, 32, 32, 3), np.uint8)
    for item, row in zip(read.dataset.items, read.images, strict=True):
        assert np.array_equal(row, decode.resized(read.dataset.open_image(item), 32))


def test_rows_cannot_be_written(tmp_path):
    images = pixels(made(3), 32, tmp_path, quiet).images
    with pytest.raises(ValueError, match="read-only"):
        images[0, 0, 0, 0] = 1


def test_more_images_than_one_portion_keep_their_order(tmp_path):
    def numbered(item):
        high, low = divmod(int(item.key[2:]), 256)
        return Image.new("RGB", (8, 8), (high, low, 0))

    corners = pixels(made(600, numbered), 8, tmp_path, quiet).images[:, 0, 0].astype(int)
    assert (corners[:, 0] * 256 + corners[:, 1]).tolist() == list(range(600))


def test_the_second_call_decodes_nothing(photos, tmp_path):
    dataset = load(photos())
    first = pixels(dataset, 32, tmp_path, quiet)
    second = pixels(replace(dataset, read=must_not_open), 32, tmp_path, quiet)
    assert second.key == first.key
    assert np.array_equal(second.images, first.images)
    assert second.dataset.items == first.dataset.items


def test_another_size_is_another_entry(photos, tmp_path):
    dataset = load(photos())
    assert pixels(dataset, 32, tmp_path, quiet).key != pixels(dataset, 48, tmp_path, quiet).key
    assert is_cached(dataset, 48, tmp_path)
    assert not is_cached(dataset, 64, tmp_path)


def test_a_changed_photo_gives_a_new_key_and_new_pixels(photos, tmp_path):
    root = photos()
    before = pixels(load(root), 32, tmp_path, quiet)
    photo(1, 1234).save(root / "cat" / "000.jpg")
    after = pixels(load(root), 32, tmp_path, quiet)
    assert after.key != before.key
    assert not np.array_equal(after.images[0], before.images[0])
    assert np.array_equal(after.images[1:], before.images[1:])


def test_a_renamed_folder_finds_its_pixels_again(photos, tmp_path):
    root = photos()
    before = pixels(load(root), 32, tmp_path, quiet)
    moved = load(root.rename(tmp_path / "moved"))
    assert pixels(replace(moved, read=must_not_open), 32, tmp_path, quiet).key == before.key


class TestUnreadableImages:
    @pytest.fixture
    def broken(self, photos):
        root = photos("cat", "dog", each=4)
        (root / "cat" / "001.jpg").write_bytes(b"no picture")
        (root / "dog" / "000.jpg").write_bytes(b"")
        return load(root)

    def test_are_left_out_listed_and_the_rows_stay_beside_their_items(self, broken, tmp_path):
        read = pixels(broken, 32, tmp_path, quiet)
        assert len(read.dataset.items) == len(read.images) == 6
        assert [skipped.key for skipped in read.dataset.skipped] == ["dog/000.jpg", "cat/001.jpg"]
        assert "empty file" in read.dataset.skipped[0].reason  # Known before it is opened.
        assert "not an image" in read.dataset.skipped[1].reason
        for item, row in zip(read.dataset.items, read.images, strict=True):
            assert np.array_equal(row, decode.resized(broken.open_image(item), 32))

    def test_are_listed_again_when_the_pixels_come_from_the_cache(self, broken, tmp_path):
        first = pixels(broken, 32, tmp_path, quiet).dataset
        second = pixels(replace(broken, read=must_not_open), 32, tmp_path, quiet).dataset
        assert (second.skipped, second.items) == (first.skipped, first.items)

    def test_stand_behind_what_was_skipped_before(self, photos, tmp_path):
        root = photos()
        (root / "cat" / "notes.txt").touch()
        (root / "cat" / "bad.png").write_bytes(b"no picture")
        skipped = pixels(load(root), 32, tmp_path, quiet).dataset.skipped
        assert [row.key for row in skipped] == ["cat/notes.txt", "cat/bad.png"]

    def test_may_be_all_of_them(self, tmp_path):
        def broken(_):
            raise Unreadable("broken")

        for _ in range(2):
            read = pixels(made(3, broken), 32, tmp_path, quiet)
            assert read.images.shape == (0, 32, 32, 3)
            assert len(read.dataset.skipped) == 3


def test_a_file_that_is_gone_fails_the_run_and_is_not_remembered_as_unreadable(photos, tmp_path):
    root = photos()
    dataset = load(root)
    aside = (root / "cat" / "001.jpg").rename(tmp_path / "aside.jpg")
    with pytest.raises(RunFailed, match=r"cat/001\.jpg cannot be read"):
        pixels(dataset, 32, tmp_path, quiet)
    aside.rename(root / "cat" / "001.jpg")
    assert len(pixels(dataset, 32, tmp_path, quiet).images) == len(dataset.items)


@pytest.mark.parametrize("step", ["to_rgb", "resized"])
def test_memory_that_is_short_for_a_moment_fails_the_run_and_leaves_no_picture_out_for_good(
    photos, tmp_path, monkeypatch, step
):
    dataset, works, calls = load(photos("cat", "dog", each=4)), getattr(decode, step), []

    def short_once(*given):
        calls.append(given)
        if len(calls) == 3:
            raise MemoryError
        return works(*given)

    monkeypatch.setattr(decode, step, short_once)
    with pytest.raises(RunFailed, match=r"needs more memory than is free\. Close other programs"):
        pixels(dataset, 32, tmp_path, quiet)
    read = pixels(dataset, 32, tmp_path, quiet)
    assert (len(read.images), read.dataset.skipped) == (8, ())


def test_progress_counts_every_image_once_and_not_at_all_from_the_cache(tmp_path):
    told = []
    for _ in range(2):
        pixels(made(5), 32, tmp_path, lambda *step: told.append(step))
    assert told == [(Activity(Stage.DECODING), done, 5) for done in range(1, 6)]


class TestAStop:
    def test_keeps_what_is_decoded_and_the_next_call_decodes_the_rest(self, tmp_path):
        opened = []

        def counted(item):
            opened.append(item.key)
            if item.key == "a/1":
                raise Unreadable("broken")
            return Image.new("RGB", (20, 10), (int(item.key[2:]),) * 3)

        def stop(_what, done, _of):
            if done == 3:
                raise RunStopped("stopped")

        with pytest.raises(RunStopped):
            pixels(made(200, counted), 32, tmp_path, stop)
        assert [name[:14] for name in files_in(tmp_path)] == [".tmp-building-"]
        assert not is_cached(made(200), 32, tmp_path)
        opened.clear()
        read = pixels(made(200, counted), 32, tmp_path, quiet)
        assert sorted(opened) == sorted(f"a/{number}" for number in range(3, 200))
        assert read.images[:, 0, 0, 0].tolist() == [number for number in range(200) if number != 1]
        assert [skipped.key for skipped in read.dataset.skipped] == ["a/1"]
        assert files_in(tmp_path) == [read.key]

    def test_does_not_decode_what_is_left(self, tmp_path):
        opened = []

        def slow(item):
            opened.append(item.key)
            time.sleep(0.01)
            return Image.new("RGB", (8, 8))

        def stop(*_):
            raise RunStopped("stopped")

        before = set(threading.enumerate())
        with pytest.raises(RunStopped):
            pixels(made(256, slow), 32, tmp_path, stop)
        seen = len(opened)
        time.sleep(0.1)
        assert seen < 100
        assert len(opened) == seen
        assert not [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]


class TestADiskWithoutSpace:
    Usage = namedtuple("Usage", "total used free")

    def test_is_refused_before_anything_is_decoded(self, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: self.Usage(0, 0, bytes_needed(5, 32)))
        with pytest.raises(RunFailed, match="free; decoded images need") as caught:
            pixels(made(5, must_not_open), 32, tmp_path, quiet)
        assert ".tmp-" not in str(caught.value)
        assert files_in(tmp_path) == []

    def test_is_enough_with_a_tenth_to_spare(self, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: self.Usage(0, 0, int(bytes_needed(5, 32) * 1.1) + 1))
        assert len(pixels(made(5), 32, tmp_path, quiet).images) == 5


PROCESS = """
import os, sys, time
from pathlib import Path
from tl_core.data import folder
from tl_core.data.pixels import pixels
from dataclasses import replace

root, cache, marks, pause = sys.argv[1], Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
dataset = folder.load(root, "folder:" + root)

def counted(item, grey_range):
    with open(marks, "ab", buffering=0) as file:
        file.write(b"x")
    time.sleep(pause)
    return dataset.read(item, grey_range)

read = pixels(replace(dataset, read=counted), 32, cache, lambda *_: None)
print(read.key, int(read.images.astype("int64").sum()))
"""


class TestRealProcesses:
    @pytest.fixture
    def start(self, photos, tmp_path):
        root = photos("cat", "dog", each=10)
        marks = tmp_path / "marks"
        marks.touch()
        started = []

        def start(pause):
            command = [sys.executable, "-c", PROCESS, str(root), str(tmp_path), str(marks), str(pause)]
            started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            return started[-1]

        start.decoded = lambda: marks.stat().st_size
        start.dataset = load(root)
        yield start
        for process in started:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_two_at_once_decode_every_image_once_and_read_the_same(self, start):
        both = [start(0.02), start(0.02)]
        said = [process.communicate(timeout=60)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert said[0] == said[1] != ""
        assert start.decoded() == 20

    def test_a_killed_one_leaves_nothing_that_is_taken_for_whole(self, start, tmp_path):
        process = start(0.2)
        deadline = time.monotonic() + 30
        while start.decoded() < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

        assert [name[:5] for name in files_in(tmp_path)] == [".tmp-"]
        assert not is_cached(start.dataset, 32, tmp_path)

        read = pixels(start.dataset, 32, tmp_path, quiet)
        assert files_in(tmp_path) == [read.key]
        assert np.array_equal(read.images[7], decode.resized(start.dataset.open_image(start.dataset.items[7]), 32))


def test_keys_do_not_depend_on_where_the_cache_lies(tmp_path):
    keys = {pixels(made(2), 32, tmp_path / name, quiet).key for name in ("a", "b")}
    assert len(keys) == 1


def test_an_unreachable_picture_is_an_unreadable_one_for_whoever_does_not_care():
    assert issubclass(Unreachable, Unreadable)


def test_a_damaged_index_of_a_cache_hides_no_image_and_stops_no_plan(photos, tmp_path):
    dataset = load(photos("cat", "dog", each=4))
    pixels(dataset, 32, tmp_path / "cache", quiet)
    (index,) = (tmp_path / "cache").rglob(INDEX)
    index.write_text("[" * 100_000)
    assert readable(dataset, 32, tmp_path / "cache") == dataset
