"""What takes up the disk, and getting some of it back."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.pages.folders import add_run, trained_here
from tests.store.test_checkpoints_kept import with_checkpoints
from tl_core import store
from tl_core.cache import arrays
from tl_core.errors import BadInput
from tl_core.files import locked
from tl_core.store import disk


def put(file: Path, size: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)


def cached(models: Path, kind: str, name: str, size: int) -> Path:
    """An entry of a cache, made as the lab makes it."""
    folder = models / "cache" / kind / name

    def build(building: Path) -> dict[str, object]:
        put(building / "data", size)
        return {}

    arrays.built_once(folder, arrays.Job("making", 1, 1), build)
    return folder


def test_each_part_is_counted_once_and_all_of_them_are_the_whole(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(models.parent / "keras"))
    put(models / "runs" / "a" / "checkpoints" / "epoch-0001.npz", 1000)
    put(models / "runs" / "a" / "export" / "model.keras", 200)
    put(models / "runs" / "a" / "report" / "test.json", 30)
    put(models / "runs" / "a" / "log.txt", 4)
    put(models / "cache" / "pixels" / "k" / "pixels.u8", 5000)
    put(models / "cache" / "features" / "k" / "features.f32", 60_000)
    put(models / "queue" / "a.json", 7)
    put(models.parent / "keras" / "models" / "vgg.h5", 800_000)
    found = disk.parts(models)
    assert {name: usage.bytes for name, usage in found.items()} == {
        "checkpoints": 1000,
        "exports": 200,
        "runs": 34,
        "pixels": 5000,
        "features": 60_000,
        "other": 7,
        "weights": 800_000,
    }
    assert sum(usage.files for usage in found.values()) == 8


def test_what_links_point_to_is_not_counted(models: Path, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "big", 10_000)
    (models / "runs").mkdir()
    (models / "runs" / "link").symlink_to(tmp_path / "elsewhere")
    assert disk.used(models).bytes < 1000


def test_a_folder_that_is_not_there_takes_up_nothing(tmp_path: Path) -> None:
    assert disk.used(tmp_path / "none") == disk.Usage()
    assert disk.free(tmp_path / "none" / "nor this") > 0


@pytest.mark.parametrize("kind", disk.KINDS)
def test_a_cleared_cache_is_gone_and_says_how_much_is_free_now(models: Path, kind: disk.Kind) -> None:
    folder = cached(models, kind, "one", 3000)
    cached(models, kind, "two", 500)
    spare = disk.spare_cache(models, kind)
    assert spare.count == 2
    assert disk.clear_cache(models, kind) == spare.bytes > 3500
    assert not arrays.is_built(folder)
    assert disk.spare_cache(models, kind) == disk.Spare()


def test_one_cache_is_cleared_and_the_other_stays(models: Path) -> None:
    kept = cached(models, "features", "one", 10)
    cached(models, "pixels", "one", 10)
    disk.clear_cache(models, "pixels")
    assert arrays.is_built(kept)


def test_a_cleared_entry_is_made_again_when_it_is_needed(models: Path) -> None:
    cached(models, "pixels", "one", 10)
    disk.clear_cache(models, "pixels")
    assert arrays.is_built(cached(models, "pixels", "one", 10))


def test_whoever_has_an_entry_open_can_read_on(models: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows refuses to remove a file that is open")
    folder = cached(models, "pixels", "one", 1000)
    array = arrays.mapped(folder / "data", np.uint8, (1000,))
    disk.clear_cache(models, "pixels")
    assert (array == ord("x")).all()


def test_what_a_killed_process_left_half_made_is_removed_too(models: Path) -> None:
    put(models / "cache" / "pixels" / ".tmp-12345678-one" / "data", 900)
    assert disk.clear_cache(models, "pixels") == 900


def test_a_cache_stays_while_a_run_trains(models: Path) -> None:
    folder = cached(models, "features", "one", 10)
    add_run(models, "the busy one", **trained_here())
    with pytest.raises(BadInput, match="the busy one is training"):
        disk.clear_cache(models, "features")
    assert arrays.is_built(folder)


def test_an_entry_that_is_being_made_stays(models: Path) -> None:
    folder = models / "cache" / "pixels" / "one"
    put(folder.with_name(".tmp-12345678-one") / "data", 10)
    with locked(folder), pytest.raises(BadInput, match="is writing an entry"):
        disk.clear_cache(models, "pixels")
    assert folder.with_name(".tmp-12345678-one").exists()


def test_finished_runs_give_up_all_but_their_best_checkpoint(models: Path) -> None:
    runs = [with_checkpoints(models), with_checkpoints(models), with_checkpoints(models, store.STOPPED)]
    spare = disk.spare_checkpoints(models)
    assert spare.count == 6
    assert disk.remove_spare_checkpoints(models) == spare.bytes > 0
    assert [len(store.checkpoints.kept(run)) for run in runs] == [1, 1, 4]
    assert disk.spare_checkpoints(models) == disk.Spare()


def test_a_damaged_manifest_keeps_no_other_run_from_being_cleaned_up(models: Path) -> None:
    damaged, whole = with_checkpoints(models), with_checkpoints(models)
    (damaged.checkpoints / "manifest.json").write_text("{")
    disk.remove_spare_checkpoints(models)
    assert len(store.checkpoints.kept(whole)) == 1
    assert len(list(damaged.checkpoints.glob("*.npz"))) == 4
