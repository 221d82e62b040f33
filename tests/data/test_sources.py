"""The table of sources: one contract for every row, and a sentence for every text that names none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tl_core.data.sources import SOURCES, anchored, load_dataset, parse, short_name
from tl_core.errors import BadInput
from tl_core.params import parameters


def text_of(name, photos):
    """A small dataset of each row."""
    return {"playground": "playground:classes=3,images_per_class=4", "folder": f"folder:{photos()}"}.get(name, name)


def refused(source):
    with pytest.raises(BadInput) as caught:
        load_dataset(source)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("row", SOURCES, ids=SOURCES.names)
class TestEveryRow:
    @pytest.fixture
    def source(self, row, photos):
        return text_of(row.name, photos)

    def test_says_what_it_is_in_words(self, row):
        assert row.title and row.help.endswith(".") and row.licence
        assert row.form.startswith(row.name)

    def test_gives_items_with_names_of_their_own_and_labels_within_the_classes(self, source):
        dataset = load_dataset(source)
        assert dataset.source == source
        assert len({item.key for item in dataset.items}) == len(dataset.items) > 0
        assert set(dataset.labels) == set(range(len(dataset.class_names)))
        assert (dataset.labels.shape, dataset.labels.dtype) == ((len(dataset.items),), np.int64)
        assert len(set(dataset.class_names)) == len(dataset.class_names) >= 2

    def test_opens_rgb_images_the_same_each_time(self, source):
        dataset = load_dataset(source)
        for item in (dataset.items[0], dataset.items[-1]):
            image = dataset.open_image(item)
            assert image.mode == "RGB"
            assert min(image.size) >= 1
            assert dataset.open_image(item).tobytes() == image.tobytes()

    def test_gives_equal_digests_to_equal_pictures_only(self, source):
        dataset = load_dataset(source)
        some = dataset.items[:3] + dataset.items[-3:]
        pictures = {item.digest: dataset.open_image(item).tobytes() for item in some}
        assert len(set(pictures.values())) == len(pictures)

    def test_gives_the_same_items_and_fingerprint_again(self, source):
        first, second = load_dataset(source), load_dataset(source)
        assert (first.items, first.fingerprint, first.skipped) == (second.items, second.fingerprint, second.skipped)

    def test_is_kept_by_anchoring(self, source):
        assert load_dataset(anchored(source)).fingerprint == load_dataset(source).fingerprint

    def test_explains_each_of_its_knobs(self, row):
        assert all(param.help for param in parameters(row.options)) if row.options else True


def test_the_text_of_a_source_gives_its_row_and_knobs():
    row, options = parse("playground: classes=4 , difficulty=0.25")
    assert (row.name, options.classes, options.difficulty, options.images_per_class) == ("playground", 4, 0.25, 120)


def test_a_source_without_knobs_takes_the_defaults():
    assert parse("playground")[1] == parse("playground:")[1]


def test_a_path_may_hold_colons_commas_and_equal_signs():
    row, path = parse("folder:C:/photos, best=1")
    assert (row.name, path) == ("folder", "C:/photos, best=1")


def test_two_texts_of_the_same_knobs_have_one_fingerprint_and_others_another():
    same = {
        load_dataset(f"playground:{knobs}").fingerprint
        for knobs in ("classes=3,images_per_class=4", "images_per_class=4,classes=3")
    }
    assert len(same) == 1
    assert load_dataset("playground:classes=3,images_per_class=4,seed=1").fingerprint not in same


def test_an_unknown_source_names_the_nearest():
    problem = refused("playgruond")
    assert problem.path == "data.source"
    assert "playgruond" in problem.message
    assert problem.remedy == "Did you mean playground?"


def test_a_source_like_no_other_is_answered_with_all_names():
    assert all(name in refused("zzzz").remedy for name in SOURCES.names)


def test_an_unknown_knob_names_the_nearest():
    problem = refused("playground:clases=3")
    assert problem.path == "data.source.clases"
    assert "classes" in problem.remedy


@pytest.mark.parametrize(
    "value, allowed", [("1", "2 to"), ("abc", "2 to"), ("null", "2 to"), ("", "2 to"), ("NaN", "2 to")]
)
def test_a_bad_value_of_a_knob_says_what_was_received_and_what_is_allowed(value, allowed):
    problem = refused(f"playground:classes={value}")
    assert problem.path == "data.source.classes"
    assert "received" in problem.message
    assert allowed in problem.message


def test_a_knob_without_a_value_shows_how_it_is_written():
    assert "name=value" in refused("playground:classes").message


def test_what_stands_behind_the_colon_of_a_source_without_knobs_is_refused():
    assert "nothing after the colon" in refused("digits:8").message


@pytest.mark.parametrize("source", ["folder", "folder:", "folder:a\0b"])
def test_a_folder_without_a_path_is_refused_rather_than_the_current_one_read(source):
    assert refused(source).remedy == "Write folder:PATH."
    with pytest.raises(BadInput):
        anchored(source)


def test_a_relative_folder_is_anchored_so_that_it_is_found_from_anywhere(photos, tmp_path, monkeypatch):
    root = photos()
    monkeypatch.chdir(root.parent)
    source = anchored(f"folder:{root.name}")
    monkeypatch.chdir("/")
    assert Path(source.removeprefix("folder:")).is_absolute()
    assert len(load_dataset(source).items) == 12
    assert anchored(source) == source


def test_a_home_folder_is_anchored(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert anchored("folder:~/photos") == f"folder:{(tmp_path / 'photos').resolve()}"
    assert anchored("folder:~no-such-user-here/x").endswith("~no-such-user-here/x")


def test_other_sources_are_left_as_they_are():
    assert anchored("playground:classes=3") == "playground:classes=3"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("folder:/home/ann/photos/clothing", "clothing"),
        ("folder:clothing/", "clothing"),
        ("folder:/", "folder:/"),
        ("digits", "digits"),
        ("playground:classes=4", "playground:classes=4"),
        ("no such thing", "no such thing"),
    ],
)
def test_a_table_shows_a_folder_by_its_own_name_and_others_as_they_are_written(source, shown):
    assert short_name(source) == shown
