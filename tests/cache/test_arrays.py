"""What is computed once is computed once, and half-made things are never taken for whole."""

from __future__ import annotations

import json
import resource
import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event

import numpy as np
import pytest

from tl_core.cache.arrays import INDEX, Job, NoRoom, built_once, grown, is_built, mapped, need_space, opened
from tl_core.errors import Damaged, RunStopped
from tl_core.files import TEMPORARY

JOB = Job("Making data", 4, 400)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "features" / "abc"


class Builder:
    """Writes one file, and counts how often it is asked to."""

    def __init__(self, error=None):
        self.calls, self.error = 0, error

    def __call__(self, folder):
        self.calls += 1
        (folder / "data").write_bytes(b"made")
        if self.error:
            raise self.error
        return {"rows": 3}


def inside(place):
    return sorted(path.name for path in place.parent.iterdir() if path.suffix != ".lock")


def test_a_folder_is_built_once_and_its_index_read_afterwards(place):
    build = Builder()
    assert not is_built(place)
    assert [built_once(place, JOB, build) for _ in range(3)] == [{"rows": 3}] * 3
    assert build.calls == 1
    assert is_built(place)
    assert (place / "data").read_bytes() == b"made"
    assert inside(place) == ["abc"]


class TestADamagedEntry:
    def array_of(self, place, build):
        return opened(place, JOB, build, lambda index: mapped(place / "data", np.uint8, (index["rows"] + 1,)))

    @pytest.mark.parametrize("content", [b"", b'{"rows": ', b"[]", b"{}", b"[" * 5000, b"\xff\xfe"])
    def test_with_a_damaged_index_is_built_again(self, place, content):
        build = Builder()
        self.array_of(place, build)
        (place / INDEX).write_bytes(content)
        array, index = self.array_of(place, build)
        assert (array.tobytes(), index, build.calls) == (b"made", {"rows": 3}, 2)

    @pytest.mark.parametrize("content", [b"ma", None], ids=["cut short", "gone"])
    def test_whose_data_are_cut_short_or_gone_is_built_again(self, place, content):
        build = Builder()
        self.array_of(place, build)
        (place / "data").unlink()
        if content is not None:
            (place / "data").write_bytes(content)
        array, _ = self.array_of(place, build)
        assert (array.tobytes(), build.calls) == (b"made", 2)

    def test_that_is_damaged_as_soon_as_it_is_built_says_so_instead_of_being_built_for_ever(self, place):
        with pytest.raises(Damaged):
            opened(place, JOB, Builder(), lambda index: index["columns"])


def test_nothing_stands_at_its_place_while_it_is_built(place):
    def build(folder):
        assert folder != place
        assert not place.exists()
        assert folder.parent == place.parent
        return {}

    built_once(place, JOB, build)
    assert is_built(place)


@pytest.mark.parametrize("error", [RunStopped("stop"), OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_build_that_fails_says_why_leaves_nothing_and_can_be_done_again(place, error):
    with pytest.raises(type(error)):
        built_once(place, JOB, Builder(error))
    assert inside(place) == []
    assert built_once(place, JOB, Builder()) == {"rows": 3}


def test_what_a_killed_process_left_is_cleaned_up_before_the_next_build(place):
    (place.parent / f"{TEMPORARY}0123abcd-abc").mkdir(parents=True)
    (place.parent / f"{TEMPORARY}0123abcd-abc" / "data").write_bytes(b"half")
    (place.parent / f"{TEMPORARY}0123abcd-other").mkdir()
    built_once(place, JOB, Builder())
    assert inside(place) == [f"{TEMPORARY}0123abcd-other", "abc"]


def test_a_folder_that_lost_its_index_is_built_anew(place):
    built_once(place, JOB, Builder())
    (place / "index.json").unlink()
    (place / "stale").touch()
    assert built_once(place, JOB, Builder()) == {"rows": 3}
    assert not (place / "stale").exists()


def test_many_threads_that_want_the_same_build_it_once(place):
    build, together = Builder(), Barrier(8)

    def want(_):
        together.wait()
        return built_once(place, JOB, build)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(want, range(8))) == [{"rows": 3}] * 8
    assert build.calls == 1


def test_whoever_waits_for_another_process_is_told_how_far_that_is(place):
    told, half, heard = [], Event(), Event()

    def build(folder):
        (folder / "data").write_bytes(bytes(200))
        half.set()
        assert heard.wait(30)
        return {}

    def hear(*moment):
        told.append(moment)
        heard.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(built_once, place, JOB, build)
        assert half.wait(30)
        second = pool.submit(built_once, place, JOB, Builder(), hear)
        assert first.result(60) == second.result(60) == {}
    assert told[0] == ("Making data", 2, 4)


@contextmanager
def at_most(size):
    """No file of this process grows beyond so many bytes: the system refuses it as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestGrown:
    """Ten pieces of four bytes, piece i of bytes i."""

    @staticmethod
    def pieces(begun, until=10, error=None):
        def more(state):
            begun.append(state["done"])
            for number in range(state["done"], 10):
                if number == until:
                    raise error
                yield bytes([number] * 4), {"done": number + 1}

        return more

    @pytest.fixture
    def file(self, tmp_path):
        return tmp_path / "data"

    def stopped_at(self, file, until, error=None):
        with pytest.raises(type(error or RunStopped())):
            grown(file, {"done": 0}, self.pieces([], until, error or RunStopped("stop")))

    def whole(self, file):
        """Where it was gone on from."""
        begun = []
        assert grown(file, {"done": 0}, self.pieces(begun)) == {"done": 10}
        assert file.read_bytes() == bytes(number for number in range(10) for _ in range(4))
        assert list(file.parent.iterdir()) == [file]
        return begun

    def test_from_nothing_is_whole(self, file):
        assert self.whole(file) == [0]

    @pytest.mark.parametrize(
        "error",
        [RunStopped("stop"), KeyboardInterrupt(), BrokenPipeError(32, "Broken pipe"), OSError(28, "of another disk")],
    )
    def test_goes_on_where_it_was_stopped(self, file, error):
        self.stopped_at(file, 4, error)
        assert self.whole(file) == [4]

    def test_may_be_stopped_again_and_again(self, file):
        for until in (3, 3, 7):
            self.stopped_at(file, until)
        assert self.whole(file) == [7]

    def test_what_no_record_vouches_for_is_written_again(self, file):
        self.stopped_at(file, 4)
        with file.open("ab") as more:
            more.write(b"half a piece that was under way")
        assert self.whole(file) == [4]

    @pytest.mark.parametrize("damage", [b"xxxx", b""], ids=["other bytes", "cut short"])
    def test_a_damaged_beginning_is_written_anew(self, file, damage):
        self.stopped_at(file, 4)
        content = file.read_bytes()
        file.write_bytes(content[:8] + damage + content[12:])
        assert self.whole(file) == [0]

    @pytest.mark.parametrize("record", ["{", "[]", "{}", '{"state": 3}'])
    def test_a_damaged_record_is_not_believed(self, file, record):
        self.stopped_at(file, 4)
        (file.parent / "reached.json").write_text(record)
        assert self.whole(file) == [0]

    def test_of_a_disk_that_is_full_nothing_is_kept(self, file):
        self.stopped_at(file, 4)
        with at_most(20), pytest.raises(OSError, match="too large"):
            grown(file, {"done": 0}, self.pieces([]))
        assert not (file.parent / "reached.json").exists()
        assert self.whole(file) == [0]

    @pytest.mark.parametrize("error", [RunStopped("stop"), BrokenPipeError(32, "Broken pipe")])
    def test_of_a_disk_that_is_full_when_it_is_stopped_nothing_is_kept(self, file, error):
        self.stopped_at(file, 4)
        with at_most(20), pytest.raises(OSError, match="too large"):
            grown(file, {"done": 0}, self.pieces([], 8, error))
        assert not (file.parent / "reached.json").exists()
        assert self.whole(file) == [0]

    def test_records_what_it_reached_while_it_goes_on(self, file, monkeypatch):
        monkeypatch.setattr("tl_core.cache.arrays.KEEP_EVERY", 0.0)
        more = iter(self.pieces([])({"done": 0}))

        def watched(_state):
            for number, piece in enumerate(more):
                if number:
                    said = json.loads((file.parent / "reached.json").read_text())
                    assert (said["state"], said["bytes"]) == ({"done": number}, 4 * number)
                    assert file.stat().st_size >= said["bytes"]
                yield piece

        assert grown(file, {"done": 0}, watched) == {"done": 10}

    def test_a_stopped_folder_keeps_what_was_grown_and_other_files_of_it_are_not_taken_for_whole(self, place):
        for until in (2, 5):
            with pytest.raises(RunStopped):
                built_once(place, JOB, lambda folder, n=until: self.built(folder, n))
            assert inside(place) == [f"{TEMPORARY}building-abc"]
            assert not is_built(place)
        assert built_once(place, JOB, lambda folder: self.built(folder, 10)) == {"done": 10}
        assert inside(place) == ["abc"]
        assert sorted(file.name for file in place.iterdir()) == ["data", "index.json"]

    def built(self, folder, until):
        return grown(folder / "data", {"done": 0}, self.pieces([], until, RunStopped("stop")))


class TestMapped:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32])
    def test_gives_back_what_was_written(self, tmp_path, dtype):
        values = np.arange(24, dtype=dtype).reshape(4, 3, 2)
        values.tofile(tmp_path / "flat")
        assert np.array_equal(mapped(tmp_path / "flat", dtype, (4, 3, 2)), values)

    def test_cannot_be_written(self, tmp_path):
        np.zeros(4, np.uint8).tofile(tmp_path / "flat")
        with pytest.raises(ValueError, match="read-only"):
            mapped(tmp_path / "flat", np.uint8, (4,))[0] = 1

    def test_may_be_empty(self, tmp_path):
        (tmp_path / "flat").touch()
        assert mapped(tmp_path / "flat", np.uint8, (0, 5)).shape == (0, 5)

    def test_of_a_file_cut_short_is_an_error_not_zeros(self, tmp_path):
        np.zeros(3, np.uint8).tofile(tmp_path / "flat")
        with pytest.raises(ValueError):
            mapped(tmp_path / "flat", np.uint8, (4,))


class TestSpace:
    Usage = namedtuple("Usage", "total used free")

    def test_that_is_there_is_no_problem(self, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: self.Usage(0, 0, 1_200_000_000))
        need_space(tmp_path / "new", 1_000_000_000, "features")
        assert (tmp_path / "new").is_dir(), "the folder is made, so that its disk can be asked"

    def test_that_is_short_is_said_with_numbers_and_a_remedy(self, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: self.Usage(0, 0, 900_000_000))
        with pytest.raises(NoRoom) as caught:
            need_space(tmp_path / "new", 1_000_000_000, "cached features")
        assert "900 MB free; cached features need 1 GB" in str(caught.value)
        assert "TL_MODELS" in str(caught.value)
