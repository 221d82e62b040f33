"""Every preset is a spec that can run, on every backbone; the page of settings is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.each import for_each
from tl_core.backbones import BACKBONES
from tl_core.cli.tables import settings_page
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS, Preset, cured
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.plan import plan

every_preset = for_each("preset", PRESETS, ids=PRESETS.names)
DATA = ("playground:images_per_class=100", "digits")


def test_the_presets_have_the_names_the_command_line_promises() -> None:
    assert PRESETS.names == (
        "feature-extraction",
        "solved-at-once",
        "fine-tune",
        "fine-tune-all",
        "gradual-unfreezing",
        "against-overfitting",
        "from-scratch",
        "early-features",
        "see-it-overfit",
    )


@every_preset
def test_a_preset_differs_from_the_defaults_in_every_value_it_names(preset: Preset) -> None:
    defaults = {row.path: row.default for row in PARAMETERS}
    assert preset.help.endswith(".")
    for path, value in preset.values.items():
        assert value != defaults[path]


@every_preset
@for_each("backbone", BACKBONES.names)
def test_a_preset_runs_on_every_backbone(preset: Preset, backbone: str, tmp_path: Path) -> None:
    spec = preset.spec({"backbone.name": backbone, "data.source": DATA[0]})
    made = plan(resolve(spec), tmp_path)
    assert made.problems == ()
    assert made.trainable > 0 and made.seconds > 0


@every_preset
def test_a_preset_runs_on_digits(preset: Preset, tmp_path: Path) -> None:
    made = plan(resolve(preset.spec({"data.source": DATA[1]})), tmp_path)
    assert made.problems == ()
    assert made.classes == 10


@pytest.mark.parametrize("source", DATA)
def test_the_defaults_have_no_problem(source: str, tmp_path: Path) -> None:
    assert plan(resolve(ExperimentSpec().with_values({"data.source": source})), tmp_path).problems == ()


@every_preset
def test_a_cure_changes_the_preset_can_run_and_needs_no_cure_itself(preset: Preset, tmp_path: Path) -> None:
    spec = preset.spec()
    healed = cured(spec)
    assert (healed is not None) == bool(preset.cure)
    if healed is not None:
        assert healed != spec
        assert plan(resolve(healed), tmp_path).problems == ()
        assert cured(healed) is None


def test_the_cure_keeps_the_data_that_overfit() -> None:
    spec = PRESETS["see-it-overfit"].spec({"data.source": "digits", "data.images_per_class": 20})
    healed = cured(spec)
    assert healed is not None
    assert healed.data == spec.data


def test_a_change_goes_over_the_presets_own_value() -> None:
    assert PRESETS["fine-tune"].spec({"train.epochs": 1}).train.epochs == 1


def test_an_unknown_preset_lists_near_ones() -> None:
    with pytest.raises(BadInput, match="Did you mean fine-tune"):
        PRESETS["finetune"]


def test_the_page_of_settings_is_made_from_the_code_as_it_is() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_page(), (
        "write it: python -m tl_core settings --write docs/settings.md"
    )


def test_the_page_names_every_setting_and_preset() -> None:
    page = settings_page()
    for row in PARAMETERS:
        assert f"| `{row.path}` |" in page
    for preset in PRESETS:
        assert f"| `{preset.name}` |" in page


def test_on_a_network_of_few_blocks_a_preset_trains_all_of_them_unless_you_say_how_many() -> None:
    spec = PRESETS["gradual-unfreezing"].spec({"backbone.name": "NASNetMobile"})
    assert spec.backbone.freeze == "none"
    assert [stage.freeze for stage in spec.train.stages] == ["all-but-1"]
    asked = {"backbone.name": "NASNetMobile", "backbone.freeze": "all", "train.stages": []}
    assert PRESETS["gradual-unfreezing"].spec(asked).backbone.freeze == "all"
    assert PRESETS["fine-tune"].spec({"backbone.name": "VGG16"}).backbone.freeze == "all-but-3"
