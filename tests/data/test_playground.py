import subprocess
import sys

import numpy as np
import pytest

from tests.each import for_each
from tl_core.data.playground import KINDS, NATIVE_SIZE, PlaygroundOptions, load, render
from tl_core.data.playground.recipe import BY_NAME, STYLES, Pattern
from tl_core.errors import BadInput
from tl_core.params import parameters, validated


def pixels(*arguments, **options):
    return np.asarray(render(*arguments, **options), dtype=np.float64)


def options(**values):
    return PlaygroundOptions(**{"classes": 3, "images_per_class": 20, **values})


def wrong(dataset):
    return {item.key: item.label for item in dataset.items if KINDS[item.label] != item.key.split("/")[0]}


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    @for_each("size", [32, 33, 96])
    def test_is_rendered_as_rgb_in_the_size_asked_for(self, kind, size):
        image = render(kind, 3, size=size)
        assert (image.mode, image.size) == ("RGB", (size, size))

    def test_gives_the_same_picture_again_whatever_was_rendered_between(self, kind):
        first = render(kind, 5, seed=2).tobytes()
        render("duck", 6, seed=2, difficulty=1.0)
        assert render(kind, 5, seed=2).tobytes() == first

    def test_gives_another_picture_for_another_number_seed_or_difficulty(self, kind):
        pictures = {
            render(kind, 0).tobytes(),
            render(kind, 1).tobytes(),
            render(kind, 0, seed=1).tobytes(),
            render(kind, 0, difficulty=0.6).tobytes(),
        }
        assert len(pictures) == 4

    @for_each("difficulty", [0.0, 0.5, 1.0])
    def test_is_never_blank(self, kind, difficulty):
        for number in range(3):
            assert pixels(kind, number, difficulty=difficulty).std(axis=(0, 1)).max() > 8

    def test_stands_out_in_the_middle_of_an_easy_picture(self, kind):
        picture = pixels(kind, 0, difficulty=0.0)
        middle, edge = picture[32:64, 32:64].reshape(-1, 3), picture[:, :8].reshape(-1, 3)
        assert np.abs(middle.mean(axis=0) - edge.mean(axis=0)).max() > 20

    def test_lies_within_the_ball_that_is_traced(self, kind):
        direction = np.random.default_rng(0).normal(size=(3, 2000)).astype(np.float32)
        x, y, z = direction / np.linalg.norm(direction, axis=0) * np.float32(1.12)
        for shape in ((-1.2,) * 6, (0.0,) * 6, (1.2,) * 6):
            assert min(part.min() for part in BY_NAME[kind].solid((x, y, z), shape)) > -0.12

    def test_has_a_colour_for_each_part_and_mark(self, kind):
        row, p = BY_NAME[kind], (np.zeros(2, np.float32),) * 3
        assert len(row.solid(p, (0.0,) * 6)) == len(row.parts)
        assert len(row.marks(p, (0.0,) * 6)) == len(row.paints)
        assert row.sibling in KINDS and row.sibling != kind


def test_the_difficulty_is_a_smooth_dial():
    for kind in KINDS[:4]:
        near = np.abs(pixels(kind, 1, difficulty=0.4) - pixels(kind, 1, difficulty=0.401)).mean()
        far = np.abs(pixels(kind, 1, difficulty=0.4) - pixels(kind, 1, difficulty=0.9)).mean()
        assert near < 2 < far


def test_a_larger_picture_shows_the_same_scene():
    large = render("house", 2, size=192).resize((96, 96))
    assert np.abs(np.asarray(large, dtype=np.float64) - pixels("house", 2)).mean() < 4


@pytest.mark.parametrize("style", STYLES)
def test_every_texture_gives_shares_between_nothing_and_its_strength(style):
    from tl_core.data.playground.colours import texture

    points = tuple(np.random.default_rng(0).uniform(-1, 1, (3, 500)).astype(np.float32))
    shares = np.broadcast_to(texture(points, Pattern(style, 4.0, (0.1, 0.2, 0.3), 0.7)), 500)
    assert shares.min() >= 0 and shares.max() <= 0.7 + 1e-6
    assert shares.max() == 0 if style == "plain" else shares.std() > 0.05


def test_an_unknown_kind_is_refused_with_the_nearest_name():
    with pytest.raises(BadInput, match="mushroom"):
        render("mushrom", 0)


def test_a_difficulty_out_of_range_is_refused_when_rendering():
    with pytest.raises(BadInput, match="0 to 1"):
        render("mug", 0, difficulty=1.5)


def test_loading_gives_exactly_the_classes_and_counts_asked_for():
    dataset = load(options(classes=5, images_per_class=7), "playground")
    assert dataset.class_names == KINDS[:5]
    assert np.bincount(dataset.labels).tolist() == [7] * 5
    assert len({item.key for item in dataset.items}) == len({item.digest for item in dataset.items}) == 35
    assert {item.part for item in dataset.items} == {None}


def test_an_opened_item_is_the_rendered_picture_of_its_key():
    dataset = load(options(difficulty=0.3, seed=4), "playground")
    item = next(item for item in dataset.items if item.key == "duck/0011")
    image = dataset.open_image(item)
    assert image.size == (NATIVE_SIZE, NATIVE_SIZE)
    assert image.tobytes() == render("duck", 11, seed=4, difficulty=0.3).tobytes()


@pytest.mark.parametrize("classes", [2, 6])
@pytest.mark.parametrize("share", [0.0, 0.13, 0.5, 0.9])
def test_label_noise_flips_exactly_the_stated_share(classes, share):
    dataset = load(options(classes=classes, label_noise=share), "playground")
    assert len(wrong(dataset)) == round(share * classes * 20)


def test_label_noise_reaches_every_other_class_about_equally():
    dataset = load(options(classes=4, images_per_class=500, label_noise=0.9), "playground")
    given = np.bincount([item.label for item in dataset.items if item.key.startswith("mug")], minlength=4)
    assert given[0] < 80 and (np.abs(given[1:] - 150) < 45).all()


def test_more_label_noise_keeps_the_labels_that_were_wrong_already():
    few, many = wrong(load(options(label_noise=0.2), "a")), wrong(load(options(label_noise=0.6), "a"))
    assert few.items() < many.items()


@pytest.mark.parametrize(
    "change",
    [{"classes": 4}, {"images_per_class": 21}, {"label_noise": 0.2}, {"difficulty": 0.55}, {"seed": 1}],
    ids=lambda change: next(iter(change)),
)
def test_the_fingerprint_changes_with_every_knob(change):
    assert load(options(**change), "a").fingerprint != load(options(), "a").fingerprint


def test_the_fingerprint_does_not_depend_on_the_text_of_the_source():
    assert load(options(), "playground").fingerprint == load(options(), "playground:difficulty=0.5").fingerprint


def test_adding_images_leaves_those_that_were_there_as_they_were():
    few, many = load(options(), "a"), load(options(images_per_class=40, classes=5), "a")
    assert {item.digest for item in few.items} < {item.digest for item in many.items}


@pytest.mark.parametrize(
    ("values", "path"),
    [({"difficulty": 7}, "difficulty"), ({"classes": 13}, "classes"), ({"images_per_class": 5001}, "images_per_class")],
)
def test_an_option_out_of_range_is_refused_with_what_is_allowed(values, path):
    with pytest.raises(BadInput) as caught:
        validated(PlaygroundOptions, values, "data.options.")
    problem = caught.value.problems[0]
    assert problem.path == f"data.options.{path}"
    assert "allowed is" in problem.message and " to " in problem.message


def test_every_knob_has_help_and_a_range():
    for row in parameters(PlaygroundOptions):
        assert row.help.endswith(".") and row.low is not None and row.high is not None


def test_importing_the_playground_loads_no_heavy_module():
    heavy = "{'keras', 'tensorflow', 'pandas', 'streamlit', 'sklearn', 'scipy', 'openvino'}"
    code = f"import sys, tl_core.data.playground; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
