"""Checkpoints: whole or not there, and honest about which."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from tl_core.engine.backend import keras
from tl_core.engine.training import checkpoints
from tl_core.errors import Damaged, RunFailed
from tl_core.files import TEMPORARY
from tl_core.records import EpochRecord
from tl_core.store.epochs import Mark


def variables(value: float) -> dict[str, keras.Variable]:
    return {"model/a": keras.Variable(np.full((20, 30), value, np.float32)), "optimizer/head/0": keras.Variable(3)}


def record(epoch: int) -> EpochRecord:
    return EpochRecord(epoch, "head", {"val_loss": 1.0 / epoch})


def save(folder: Path, epoch: int, best: int | None = None, keep: int = 2) -> checkpoints.Checkpoint:
    mark = Mark(10 * epoch, f"digest {epoch}")
    return checkpoints.save(folder, variables(float(epoch)), record(epoch), mark, best or epoch, keep)


def test_what_was_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    made = save(tmp_path, 1)
    target = variables(0.0)
    checkpoints.restore(checkpoints.load(tmp_path, made), target)
    assert np.array_equal(np.asarray(target["model/a"]), np.full((20, 30), 1, np.float32))
    assert checkpoints.entries_of(tmp_path) == (made,)
    assert made.mark == (10, "digest 1")


def test_the_best_and_the_latest_are_kept_and_the_others_removed(tmp_path: Path) -> None:
    for epoch in range(1, 7):
        save(tmp_path, epoch, best=2 if epoch >= 2 else 1)
    assert [entry.epoch for entry in checkpoints.entries_of(tmp_path)] == [2, 5, 6]
    assert sorted(file.name for file in tmp_path.glob("*.npz")) == [f"epoch-000{n}.npz" for n in (2, 5, 6)]
    assert checkpoints.best_whole(tmp_path).epoch == 2


def test_saving_an_epoch_again_after_a_resume_replaces_what_came_later(tmp_path: Path) -> None:
    for epoch in (1, 2, 3):
        save(tmp_path, epoch, keep=5)
    save(tmp_path, 2, keep=5)
    assert [entry.epoch for entry in checkpoints.entries_of(tmp_path)] == [1, 2]


def test_every_flipped_bit_and_every_truncation_is_noticed_and_the_one_before_is_used(tmp_path: Path) -> None:
    save(tmp_path, 1)
    newest = save(tmp_path, 2)
    file = tmp_path / newest.file
    whole = file.read_bytes()
    dice = random.Random(0)
    for attempt in range(60):
        place = dice.randrange(len(whole))
        broken = bytearray(whole)
        broken[place] ^= 1 << dice.randrange(8)
        file.write_bytes(bytes(broken) if attempt % 2 else whole[:place])
        found = checkpoints.latest_whole(tmp_path)
        assert found is not None
        assert found.epoch == 1
        with pytest.raises(RunFailed, match="epoch 2 is damaged"):
            checkpoints.load(tmp_path, newest)
    file.write_bytes(whole)
    assert checkpoints.latest_whole(tmp_path) == newest


def test_a_run_whose_checkpoints_are_all_damaged_says_so_instead_of_starting_over(tmp_path: Path) -> None:
    (tmp_path / save(tmp_path, 1).file).write_bytes(b"")
    with pytest.raises(RunFailed, match="Every checkpoint"):
        checkpoints.latest_whole(tmp_path)


def test_a_damaged_best_checkpoint_gives_way_to_the_newest_whole_one(tmp_path: Path) -> None:
    best = save(tmp_path, 1)
    for epoch in (2, 3):
        save(tmp_path, epoch, best=1)
    (tmp_path / best.file).unlink()
    assert checkpoints.best_whole(tmp_path).epoch == 3


def test_before_the_first_epoch_there_is_no_checkpoint(tmp_path: Path) -> None:
    assert checkpoints.latest_whole(tmp_path) is None
    assert checkpoints.entries_of(tmp_path) == ()


def test_a_failing_disk_at_any_step_of_a_save_leaves_a_checkpoint_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The k-th call that touches the disk fails, for every k."""
    calls, failing = 0, 0

    def counted(real):
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == failing:
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        return call

    save(tmp_path, 1)
    for name in ("fsync",):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    for name in ("replace", "unlink", "write_bytes", "open", "stat"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    for failing in range(1, 60):  # noqa: B007 - read by `counted`
        calls = 0
        try:
            save(tmp_path, 2)
            failed = False
        except (OSError, Damaged):
            failed = True
        calls = -1000
        found = checkpoints.latest_whole(tmp_path)
        assert found is not None
        assert found.epoch in (1, 2)
        checkpoints.load(tmp_path, found)
        calls = -1000
        if not failed:
            break
    assert not failed, "the loop ended before every call had failed once"
    assert failing > 8


@pytest.mark.slow
def test_a_process_killed_while_saving_leaves_the_newest_or_the_one_before(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        import numpy as np
        from tl_core.engine.training import checkpoints
        from tl_core.records import EpochRecord
        from tl_core.store.epochs import Mark

        def save_for_ever(folder):
            epoch = max([entry.epoch for entry in checkpoints.entries_of(folder)], default=0)
            values = {"model/a": np.zeros((500, 500), np.float32)}
            while True:
                epoch += 1
                values["model/a"][:] = epoch
                checkpoints.save(folder, values, EpochRecord(epoch, "head", {}), Mark(0, ""), epoch, 2)

        for _ in sys.stdin:  # TensorFlow is imported once, before it forks.
            child = os.fork()
            if child == 0:
                save_for_ever(Path(sys.argv[1]))
            print(child, flush=True)
            os.waitpid(child, 0)
            print("gone", flush=True)
        """
    )
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    saving = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert saving.stdin is not None and saving.stdout is not None
    dice, last = random.Random(1), 0
    for _ in range(8):
        saving.stdin.write("\n")
        saving.stdin.flush()
        child = int(saving.stdout.readline())
        time.sleep(dice.uniform(0.02, 0.4))
        os.kill(child, signal.SIGKILL)
        assert saving.stdout.readline() == "gone\n"
        found = checkpoints.latest_whole(tmp_path)
        if found is None:
            continue
        assert found.epoch >= last
        assert (checkpoints.load(tmp_path, found)["model/a"] == found.epoch).all()
        last = found.epoch
    saving.communicate()
    assert last > 0
    checkpoints.save(tmp_path, {"model/a": np.zeros(1)}, record(last + 1), Mark(0, ""), last + 1, 1)
    assert not list(tmp_path.glob(f"{TEMPORARY}*.npz")), "what a killed process left is cleaned up"
