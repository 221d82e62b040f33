"""What is computed once is computed once, and half-made things are never taken for whole."""

from __future__ import annotations

import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest

from tl_core.cache import Job, built_once, is_built, mapped, need_space
from tl_core.errors import RunFailed, RunStopped
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
        with pytest.raises(RunFailed) as caught:
            need_space(tmp_path / "new", 1_000_000_000, "cached features")
        assert "0.9 GB free; cached features need 1.0 GB" in str(caught.value)
        assert "TL_MODELS" in str(caught.value)
