"""Settings changed while a run trains: asked for by anyone, in force from an epoch on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.each import for_each
from tests.pages.folders import trained_here
from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import PARAMETERS
from tl_core.store import live_changes
from tl_core.store.live_changes import ADJUSTABLE, LiveChange


@pytest.fixture
def run(models: Path) -> store.Run:
    return store.create(models, PRESETS["fine-tune"].spec({"train.head_epochs": 2, "train.epochs": 6}))


VALUES: dict[str, Any] = {
    "head.dropout": 0.6,
    "train.learning_rate": 1e-4,
    "train.backbone_learning_rate": 1e-6,
    "augment": {"rotation": 10},
}


def in_force(run: store.Run, path: str) -> Any:
    section, _, name = path.partition(".")
    value = live_changes.current_spec(run).to_json()[section]
    return value[name] if name else value


@pytest.mark.parametrize("path", ADJUSTABLE)
def test_every_adjustable_setting_counts_once_it_is_in_force_and_not_before(run: store.Run, path: str) -> None:
    before = in_force(run, path)
    live_changes.ask(run, {path: VALUES[path]})
    assert live_changes.asked(run) == {path: VALUES[path]}
    assert in_force(run, path) == before
    assert live_changes.put_in_force(run, 4) == LiveChange(4, {path: VALUES[path]})
    expected = store.read_spec(run).with_values({path: VALUES[path]})
    assert live_changes.current_spec(run) == expected != store.read_spec(run)


def test_what_is_in_force_is_not_asked_for_any_more(run: store.Run) -> None:
    live_changes.ask(run, {"head.dropout": 0.6})
    live_changes.put_in_force(run, 4)
    assert live_changes.asked(run) is None
    assert live_changes.put_in_force(run, 5) is None
    assert [entry.epoch for entry in live_changes.changes_in_force(run)] == [4]


def test_nothing_is_asked_of_a_run_nobody_spoke_to(run: store.Run) -> None:
    assert live_changes.asked(run) is None
    assert live_changes.changes_in_force(run) == ()
    assert live_changes.current_spec(run) == store.read_spec(run)


def test_of_several_requests_before_an_epoch_the_last_counts(run: store.Run) -> None:
    live_changes.ask(run, {"head.dropout": 0.6, "train.learning_rate": 1e-4})
    live_changes.ask(run, {"head.dropout": 0.1})
    made = live_changes.put_in_force(run, 3)
    assert made == LiveChange(3, {"head.dropout": 0.1})
    assert live_changes.current_spec(run).train.learning_rate == store.read_spec(run).train.learning_rate


def test_a_later_one_counts_over_an_earlier_one(run: store.Run) -> None:
    for epoch, dropout in ((3, 0.6), (5, 0.1)):
        live_changes.ask(run, {"head.dropout": dropout})
        live_changes.put_in_force(run, epoch)
    planned = resolve(store.read_spec(run)).with_changes(live_changes.changes_in_force(run)).phases
    found = {epoch: phase.spec.head.dropout for phase in planned for epoch in range(phase.first, phase.last + 1)}
    assert [found[epoch] for epoch in (3, 4, 5, 8)] == [0.6, 0.6, 0.1, 0.1]
    assert found[2] == store.read_spec(run).head.dropout


@for_each("path", [row.path for row in PARAMETERS if row.path not in ADJUSTABLE])
def test_no_other_setting_can_be_changed_while_a_run_trains(run: store.Run, path: str) -> None:
    with pytest.raises(BadInput, match="cannot change while a run trains") as raised:
        live_changes.ask(run, {"head.dropout": 0.6, path: 1})
    assert raised.value.problems[0].path == path
    assert "Fork the run" in raised.value.problems[0].remedy
    assert live_changes.asked(run) is None


def test_a_value_that_is_not_allowed_is_refused_with_what_is(run: store.Run) -> None:
    with pytest.raises(BadInput, match=r"0 to 0\.95"):
        live_changes.ask(run, {"head.dropout": 2})
    assert live_changes.asked(run) is None


@pytest.mark.parametrize("step", ["write_json", "unlink"])
def test_a_kill_while_it_is_put_in_force_and_again_after_a_resume_comes_to_the_same(
    run: store.Run, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    live_changes.ask(run, {"head.dropout": 0.6})

    real = Path.unlink

    def die(path: Path, *arguments: Any, **options: Any) -> None:
        if path.name in ("adjust.taken.json", "adjustments.json"):
            raise KeyboardInterrupt
        real(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(*((Path, "unlink") if step == "unlink" else (live_changes, "write_json")), die)
        with pytest.raises(KeyboardInterrupt):
            live_changes.put_in_force(run, 4)
    # The epoch never began, so the process that resumes begins it, and asks again.
    assert live_changes.put_in_force(run, 4) == LiveChange(4, {"head.dropout": 0.6})
    assert live_changes.changes_in_force(run) == (LiveChange(4, {"head.dropout": 0.6}),)
    assert live_changes.asked(run) is None


def test_what_is_asked_for_while_another_is_put_in_force_waits_for_the_next_epoch(
    run: store.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_changes.ask(run, {"head.dropout": 0.6})
    real = live_changes.write_json

    def ask_meanwhile(path: Path, value: Any) -> None:
        real(path, value)
        real(run.folder / "adjust.json", {"head.dropout": 0.1})

    with monkeypatch.context() as patched:
        patched.setattr(live_changes, "write_json", ask_meanwhile)
        live_changes.put_in_force(run, 4)
    assert live_changes.put_in_force(run, 5) == LiveChange(5, {"head.dropout": 0.1})


def test_an_epoch_that_is_trained_again_has_the_settings_it_had(run: store.Run) -> None:
    """A run killed in epoch 4 resumes there: what was put in force for it still is, and asks for nothing."""
    live_changes.ask(run, {"head.dropout": 0.6})
    live_changes.put_in_force(run, 4)
    assert live_changes.put_in_force(run, 4) is None
    (changed,) = [
        phase
        for phase in resolve(store.read_spec(run)).with_changes(live_changes.changes_in_force(run)).phases
        if phase.first == 4
    ]
    assert changed.spec.head.dropout == 0.6


@pytest.mark.parametrize("content", ["{", "[1]", '[{"epoch": 3}]', '{"epoch": 3}', '[{"epoch": "x", "values": {}}]'])
def test_a_damaged_record_of_what_is_in_force_is_an_error_and_not_ignored(run: store.Run, content: str) -> None:
    (run.folder / "adjustments.json").write_text(content)
    with pytest.raises(BadInput, match="damaged"):
        live_changes.changes_in_force(run)


@pytest.mark.parametrize("content", ["{", "[1]", "7"])
def test_a_damaged_request_is_an_error_and_not_ignored(run: store.Run, content: str) -> None:
    (run.folder / "adjust.json").write_text(content)
    with pytest.raises(BadInput, match="damaged"):
        live_changes.asked(run)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1]", "damaged"),
        ('{"backbone.freeze": "none"}', "asks to change backbone.freeze"),
        ('{"head.dropout": 7}', "head.dropout"),
    ],
)
def test_a_request_that_was_written_by_hand_and_is_wrong_is_never_put_in_force(
    run: store.Run, content: str, said: str
) -> None:
    (run.folder / "adjust.json").write_text(content)
    for _ in range(2):  # It says so again to whoever resumes, until the file is corrected or gone.
        with pytest.raises(BadInput, match=said):
            live_changes.put_in_force(run, 4)
    assert live_changes.changes_in_force(run) == ()
    (run.folder / "adjust.taken.json").unlink()
    assert live_changes.put_in_force(run, 4) is None


def test_a_request_that_comes_between_reading_and_recording_another_is_not_lost(
    run: store.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_changes.ask(run, {"head.dropout": 0.6})
    real = live_changes.read_json

    def ask_meanwhile(path: Path, *given: Any, **named: Any) -> Any:
        content = real(path, *given, **named)
        if path.name.startswith("adjust."):
            live_changes.ask(
                run, {"head.dropout": 0.6}
            )  # The same once more: it is not told from the first by its values.
        return content

    with monkeypatch.context() as patched:
        patched.setattr(live_changes, "read_json", ask_meanwhile)
        live_changes.put_in_force(run, 4)
    assert live_changes.put_in_force(run, 5) == LiveChange(5, {"head.dropout": 0.6})


def test_what_was_asked_for_can_be_taken_back_until_it_counts(run: store.Run) -> None:
    live_changes.ask(run, {"head.dropout": 0.6})
    live_changes.ask(run, {})
    assert live_changes.asked(run) is None
    assert live_changes.put_in_force(run, 4) is None
    live_changes.ask(run, {})


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ({"status": store.FINISHED, "epoch": 3, "epochs": 8}, False),
        ({"status": store.STOPPED, "epoch": 7, "epochs": 8}, True),
        ({**trained_here(), "status": store.RUNNING, "epoch": 6, "epochs": 8}, True),
        ({**trained_here(), "status": store.RUNNING, "epoch": 7, "epochs": 8}, False),
    ],
    ids=["finished", "stopped before the last", "in the last but one", "in the last"],
)
def test_nothing_is_asked_of_a_run_without_another_epoch(run: store.Run, state: dict[str, Any], allowed: bool) -> None:
    store.write_state(run, **state)
    assert live_changes.has_next_epoch(run) == allowed
    if not allowed:
        with pytest.raises(BadInput, match="no epoch left"):
            live_changes.ask(run, {"head.dropout": 0.6})
        assert live_changes.asked(run) is None
