"""What a person is told of a split that can be used but not believed."""

from __future__ import annotations

from tl_core.data.sources import load_dataset
from tl_core.data.split import split
from tl_core.data.warnings import remarks


def remarks_on(root) -> tuple[str, ...]:
    dataset = load_dataset(f"folder:{root}")
    return remarks(dataset, split(dataset, validation_share=0.25, test_share=0.25))


def test_an_ordinary_split_gives_no_remark(photos):
    assert remarks_on(photos("a", "b", each=12)) == ()


def test_copies_of_training_images_in_a_part_that_came_with_the_data_are_counted(photos):
    root = photos("a", "b", each=8, inside="train").parent
    photos("a", "b", each=6, inside="validation")
    (said,) = remarks_on(root)
    assert said.startswith("12 of the validation images also stand in the training part")


def test_a_class_that_a_part_has_none_of_is_named(photos):
    root = photos("a", "b", each=12)
    single = root / "lonely"
    single.mkdir()
    first = next((root / "a").iterdir())
    (single / first.name).write_bytes(first.read_bytes() + b" ")
    assert any("no image of lonely" in text for text in remarks_on(root))
