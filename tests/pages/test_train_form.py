"""The parts of the form: a widget for whatever row, the list of pictures, the chain of blocks, the command."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.common import param_widgets, planning, settings_text, spec_sharing
from pages.ui.train import block_chain, data_source, draft, editors, summary
from tests.conftest import Photos, photo
from tests.each import for_each
from tests.pages.test_spec_sharing import changes, otherwise
from tl_core.backbones import BACKBONES, Backbone
from tl_core.backbones.freezing import last_frozen, thawed_cuts, used_cuts
from tl_core.cli.options import read_experiment
from tl_core.data.sources import SOURCES, parse
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import PARAMETERS, DataSpec, ExperimentSpec
from tl_core.params import Param
from tl_core.plan import Plan, costs, phase_plan, plan
from tl_core.text import data_size

NEW_ROWS: Mapping[Param, tuple[Any, Any]] = {
    Param("new.slider", "A", "number", 0.2, "Help.", low=0, high=1, step=0.1): (0.2, 0.7),
    Param("new.whole", "A", "integer", 3, "Help.", low=1, high=9, step=2): (3, 5),
    Param("new.rate", "A", "number", 1e-3, "Help.", low=1e-9, high=10): (1e-3, 1e-5),
    Param("new.count", "A", "integer", 10, "Help.", low=1): (10, 12),
    Param("new.maybe", "A", "integer", None, "Help.", low=1, high=512, step=16, optional=True): (None, 96),
    Param("new.share", "A", "number", None, "Help.", low=0, high=1, step=0.1, optional=True): (0.5, None),
    Param("new.switch", "A", "switch", False, "Help."): (False, True),
    Param("new.few", "A", "choice", "one", "Help.", choices=("one", "two")): ("one", "two"),
    Param("new.many", "A", "choice", "1", "Help.", choices=tuple("123456")): ("1", "6"),
    Param("new.open", "A", "choice", None, "Help.", choices=tuple("12"), optional=True): (None, "2"),
    Param("new.text", "A", "text", "auto", "Help.", form="auto or FILE"): ("auto", "file:x*y_z"),
    Param("new.name", "A", "text", None, "Help.", optional=True): ("x", None),
    Param("new.list", "A", "list", (), "Help.", form="numbers, such as [64]"): ([], [128, 64]),
}
"""Rows that a later step may add, each with the value shown first and the one it is changed to."""


def widgets(rows: Mapping[Param, Any]) -> AppTest:
    """A page with the widgets of some rows at their values; what each tells is kept under `told:` and its path."""

    def page(rows):  # type: ignore[no-untyped-def]  # Runs alone, without this module's names.
        from functools import partial

        import streamlit as st

        from pages.ui.common import param_widgets

        def tell(path, new):  # type: ignore[no-untyped-def]
            st.session_state[f"told:{path}"] = new

        for row, value in rows.items():
            param_widgets.draw_param(row, value, row.path, partial(tell, row.path))

    test = AppTest.from_function(page, default_timeout=20, args=(rows,)).run()
    assert not test.exception
    return test


def told(test: AppTest, rows: Iterable[Param]) -> dict[str, Any]:
    """What the widgets told, by path."""
    keys = {row.path: f"told:{row.path}" for row in rows}
    return {path: test.session_state[key] for path, key in keys.items() if key in test.session_state}


def change(test: AppTest, row: Param, value: Any) -> None:
    """Gives the field this value as a person does; the page is drawn when it runs next."""
    kind = param_widgets.kind_of(row)
    field: Any = test.get_by_key(row.path)
    typed = ", ".join(map(str, value)) if isinstance(value, list) else value
    typed = "" if kind == "text" and value is None else typed
    field.set_value(typed)


def test_rows_that_the_form_has_never_seen_have_fields_that_show_and_tell_their_values() -> None:
    test = widgets({row: before for row, (before, _) in NEW_ROWS.items()})
    assert told(test, NEW_ROWS) == {}
    for row, (_, after) in NEW_ROWS.items():
        change(test, row, after)
    assert not test.run().exception
    assert told(test, NEW_ROWS) == {row.path: after for row, (_, after) in NEW_ROWS.items()}


PLAIN = [row for row in PARAMETERS if row.path not in editors.EDITORS]


def test_every_row_without_an_editor_of_its_own_has_a_field_that_tells_what_is_chosen() -> None:
    test = widgets({row: row.default for row in PLAIN})
    for row in PLAIN:
        change(test, row, otherwise(row))
    assert not test.run().exception
    values = told(test, PLAIN)
    assert values.keys() == {row.path for row in PLAIN}
    for row in PLAIN:
        asked = changes(row)
        assert ExperimentSpec().with_values({**asked, row.path: values[row.path]}) == ExperimentSpec().with_values(
            asked
        )


@for_each("row", PARAMETERS, ids=lambda row: row.path)
def test_the_help_of_a_field_says_what_it_does_what_is_allowed_and_its_name(row: Param) -> None:
    said = param_widgets.help_of(row).replace("\\", "")
    assert row.help in said
    assert row.allowed in said
    assert f"`{row.path}`" in said


def test_a_learning_rate_of_one_hundred_thousandth_can_be_typed() -> None:
    (row,) = (row for row in PARAMETERS if row.path == "train.learning_rate")
    test = widgets({row: 1e-3})
    assert test.number_input[0].proto.format == "%g"
    assert (test.number_input[0].min or 0) <= 1e-5


@for_each("row", SOURCES, ids=SOURCES.names)
def test_a_source_of_each_kind_is_written_and_read(row: data_source.Source) -> None:
    text = data_source.text_of(row, row.options() if row.options else None, "/a path: with, everything=1")
    assert parse(text)[0] == row
    assert text == (f"{row.name}:/a path: with, everything=1" if row.is_path else row.name)


def test_only_the_knobs_that_were_turned_stand_in_a_source() -> None:
    playground = SOURCES["playground"]
    assert playground.options
    text = data_source.text_of(playground, playground.options.model_validate({"classes": 4, "difficulty": 1.0}))
    assert text == "playground:classes=4,difficulty=1"


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that were listed, each time they were."""
    seen: list[str] = []

    def counted(data: DataSpec) -> Any:
        seen.append(data.source)
        return listed(data)

    listed = planning.listed
    monkeypatch.setattr(planning, "listed", counted)
    planning._listed.cache_clear()
    return seen


@pytest.mark.parametrize("inside", ["", "train"], ids=["classes", "parts"])
def test_a_folder_is_listed_again_only_where_it_changed(photos: Photos, listings: list[str], inside: str) -> None:
    root = photos("cat", "dog", inside=inside)
    if inside:
        shutil.copytree(root, root.parent / "validation")
    data = DataSpec(source=f"folder:{root.parent if inside else root}")
    before = planning.dataset_of(data)
    assert planning.dataset_of(data) is before
    assert len(listings) == 1
    photo(0, 99).save(root / "cat" / "new.png")
    os.utime(root / "cat", ns=(1, 1))  # Clocks of some disks are coarse.
    assert len(planning.dataset_of(data).items) == len(before.items) + 1
    assert len(listings) == 2


def test_a_folder_that_is_not_there_is_a_problem_and_then_seen_when_it_comes(photos: Photos, tmp_path: Path) -> None:
    data = DataSpec(source=f"folder:{tmp_path / 'photos'}")
    with pytest.raises(BadInput, match="no folder"):
        planning.dataset_of(data)
    photos("cat", "dog")
    assert planning.dataset_of(data).class_names == ("cat", "dog")


def test_lists_of_pictures_are_not_kept_without_end(photos: Photos, listings: list[str]) -> None:
    for number in range(10):
        planning.dataset_of(DataSpec(source=f"playground:classes=2,images_per_class=4,seed={number}"))
    assert planning._listed.cache_info().currsize <= 4


every_backbone = for_each("backbone", BACKBONES, ids=BACKBONES.names)


@every_backbone
@for_each("freeze", ["all", "none", "all-but-2"])
def test_the_chain_tells_frozen_and_trainable_blocks_apart(backbone: Backbone, freeze: str) -> None:
    spec = ExperimentSpec().with_values({"backbone.name": backbone.name, "backbone.freeze": freeze})
    links = block_chain.links(resolve(spec), images=100)
    assert tuple(link.name for link in links) == backbone.cut_names
    assert tuple(link.name for link in links if link.state == block_chain.TRAINS) == thawed_cuts(backbone, freeze)
    assert sum(link.ends_here for link in links) == (last_frozen(backbone, freeze) is not None)


@every_backbone
def test_blocks_above_the_output_are_unused_and_store_nothing(backbone: Backbone) -> None:
    spec = ExperimentSpec().with_values({"backbone.name": backbone.name, "backbone.output": "middle"})
    links = block_chain.links(resolve(spec), images=100)
    unused = backbone.cut_names[len(used_cuts(backbone, "middle")) :]
    assert tuple(link.name for link in links if link.state == block_chain.UNUSED) == unused
    assert all(link.boundary is None for link in links if link.name in unused)


@pytest.mark.parametrize("storage", ["float32", "float16"])
@pytest.mark.parametrize("freeze", ["all", "all-but-1", "all-but-3", "all-but-8"])
def test_the_size_at_the_boundary_is_what_the_plan_stores(freeze: str, storage: str, tmp_path: Path) -> None:
    spec = ExperimentSpec().with_values({"backbone.freeze": freeze, "train.feature_storage": storage})
    made = plan(resolve(spec), tmp_path)
    assert made.images
    (boundary,) = (link for link in block_chain.links(resolve(spec), sum(made.images.values())) if link.ends_here)
    assert boundary.boundary == made.phases[-1].feature_bytes


def test_the_plan_tells_features_that_are_there_from_those_to_be_stored() -> None:
    spec = ExperimentSpec()
    images = {"train": 60, "validation": 20, "test": 20}
    new, there = (phase_plan(resolve(spec).phases[0], images, 5, missing) for missing in (100, 0))
    assert f"| stored, {data_size(100 * 1280 * 4)} |" in summary._table(Plan((), phases=(new,)))
    assert "| stored already |" in summary._table(Plan((), phases=(there,)))
    assert there.reason.endswith("are stored already: nothing to compute.")


def test_the_plan_says_that_images_are_read_only_where_they_are() -> None:
    plan = phase_plan(resolve(ExperimentSpec()).phases[0], {"train": 60, "validation": 20, "test": 20}, 5, 0)
    # Of seconds whose sum, taken from the whole, does not leave quite what was added to it.
    twice = tuple(replace(plan, seconds=seconds) for seconds in (0.01, 0.52))
    made = Plan((), phases=twice, seconds=costs.BEGINNING_AND_END + sum(one.seconds for one in twice))
    assert "images read" not in summary._table(made)
    assert "images read" in summary._table(replace(made, seconds_decoding=2.0))


def test_the_chain_is_said_in_words_and_each_state_has_a_word_of_its_own() -> None:
    spec = ExperimentSpec().with_values({"backbone.freeze": "all-but-2", "backbone.output": "block6"})
    links = block_chain.links(resolve(spec), 100)
    html = block_chain.chain_html(links)
    assert 'role="group" aria-label="9 blocks' in html
    assert "frozen: stem, block1, block2, block3, block4; trains: block5, block6; unused: block7, final." in html
    for state in block_chain.MARKS:
        assert f"<span>{state}</span>" in html


def test_as_long_as_no_image_is_known_the_chain_claims_no_sizes() -> None:
    links = block_chain.links(resolve(ExperimentSpec()), images=0)
    assert all(link.boundary is None for link in links)
    assert "0 B" not in block_chain.chain_html(links)


def test_names_in_the_chain_cannot_be_markup() -> None:
    link = block_chain.Link("<script>", block_chain.FROZEN, 1, (1, 1, 1), 4, False)
    assert "<script>" not in block_chain.chain_html([link])


@for_each("preset", PRESETS, ids=PRESETS.names)
def test_the_command_of_a_preset_is_its_name(preset: Preset) -> None:
    assert spec_sharing.train_command(preset.spec(), Path("models")) == f"{spec_sharing.TRAIN} {preset.name}"


@for_each("row", PARAMETERS, ids=lambda row: row.path)
def test_the_command_trains_what_the_form_holds(row: Param) -> None:
    spec = PRESETS["fine-tune"].spec(changes(row))
    words = shlex.split(spec_sharing.train_command(spec, Path("/my models")))
    assert words[2:4] == ["tl_core", "train"]
    assert words[-2:] == ["--models", "/my models"]
    assert read_experiment(words[4], None, words[6:-2:2]) == spec
    assert len(words[6:-2:2]) <= len(changes(row))


def test_a_spec_file_is_read_as_it_was_saved() -> None:
    spec = PRESETS["fine-tune"].spec({"augment": "zoom,rotation:3"})
    assert summary.read_spec_file(json.dumps(spec.to_json()).encode()) == spec


@for_each(
    ("content", "said"),
    [
        (b"", "not a readable spec"),
        (b"\xff\xfe\x00{", "not a readable spec"),
        (b"[1, 2]", "no JSON object"),
        (b"[" * 50_000, "not a readable spec"),
        (b" " * 100_001, "bytes"),
        (b'{"version": 999}', "version"),
        (b'{"head": {"dropout": 2}, "train": {"epoch": 1}}', "head.dropout.*train.epoch"),
        (b'{"head": 3}', "group of settings"),
    ],
    ids=["empty", "bytes", "a list", "brackets", "large", "of a newer lab", "wrong values", "wrong shape"],
)
def test_a_file_that_is_no_spec_says_so_in_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=f"(?s){said}"):
        summary.read_spec_file(content)


def test_one_value_that_is_not_allowed_takes_no_other_along() -> None:
    spec, problems = draft.spec_from({"augment.flip": "horizontal", "train.epochs": 0, "data.image_size": 96})
    assert spec.data.image_size == 96
    assert {problem.path for problem in problems} == {"augment", "train.epochs"}


def test_settings_in_a_problem_are_called_what_the_form_calls_them() -> None:
    said = settings_text.with_titles("data.source: there is no folder 'a.b/data.py'; lower data.image_size.")
    assert said == "Dataset: there is no folder 'a.b/data.py'; lower Image size."
