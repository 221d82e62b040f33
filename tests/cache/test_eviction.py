"""Caches stay within their budget: what was not used for longest goes first, and never what somebody reads or makes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tl_core.cache import eviction
from tl_core.cache.arrays import Job, NoRoom, is_built, mapped, need_space, opened
from tl_core.errors import BadInput
from tl_core.files import TEMPORARY, locked

SIZE = 1_000_000


def entry(cache: Path, name: str, age: float = 0.0, kind: str = "features") -> Path:
    """An entry of a megabyte that was last opened so many seconds ago."""
    folder = cache / kind / name
    folder.mkdir(parents=True)
    (folder / "data").write_bytes(bytes(SIZE))
    (folder / "index.json").write_text("{}")
    os.utime(folder, (1e9 - age, 1e9 - age))
    return folder


def read(folder: Path) -> np.ndarray:
    def build(_: Path) -> dict[str, object]:
        raise AssertionError("it is there")

    def data(_: object) -> np.ndarray:
        return mapped(folder / "data", np.uint8, (SIZE,))

    return opened(folder, Job("reading", 1, SIZE), build, data)[0]


def left(cache: Path) -> list[str]:
    return [found.folder.name for found in eviction.entries(cache)]


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of three entries, opened one after the other, whose budget they just fit in."""
    for age, (name, kind) in enumerate([("new", "features"), ("middle", "pixels"), ("old", "features")]):
        entry(tmp_path, name, age, kind)
    monkeypatch.setenv("TL_CACHE_GB", "0.0031")
    return tmp_path


def test_what_fits_makes_nobody_go(three: Path) -> None:
    eviction.make_room(three, 0)
    assert left(three) == ["old", "middle", "new"]


@pytest.mark.parametrize(
    ("needed", "stay"),
    [(200_000, ["middle", "new"]), (SIZE, ["middle", "new"]), (SIZE + 200_000, ["new"]), (3 * SIZE, [])],
)
def test_the_one_not_opened_for_longest_goes_first_whatever_its_kind(three: Path, needed: int, stay: list[str]) -> None:
    eviction.make_room(three, needed)
    assert left(three) == stay


def test_for_what_cannot_fit_nobody_goes_and_the_caller_is_told(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not eviction.make_room(three, 9 * SIZE)
    assert left(three) == ["old", "middle", "new"]
    with pytest.raises(NoRoom, match="TL_CACHE_GB allows"):
        need_space(three / "features", 9 * SIZE, "cached features", optional=True)
    need_space(three / "pixels", 9 * SIZE, "decoded images")  # Nobody can do without them.
    monkeypatch.setenv("TL_CACHE_GB", "100")
    monkeypatch.setattr(eviction.shutil, "disk_usage", lambda _: SimpleNamespace(free=SIZE))
    with pytest.raises(NoRoom, match="The disk"):
        need_space(three / "features", 9 * SIZE, "cached features")
    assert left(three) == ["old", "middle", "new"]


def test_what_others_read_keeps_its_room_so_that_features_beside_it_keep_to_the_budget(three: Path) -> None:
    arrays = [read(three / "features" / "old"), read(three / "pixels" / "middle"), read(three / "features" / "new")]
    with pytest.raises(NoRoom, match="in use"):
        need_space(three / "features", SIZE, "cached features", optional=True)
    assert len(arrays) == len(left(three))


def test_marks_of_readers_that_were_killed_do_not_pile_up(three: Path) -> None:
    folder = three / "features" / "old"
    for number in range(3):
        folder.with_name(f"old.use-1-{number}.lock").touch()
    array = read(folder)
    assert len(list(folder.parent.glob("old.use-*.lock"))) == 1
    del array
    assert not list(folder.parent.glob("old.use-*.lock"))


def test_opening_an_entry_makes_it_the_last_to_go(three: Path) -> None:
    array = read(three / "features" / "old")
    del array
    eviction.make_room(three, 2 * SIZE)
    assert left(three) == ["old"]


def test_an_entry_that_is_read_stays_as_long_as_its_array_lives(three: Path) -> None:
    array = read(three / "features" / "old")
    part = array[10:20]
    del array
    eviction.make_room(three, 2 * SIZE)
    assert left(three) == ["old"]
    del part
    eviction.make_room(three, 3 * SIZE)
    assert left(three) == []
    assert not list(three.rglob("*.use-*"))


def test_an_entry_that_is_made_stays_and_what_was_stopped_goes(three: Path) -> None:
    half, stopped = (entry(three, f"{TEMPORARY}building-{name}", 9) for name in ("half", "stopped"))
    with locked(half.with_name("half")):
        eviction.make_room(three, 2 * SIZE)
    assert left(three) == [half.name]
    assert not stopped.exists()


READER = """
import sys, time
from pathlib import Path
from tests.cache.test_eviction import read
array = read(Path(sys.argv[1]))
print("open", flush=True)
time.sleep(60)
"""


def test_what_another_process_reads_stays_until_it_ends_even_by_force(three: Path) -> None:
    folder = three / "features" / "old"
    reader = subprocess.Popen([sys.executable, "-c", READER, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        eviction.make_room(three, 2 * SIZE)
        assert left(three) == ["old"]
    finally:
        reader.send_signal(signal.SIGKILL)
        reader.communicate()
    eviction.make_room(three, 3 * SIZE)
    assert left(three) == []


def test_where_no_budget_is_set_caches_take_half_of_what_would_be_free_without_them(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TL_CACHE_GB")
    monkeypatch.setattr(eviction.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * SIZE))
    taken = sum(found.bytes for found in eviction.entries(three))
    assert eviction.budget(three) == (5 * SIZE + taken) // 2


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_a_budget_that_is_none_is_refused_with_what_is_allowed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_CACHE_GB", text)
    with pytest.raises(BadInput, match=r"TL_CACHE_GB.*a number, 0 or more"):
        eviction.limit()


def test_a_disk_that_is_nearly_full_is_made_room_on(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the budget, but the disk has room for half of it: one entry goes."""
    monkeypatch.setenv("TL_CACHE_GB", "100")

    def usage(_: object) -> SimpleNamespace:
        return SimpleNamespace(free=SIZE // 2 + (3 - len(left(three))) * SIZE)

    monkeypatch.setattr(eviction.shutil, "disk_usage", usage)
    need_space(three / "features", SIZE, "features")
    assert left(three) == ["middle", "new"]
    assert is_built(three / "pixels" / "middle")
    with pytest.raises(NoRoom):
        need_space(three / "features", 5 * SIZE, "features")
