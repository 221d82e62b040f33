"""Folders as people have them: every file is used, or listed with a reason; nothing outside the folder is ever read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import photo, write_photos
from tl_core.data import decode, folder
from tl_core.data.dataset import Unreadable
from tl_core.data.skipped import SkipKind, Skipped
from tl_core.errors import BadInput


def load(root):
    return folder.load(str(root), f"folder:{root}")


def reasons(dataset):
    return {skipped.key: skipped.reason for skipped in dataset.skipped}


def by_class(dataset):
    counts = dict.fromkeys(dataset.class_names, 0)
    for item in dataset.items:
        counts[dataset.class_names[item.label]] += 1
    return counts


def test_class_folders_give_classes_in_alphabetical_order_whatever_the_disk_lists_first(photos):
    dataset = load(photos("zebra", "ant", "mule", each=3))
    assert dataset.class_names == ("ant", "mule", "zebra")
    assert by_class(dataset) == {"ant": 3, "mule": 3, "zebra": 3}
    assert [item.key for item in dataset.items] == sorted(item.key for item in dataset.items)
    assert dataset.skipped == ()


def test_every_item_opens_as_the_picture_its_key_names(photos):
    root = photos("cat", "dog", each=3)
    dataset = load(root)
    assert [item.key for item in dataset.items[:3]] == ["cat/000.jpg", "cat/001.jpg", "cat/002.png"]
    assert all(dataset.open_image(item).size == (40, 30) for item in dataset.items)
    assert dataset.open_image(dataset.items[2]).tobytes() == photo(0, 2).tobytes()


def test_folders_inside_a_class_belong_to_that_class(photos):
    root = photos("cat", "dog", each=2)
    (root / "cat" / "day" / "garden").mkdir(parents=True)
    photo(0, 50).save(root / "cat" / "day" / "garden" / "a.png")
    dataset = load(root)
    assert by_class(dataset) == {"cat": 3, "dog": 2}
    assert "cat/day/garden/a.png" in {item.key for item in dataset.items}


LITTER = (
    "__MACOSX/cat/._000.jpg",
    "cat/__MACOSX/000.jpg",
    "cat/._000.jpg",
    "cat/.DS_Store",
    "cat/Thumbs.db",
    "cat/ehthumbs.db",
    "cat/Desktop.ini",
    "cat/Icon\r",
    "cat/~$a.jpg",
    "cat/000.jpg:Zone.Identifier",
    ".git/x.jpg",
    "dog/.hidden/a.jpg",
    ".Spotlight-V100/a.jpg",
    "cat/.ipynb_checkpoints/a.jpg",
    "__pycache__/a.jpg",
    "@eaDir/cat/a.jpg",
    "cat/@eaDir/000.jpg/SYNOPHOTO_THUMB_M.jpg",
    "$RECYCLE.BIN/a.jpg",
    "System Volume Information/a.jpg",
    "lost+found/a.jpg",
    "dog/#recycle/a.jpg",
)


def test_what_a_mac_or_windows_leaves_behind_is_no_class_and_no_picture(photos):
    root = photos("cat", "dog", each=2)
    before = load(root)
    for name in LITTER:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "cat" / "000.jpg", root / name)
    after = load(root)
    assert (after.items, after.skipped, after.fingerprint) == (before.items, (), before.fingerprint)


def test_an_empty_class_folder_is_left_out_and_listed(photos):
    root = photos("cat", "dog", each=2)
    (root / "eel" / "inner").mkdir(parents=True)
    dataset = load(root)
    assert dataset.class_names == ("cat", "dog")
    assert reasons(dataset) == {"eel/": "no usable image in this class folder; the class is skipped"}


def test_a_class_folder_of_other_files_is_left_out_and_each_of_them_listed(photos):
    root = photos("cat", "dog", each=2)
    (root / "labels").mkdir()
    (root / "labels" / "all.csv").write_text("a,b")
    assert set(reasons(load(root))) == {"labels/all.csv", "labels/"}


def test_pictures_that_stand_in_no_class_folder_are_listed(photos):
    root = photos("cat", "dog", each=2)
    photo(0, 9).save(root / "lone.jpg")
    assert reasons(load(root)) == {"lone.jpg": "not in a class folder"}


def test_heic_is_left_out_for_the_package_it_needs_and_not_for_its_name(photos, monkeypatch):
    root = photos("cat", "dog", each=2)
    (root / "cat" / "IMG_1.HEIC").write_bytes(b"x")
    monkeypatch.setattr(decode, "_heic_version", lambda: "")
    (skipped,) = load(root).skipped
    assert skipped.kind is SkipKind.FORMAT
    assert "needs the package pillow-heif" in skipped.reason


@pytest.mark.parametrize("name", ["scan.jp2", "drawing.svg", "notes.txt", "raw.cr2", "no_suffix", "photo.jpg.part"])
def test_files_of_other_kinds_are_listed_never_silently_dropped(photos, name):
    root = photos("cat", "dog", each=2)
    (root / "cat" / name).write_bytes(b"x")
    assert reasons(load(root)) == {f"cat/{name}": "not the name of an image file"}


@pytest.mark.parametrize("suffix", [".JPG", ".Jpeg", ".PNG", ".WebP", ".GIF", ".BMP", ".jfif"])
def test_suffixes_count_in_any_letter_case(photos, suffix):
    root = photos("cat", "dog", each=1)
    shutil.copy(root / "cat" / "000.jpg", root / "cat" / f"b{suffix}")
    dataset = load(root)
    assert by_class(dataset)["cat"] == 2
    assert dataset.open_image(dataset.items[1]).size == (40, 30)


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u0631\u062d\u0628\u0627",
        "\N{SNAKE}\N{ZERO WIDTH JOINER}\N{ROCKET}",
        "a b\tc\nd",
        "<b>&\"'",
        "=1+1",
        "x" * 251,
    ],
)
def test_names_in_any_script_and_of_any_length_work_for_files_and_classes(photos, name):
    root = photos("cat", each=1)
    write_photos(root, (name,), 1)
    shutil.copy(root / "cat" / "000.jpg", root / name / f"{name}.jpg")
    dataset = load(root)
    assert set(dataset.class_names) == {"cat", name}
    assert by_class(dataset)[name] == 2
    assert all(dataset.open_image(item) for item in dataset.items)


class TestNamesThatAreNotUtf8:
    BAD = os.fsdecode(b"caf\xe9")

    def test_a_file_is_listed_under_a_name_that_can_be_printed(self, photos):
        root = photos("cat", "dog", each=2)
        shutil.copy(root / "cat" / "000.jpg", root / "cat" / f"{self.BAD}.jpg")
        assert reasons(load(root)) == {"cat/caf\N{REPLACEMENT CHARACTER}.jpg": "its name is not valid UTF-8"}

    def test_a_class_folder_is_listed(self, photos):
        dataset = load(photos("cat", "dog", self.BAD, each=2))
        assert dataset.class_names == ("cat", "dog")
        assert reasons(dataset) == {"caf\N{REPLACEMENT CHARACTER}/": "its name is not valid UTF-8"}

    def test_pictures_in_such_a_folder_inside_a_class_are_listed(self, photos):
        root = photos("cat", "dog", each=2)
        (root / "cat" / self.BAD).mkdir()
        photo(0, 7).save(root / "cat" / self.BAD / "a.jpg")
        dataset = load(root)
        assert by_class(dataset) == {"cat": 2, "dog": 2}
        assert list(reasons(dataset).values()) == ["its name is not valid UTF-8"]

    def test_none_of_them_breaks_printing_or_json(self, photos):
        root = photos("cat", "dog", self.BAD, each=2)
        (root / f"{self.BAD}.jpg").write_bytes(b"x")
        (root / f"linked{self.BAD}").symlink_to(root / "cat")
        (root / "cat" / f"linked{self.BAD}").symlink_to(root / "dog")
        dataset = load(root)
        assert len(dataset.skipped) == 4
        for skipped in dataset.skipped:
            assert json.loads(json.dumps(skipped.key, ensure_ascii=False).encode("utf-8")) == skipped.key

    def test_the_root_itself_may_have_one(self, photos):
        root = photos("cat", "dog", each=2, root=self.BAD)
        dataset = load(root)
        assert dataset.open_image(dataset.items[0]).size == (40, 30)


class TestLinks:
    def test_a_link_to_a_file_outside_is_refused(self, photos, tmp_path):
        root = photos("cat", "dog", each=2)
        photo(0, 99).save(tmp_path / "secret.jpg")
        (root / "cat" / "x.jpg").symlink_to(tmp_path / "secret.jpg")
        assert reasons(load(root)) == {"cat/x.jpg": "a link out of the folder"}

    def test_a_link_to_a_file_inside_is_a_picture(self, photos):
        root = photos("cat", "dog", each=2)
        (root / "cat" / "x.jpg").symlink_to(root / "cat" / "000.jpg")
        assert by_class(load(root)) == {"cat": 3, "dog": 2}

    def test_linked_class_folders_are_not_followed_wherever_they_lead(self, photos, tmp_path):
        root = photos("cat", "dog", each=2)
        (root / "loop").symlink_to(root)
        (root / "out").symlink_to(write_photos(tmp_path / "other", ("cow",), 2) / "cow")
        (root / "cat" / "again").symlink_to(root / "cat")
        dataset = load(root)
        assert by_class(dataset) == {"cat": 2, "dog": 2}
        assert set(reasons(dataset)) == {"loop/", "out/", "cat/again/"}
        assert set(reasons(dataset).values()) == {"a link to a folder is not followed"}

    def test_links_that_lead_nowhere_or_in_a_circle_are_listed(self, photos):
        root = photos("cat", "dog", each=2)
        (root / "cat" / "gone.jpg").symlink_to(root / "nothing.jpg")
        (root / "cat" / "a.jpg").symlink_to(root / "cat" / "b.jpg")
        (root / "cat" / "b.jpg").symlink_to(root / "cat" / "a.jpg")
        (root / "gone").symlink_to(root / "nothing")
        assert set(reasons(load(root))) == {"cat/gone.jpg", "cat/a.jpg", "cat/b.jpg", "gone/"}

    def test_the_root_may_be_a_link(self, photos, tmp_path):
        root = photos("cat", "dog", each=2)
        (tmp_path / "shortcut").symlink_to(root)
        assert load(tmp_path / "shortcut").items == load(root).items


def test_a_pipe_named_like_a_picture_is_not_opened(photos):
    root = photos("cat", "dog", each=2)
    os.mkfifo(root / "cat" / "pipe.jpg")
    assert reasons(load(root)) == {"cat/pipe.jpg": "not a regular file"}


def test_a_file_of_too_many_bytes_is_listed_without_reading_it(photos):
    root = photos("cat", "dog", each=2)
    with (root / "cat" / "film.jpg").open("wb") as file:
        file.truncate(2_000_000_000_000)  # sparse: takes no room, but hours to read
    assert reasons(load(root)) == {"cat/film.jpg": "file larger than 100 MB"}


def test_files_that_cannot_be_read_are_listed(photos, monkeypatch):
    root = photos("cat", "dog", each=2)
    honest = folder._content_digest

    def refuse(file):
        if file.name == "001.jpg":
            raise PermissionError(13, "Permission denied")
        return honest(file)

    monkeypatch.setattr(folder, "_content_digest", refuse)  # the tests may run as root, whom no permission stops
    dataset = load(root)
    assert reasons(dataset) == dict.fromkeys(("cat/001.jpg", "dog/001.jpg"), "cannot be read (Permission denied)")
    assert by_class(dataset) == {"cat": 1, "dog": 1}


def test_folders_that_cannot_be_read_are_listed(photos, monkeypatch):
    root = photos("cat", "dog", each=2)
    honest = os.scandir

    def refuse(path):
        if Path(path).name == "dog":
            raise PermissionError(13, "Permission denied", str(path))
        return honest(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert Skipped("dog/", "cannot be read (Permission denied)", SkipKind.NO_ACCESS) in load(root).skipped


class TestPartsItCameIn:
    @pytest.mark.parametrize("validation", ["validation", "val", "valid", "Val"])
    @pytest.mark.parametrize("train", ["train", "training", "Train"])
    def test_are_known_by_their_usual_names(self, photos, train, validation):
        root = photos(inside=train, each=3)
        photos(inside=validation, each=2)
        photos(inside="test", each=1)
        dataset = load(root.parent)
        parts = [item.part for item in dataset.items]
        assert dataset.class_names == ("cat", "dog")
        assert {part: parts.count(part) for part in set(parts)} == {"train": 6, "validation": 4, "test": 2}

    def test_may_be_the_training_part_alone(self, photos):
        dataset = load(photos(inside="train").parent)
        assert dataset.class_names == ("cat", "dog")
        assert {item.part for item in dataset.items} == {"train"}

    def test_a_class_of_one_part_alone_is_a_class(self, photos):
        photos("cat", "dog", inside="train")
        root = photos("cat", "dog", "eel", inside="test").parent
        dataset = load(root)
        assert dataset.class_names == ("cat", "dog", "eel")
        assert {item.part for item in dataset.items if item.label == 2} == {"test"}

    def test_a_folder_beside_them_is_listed_and_makes_no_class_of_train(self, photos):
        photos(inside="train")
        photos(inside="test")
        dataset = load(photos("a", "b", inside="unlabelled").parent)
        assert dataset.class_names == ("cat", "dog")
        assert reasons(dataset) == {"unlabelled/": "not one of the parts train, validation and test (12 images)"}

    def test_a_class_may_be_called_train(self, photos):
        dataset = load(photos("bus", "tram", "train"))
        assert dataset.class_names == ("bus", "train", "tram")
        assert {item.part for item in dataset.items} == {None}

    def test_pictures_and_links_right_inside_a_part_are_listed_with_their_path(self, photos):
        root = photos(inside="train").parent
        photo(0, 9).save(root / "train" / "lone.jpg")
        (root / "train" / "linked").symlink_to(root / "train" / "cat")
        assert set(reasons(load(root))) == {"train/lone.jpg", "train/linked/"}


class TestWhatIsNoDataset:
    @pytest.mark.parametrize("path", ["", "nowhere", "~no-such-user-here/x", "a\0b", "x" * 5000])
    def test_a_path_that_is_no_folder_is_bad_input(self, path, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(BadInput) as caught:
            folder.load(path, "folder:x")
        (problem,) = caught.value.problems
        assert problem.path == "data.source"
        assert problem.remedy == "Give the folder that contains the class folders."

    def test_a_file_is_no_folder(self, photos):
        with pytest.raises(BadInput, match="there is no folder"):
            load(photos() / "cat" / "000.jpg")

    def test_an_empty_folder_says_what_is_expected(self, tmp_path):
        with pytest.raises(BadInput, match="Expected one folder per class with JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF"):
            load(tmp_path)

    def test_a_folder_of_bare_pictures_names_one_and_says_what_is_missing(self, photos):
        with pytest.raises(BadInput, match=r"Left out: 6 files \(not in a class folder: 000.jpg, 001.jpg"):
            load(photos() / "cat")


class TestFingerprint:
    def test_stays_when_the_root_is_renamed_or_moved(self, photos, tmp_path):
        root = photos()
        before = load(root)
        after = load(root.rename(tmp_path / "elsewhere"))
        assert (after.fingerprint, after.items) == (before.fingerprint, before.items)

    @pytest.mark.parametrize("change", ["bytes", "rename", "class", "more", "less", "part"])
    def test_changes_with_the_content(self, photos, change):
        root = photos(inside="train").parent
        before = load(root).fingerprint
        first = root / "train" / "cat" / "000.jpg"
        match change:
            case "bytes":
                photo(0, 77).save(first)
            case "rename":
                first.rename(first.with_name("z.jpg"))
            case "class":
                first.rename(root / "train" / "dog" / "z.jpg")
            case "more":
                photo(0, 77).save(first.with_name("z.jpg"))
            case "less":
                first.unlink()
            case "part":
                (root / "train").rename(root / "training")
                (root / "test" / "cat").mkdir(parents=True)
                (root / "training" / "cat" / "000.jpg").rename(root / "test" / "cat" / "000.jpg")
        assert load(root).fingerprint != before

    def test_identical_files_have_one_digest_and_one_group(self, photos):
        root = photos()
        shutil.copy(root / "cat" / "000.jpg", root / "dog" / "copy.jpg")
        twins = [item for item in load(root).items if item.key in ("cat/000.jpg", "dog/copy.jpg")]
        assert twins[0].digest == twins[1].digest
        assert twins[0].group == twins[1].group
        assert len({item.digest for item in load(root).items}) == 12


def test_a_broken_picture_is_listed_as_an_item_and_refused_when_it_is_opened(photos):
    root = photos()
    (root / "cat" / "bad.jpg").write_bytes(b"no picture")
    dataset = load(root)
    with pytest.raises(Unreadable, match="not an image"):
        dataset.open_image(next(item for item in dataset.items if item.key == "cat/bad.jpg"))
