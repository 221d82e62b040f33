"""Reading metrics.jsonl again and again gives what reading it once gives, whatever happens to it in between."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import EpochRecord, best
from tl_core.store import epochs
from tl_core.store.epochs import EpochLog, EpochReader, Epochs, line_of, lines_until


@pytest.fixture
def run(tmp_path: Path) -> store.Run:
    return store.create(tmp_path, ExperimentSpec())


def record(epoch: int, loss: float = 0.5) -> EpochRecord:
    return EpochRecord(epoch, "head", {"val_loss": loss}, seconds=1.0)


def test_only_new_lines_are_parsed(run: store.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    log, reader = EpochLog(run, b""), EpochReader(run)
    for epoch in range(1, 4):
        log.append(record(epoch))
    assert [row.epoch for row in reader.read()] == [1, 2, 3]
    parsed: list[bytes] = []
    real = epochs.records_of
    monkeypatch.setattr(epochs, "records_of", lambda content: parsed.append(content) or real(content))
    same = reader.read()
    assert parsed == []
    log.append(record(4))
    assert reader.read() == [record(epoch) for epoch in (1, 2, 3, 4)]
    assert parsed == [line_of(record(4))]
    assert len(same) == 3, "a list that was given out stays as it was"


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(run: store.Run) -> None:
    reader, line = EpochReader(run), line_of(record(1))
    for end in range(len(line)):
        (run.folder / "metrics.jsonl").write_bytes(line[:end])
        assert reader.read() == []
    (run.folder / "metrics.jsonl").write_bytes(line)
    assert reader.read() == [record(1)]


def test_a_file_that_was_cut_back_and_grew_again_is_read_anew(run: store.Run) -> None:
    log, reader = EpochLog(run, b""), EpochReader(run)
    for epoch in (1, 2, 3):
        log.append(record(epoch))
    assert len(reader.read()) == 3
    again = EpochLog(run, line_of(record(1)))
    assert reader.read() == [record(1)]
    for epoch in (2, 3, 4):
        again.append(record(epoch, 0.25))
    assert reader.read() == [record(1), *(record(epoch, 0.25) for epoch in (2, 3, 4))]
    (run.folder / "metrics.jsonl").unlink()
    assert reader.read() == []


def test_a_damaged_line_is_said_to_be_and_its_mending_seen(run: store.Run) -> None:
    reader, file = EpochReader(run), run.folder / "metrics.jsonl"
    file.write_bytes(line_of(record(1)) + b'{"epo\n')
    for _ in range(2):
        with pytest.raises(BadInput, match=r"metrics\.jsonl: is damaged"):
            reader.read()
    file.write_bytes(line_of(record(1)) + line_of(record(2)))
    assert reader.read() == [record(1), record(2)]


def test_a_mark_proves_the_lines_before_it(run: store.Run) -> None:
    log = EpochLog(run, b"")
    first, second = log.append(record(1)), log.append(record(2))
    whole = (run.folder / "metrics.jsonl").read_bytes()
    assert lines_until(run, second) == whole
    assert lines_until(run, first) == line_of(record(1))
    (run.folder / "metrics.jsonl").write_bytes(whole[:-3])
    assert lines_until(run, second) is None
    assert lines_until(run, first) is not None
    (run.folder / "metrics.jsonl").write_bytes(whole.replace(b"0.5", b"0.6", 1))
    assert lines_until(run, first) is None


def test_a_log_that_goes_on_gives_the_marks_of_one_that_was_never_broken_off(run: store.Run) -> None:
    log = EpochLog(run, b"")
    marks = [log.append(record(epoch)) for epoch in (1, 2, 3)]
    again = EpochLog(run, lines_until(run, marks[0]) or b"")
    assert [again.append(record(epoch)) for epoch in (2, 3)] == marks[1:]


def many(count: int, inherited: int = 0, seed: int = 0) -> list[EpochRecord]:
    dice = np.random.default_rng(seed)
    return [
        EpochRecord(
            epoch,
            f"phase {epoch // 7}",
            {"val_loss": float(dice.integers(1, 4)), "val_accuracy": float(dice.integers(1, 4)) / 4},
            {"head": 0.1} | ({"backbone": 0.01} if epoch >= 14 else {}),
            1.5,
            None,
            "parent" if epoch <= inherited else "",
        )
        for epoch in range(1, count + 1)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("metric", ["val_loss", "val_accuracy", "val_ece"])
def test_the_best_of_its_columns_is_the_best_of_its_records(metric: str, seed: int) -> None:
    records = many(40, inherited=5, seed=seed)
    assert Epochs(records).best(metric) == best(records[5:], metric)


def test_epochs_that_a_fork_inherited_are_not_its_own_best() -> None:
    assert Epochs(many(5, inherited=5)).best("val_loss") is None
    assert Epochs(many(5, inherited=5)).inherited == 5
    assert Epochs().best("val_loss") is None


def test_columns_of_a_run_that_grew_are_those_of_one_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    records, names = many(30), ("epoch", "val_loss", "val_ece", "seconds", "learning_rate.backbone", "phase")
    short = Epochs(records[:20])
    before = [short.column(name) for name in names]
    asked: list[int] = []
    real = epochs._value
    monkeypatch.setattr(epochs, "_value", lambda record, name: asked.append(record.epoch) or real(record, name))
    grown = Epochs(records, short)
    found = [grown.column(name) for name in names]
    assert set(asked) == set(range(21, 31)), "only the new ones are looked at"
    for column, expected, old in zip(found, map(Epochs(records).column, names), before, strict=True):
        np.testing.assert_array_equal(column, expected)
        assert len(old) == 20


def test_phases_and_groups_of_rates_are_found() -> None:
    found = Epochs(many(20))
    assert found.phase_starts == [6, 13]
    assert found.rate_groups == ("head", "backbone") == Epochs(many(20)[14:]).rate_groups
    assert np.isnan(found.column("learning_rate.backbone")[:13]).all()
    assert found[-3:].column("epoch").tolist() == [18, 19, 20]


def test_threads_that_share_a_reader_read_each_epoch_once(run: store.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    log, reader = EpochLog(run, b""), EpochReader(run)
    real = epochs.records_of

    def slowly(content: bytes) -> list[EpochRecord]:
        time.sleep(0.02)
        return real(content)

    monkeypatch.setattr(epochs, "records_of", slowly)
    with ThreadPoolExecutor(8) as threads:
        for epoch in range(1, 6):
            log.append(record(epoch))
            found = list(threads.map(lambda _: reader.read(), range(8)))
            assert all([row.epoch for row in one] == list(range(1, epoch + 1)) for one in found)
