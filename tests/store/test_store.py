"""Runs on disk: made, found, read whatever happened to them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest

from tests.epoch_lines import append_line, read_lines
from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import RunState
from tl_core.store import Run, kept
from tl_core.store import run as run_folders


@pytest.fixture
def run(models: Path) -> Run:
    return store.create(models, ExperimentSpec(), "fine-tune")


def named(models: Path, *names: str) -> list[Run]:
    """Runs of given ids, made in the order written."""
    made = []
    for name in names:
        run = Run(models / "runs" / name)
        run.folder.mkdir(parents=True)
        (run.folder / "spec.json").write_text(json.dumps(ExperimentSpec().to_json()))
        (run.folder / "state.json").write_text('{"status": "finished"}')
        made.append(run)
    return made


def test_a_new_run_is_queued_and_keeps_what_was_asked_for(models: Path) -> None:
    spec = ExperimentSpec().with_values({"augment": "zoom,rotation:5", "head.hidden": [8]})
    made = store.create(models, spec, "My spec, v2!")
    assert made.id.endswith("-my-spec-v2-" + made.id[-4:])
    assert store.read_spec(made) == spec
    assert store.read_state(made).status == store.QUEUED
    assert read_lines(made) == []


@pytest.mark.parametrize("title", ["", "../../etc", "äöü", "a" * 500, "\0"])
def test_any_title_makes_a_folder_inside_runs(models: Path, title: str) -> None:
    made = store.create(models, ExperimentSpec(), title)
    assert made.folder.parent == models / "runs"
    assert len(made.id) < 60


def test_runs_made_at_once_have_ids_of_their_own(models: Path) -> None:
    made = [store.create(models, ExperimentSpec()) for _ in range(20)]
    assert len({run.id for run in made}) == 20
    assert store.runs(models) == made[::-1]


def test_a_run_made_when_the_same_id_is_drawn_again_leaves_the_earlier_one_alone(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr("tl_core.store.kept._next_second", lambda folder: "20260101-120000")
    monkeypatch.setattr("tl_core.store.kept.secrets.token_hex", lambda size: next(drawn))
    earlier, later = store.create(models, ExperimentSpec(), "same"), store.create(models, ExperimentSpec(), "same")
    assert [earlier.id[-4:], later.id[-4:]] == ["aaaa", "bbbb"]
    assert store.read_state(earlier).status == store.QUEUED


def test_a_models_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is not writable"):
        store.create(tmp_path / "file" / "models", ExperimentSpec())


def test_the_last_run_is_the_newest(models: Path) -> None:
    _, second = store.create(models, ExperimentSpec(), "z"), store.create(models, ExperimentSpec(), "a")
    assert store.find_run(models, "last") == second


@pytest.fixture
def at_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Sets time zone and UTC of this process: `at_clock("Asia/Tokyo", "2026-01-01 12:00:00")`."""

    def set_clock(zone: str, text: str) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(tz)

        monkeypatch.setenv("TZ", zone)
        time.tzset()
        monkeypatch.setattr(kept, "datetime", Clock)

    yield set_clock
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "clock"),
    [
        ("America/New_York", "2026-01-01 12:00:01"),  # Half a day behind; a second later.
        ("Asia/Tokyo", "2026-01-01 11:00:00"),  # The clock was set back.
        ("Asia/Tokyo", "1970-01-01 00:00:00"),
    ],
)
def test_the_last_run_is_the_newest_after_a_change_of_time_zone_or_clock(
    models: Path, at_clock: Callable[[str, str], None], zone: str, clock: str
) -> None:
    at_clock("Asia/Tokyo", "2026-01-01 12:00:00")
    store.create(models, ExperimentSpec(), "z")
    at_clock(zone, clock)
    made = [store.create(models, ExperimentSpec(), title) for title in ("y", "x")]
    assert store.find_run(models, "last") == made[-1]
    assert store.runs(models)[:2] == made[::-1]


def test_a_run_comes_after_those_of_an_earlier_version_with_local_times(
    models: Path, at_clock: Callable[[str, str], None]
) -> None:
    named(models, "20260101-210000-fine-tune-aaaa")  # Noon in UTC, by a clock in Tokyo.
    at_clock("Asia/Tokyo", "2026-01-01 12:00:01")
    run = store.create(models, ExperimentSpec(), "new")
    assert run.id.startswith("20260101-210001")
    assert store.find_run(models, "last") == run


def test_a_run_is_found_by_its_id_or_a_part_of_it(models: Path) -> None:
    one, two = named(models, "20260101-120000-fine-tune-aaaa", "20260102-120000-from-scratch-bbbb")
    assert store.find_run(models, one.id) == one
    assert store.find_run(models, "scratch") == two
    assert store.find_run(models, "20260101") == one


def test_an_id_that_is_a_part_of_another_is_still_found(models: Path) -> None:
    one, _ = named(models, "20260101-120000-run-aaaa", "20260101-120000-run-aaaab")
    assert store.find_run(models, one.id) == one


def test_a_part_that_several_runs_have_lists_them(models: Path) -> None:
    named(models, "20260101-120000-fine-tune-aaaa", "20260102-120000-fine-tune-bbbb")
    with pytest.raises(BadInput, match="several runs match 'fine'") as caught:
        store.find_run(models, "fine")
    assert "aaaa" in str(caught.value) and "bbbb" in str(caught.value)


@pytest.mark.parametrize("text", ["20260101-120000-fine-tune-aaax", "nothing like it", ""])
def test_an_unknown_run_lists_near_ones(models: Path, text: str) -> None:
    named(models, "20260101-120000-fine-tune-aaaa")
    with pytest.raises(BadInput, match="Did you mean 20260101-120000-fine-tune-aaaa"):
        store.find_run(models, text)


@pytest.mark.parametrize("text", ["last", "x"])
def test_an_empty_store_says_how_to_start(models: Path, text: str) -> None:
    assert store.runs(models) == []
    with pytest.raises(BadInput, match="has no runs yet"):
        store.find_run(models, text)


def test_folders_that_are_no_runs_are_not_listed(models: Path, run: Run) -> None:
    (models / "runs" / "notes").mkdir()
    (models / "runs" / "file.txt").write_text("")
    assert store.runs(models) == [run]


def test_a_thousand_runs_are_listed_newest_first(models: Path) -> None:
    named(models, *(f"20260101-{number:06d}-run-aaaa" for number in range(1000)))
    found = store.runs(models)
    assert len(found) == 1000
    assert found[0].id.startswith("20260101-000999")
    assert {store.read_state(run).status for run in found} == {"finished"}


def test_a_torn_last_line_is_left_out(run: Run) -> None:
    for epoch in (1, 2):
        append_line(run, {"epoch": epoch, "val_loss": 0.5})
    whole = (run.folder / "metrics.jsonl").read_bytes()
    line = len(whole) // 2
    for end in range(line, len(whole)):
        (run.folder / "metrics.jsonl").write_bytes(whole[:end])
        assert [found["epoch"] for found in read_lines(run)] == [1]
    (run.folder / "metrics.jsonl").write_bytes(whole + b"\xc3")
    assert [found["epoch"] for found in read_lines(run)] == [1, 2]


def test_a_damaged_line_in_the_middle_is_said(run: Run) -> None:
    (run.folder / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo\n{"epoch": 3}\n')
    with pytest.raises(BadInput, match=r"metrics\.jsonl: is damaged"):
        read_lines(run)


def test_a_number_that_is_not_json_is_never_written(run: Run) -> None:
    with pytest.raises(ValueError):
        append_line(run, {"epoch": 1, "val_loss": float("nan")})
    assert read_lines(run) == []


def test_a_run_whose_process_was_killed_is_interrupted(run: Run) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tl_core.store import Run, this_process, write_state;"
        "write_state(Run(Path(sys.argv[1])), status='running', **this_process()); print('there', flush=True); time.sleep(60)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code, run.folder], stdout=subprocess.PIPE)
    assert worker.stdout is not None and worker.stdout.readline() == b"there\n"
    assert store.read_state(run).status == store.RUNNING
    worker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while store.read_state(run).status == store.RUNNING:  # A zombie, not yet waited for, counts as gone.
        assert time.monotonic() < deadline
    assert store.read_state(run).status == store.INTERRUPTED
    worker.wait()
    worker.stdout.close()
    state = store.read_state(run)
    assert state.status == store.INTERRUPTED
    assert "ended unexpectedly" in state.message
    assert json.loads((run.folder / "state.json").read_text())["status"] == store.RUNNING  # Reading never writes.


def test_a_process_number_given_to_another_process_is_not_running(run: Run) -> None:
    here = store.this_process()
    store.write_state(run, status=store.RUNNING, **here)
    assert store.read_state(run).status == store.RUNNING
    store.write_state(run, pid=here["pid"], process_started=here["process_started"] - 60)
    assert store.read_state(run).status == store.INTERRUPTED


@pytest.mark.parametrize("moved", [-1.0, 1.0, 2.0])
def test_a_run_goes_on_running_while_the_clock_is_corrected(run: Run, moved: float) -> None:
    here = store.this_process()
    store.write_state(run, status=store.RUNNING, pid=here["pid"], process_started=here["process_started"] + moved)
    assert store.read_state(run).status == store.RUNNING


@pytest.mark.parametrize("missing", ["pid", "process_started"])
def test_a_running_state_that_names_no_process_is_interrupted(run: Run, missing: str) -> None:
    store.write_state(run, status=store.RUNNING, **{**store.this_process(), missing: None})
    assert store.read_state(run).status == store.INTERRUPTED


@pytest.mark.parametrize(("pid", "started"), [(-1, 1.0), ("a", 1.0), (1.5, 1.0), (1, "a"), ([], {})])
def test_a_running_state_that_names_nonsense_is_interrupted(run: Run, pid: object, started: object) -> None:
    store.write_state(run, status=store.RUNNING, pid=pid, process_started=started)
    assert store.read_state(run).status == store.INTERRUPTED


DAMAGED = ["", "{", "[]", "7", "null", "{}", '{"status": "dancing"}', '{"status": ["running"]}']


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_state_is_said_and_does_not_hide_the_other_runs(models: Path, run: Run, text: str) -> None:
    (run.folder / "state.json").write_text(text)
    other = store.create(models, ExperimentSpec())
    states = {found: store.read_state(found) for found in store.runs(models)}
    assert states[other].status == store.QUEUED
    assert states[run].status == store.FAILED
    assert "state.json: is damaged" in states[run].message


@pytest.mark.parametrize("text", DAMAGED)
def test_whoever_holds_a_run_can_replace_a_damaged_state(run: Run, text: str) -> None:
    (run.folder / "state.json").write_text(text)
    store.write_state(run, status=store.STOPPED, epoch=3)
    assert store.read_state(run) == RunState(store.STOPPED, epoch=3)


def test_a_missing_state_is_said(run: Run) -> None:
    (run.folder / "state.json").unlink()
    assert store.read_state(run).status == store.FAILED


def test_a_damaged_spec_is_said_and_does_not_hide_the_other_runs(models: Path, run: Run) -> None:
    (run.folder / "spec.json").write_text("{")
    other = store.create(models, ExperimentSpec())
    assert set(store.runs(models)) == {run, other}
    with pytest.raises(BadInput, match=r"spec\.json"):
        store.read_spec(run)


def test_a_run_that_is_deleted_while_it_is_read_is_a_failed_one(run: Run) -> None:
    shutil.rmtree(run.folder)
    assert store.read_state(run).status == store.FAILED
    assert read_lines(run) == []


def test_a_field_that_no_state_has_is_refused(run: Run) -> None:
    with pytest.raises(TypeError, match="epcoh"):
        store.write_state(run, epcoh=2)


def test_what_another_version_wrote_stays_in_the_file(run: Run) -> None:
    values = {"status": "stopped", "idea_of_tomorrow": [1], "seconds": "long"}
    (run.folder / "state.json").write_text(json.dumps(values))
    store.write_state(run, epoch=2)
    assert json.loads((run.folder / "state.json").read_text()) == {**values, "epoch": 2}
    assert store.read_state(run) == RunState(store.STOPPED, epoch=2, malformed=("seconds",))


def test_changing_a_state_keeps_its_other_entries(run: Run) -> None:
    before = store.read_state(run)
    store.write_state(run, epoch=2)
    assert store.read_state(run) == replace(before, epoch=2)


def test_the_models_folder_is_what_is_given_or_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_MODELS", "from-the-environment")
    assert store.models_folder("given") == Path("given")
    assert store.models_folder() == Path("from-the-environment")
    monkeypatch.delenv("TL_MODELS")
    assert store.models_folder() == Path("models")


@pytest.mark.parametrize("error", [BadInput.of("start.epoch", "is not kept"), KeyboardInterrupt()])
def test_a_run_that_cannot_be_filled_leaves_no_folder(models: Path, error: BaseException) -> None:
    def fill(_: store.Run) -> None:
        raise error

    with pytest.raises(type(error)):
        run_folders.create(models, ExperimentSpec(), "half", fill)
    assert list((models / "runs").iterdir()) == []
