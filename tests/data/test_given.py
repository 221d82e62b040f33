"""Files and folders named for prediction."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tl_core.data.given import image_files


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path, "PNG")
    return path


def test_a_file_is_taken_whatever_its_name_is(tmp_path: Path) -> None:
    file = put(tmp_path / "photo")
    assert image_files([file]) == ([file], [])


def test_a_folder_gives_its_images_sorted_with_those_of_its_folders_and_no_hidden_ones(tmp_path: Path) -> None:
    names = ["b.png", "a.JPG", "x/1.tif", ".hidden.png", ".git/2.png"]
    files = {name: put(tmp_path / name) for name in names}
    found, skipped = image_files([tmp_path])
    assert found == [files["a.JPG"], files["b.png"], files["x/1.tif"]]
    assert skipped == []


def test_what_is_skipped_has_a_reason_and_the_rest_is_found(tmp_path: Path) -> None:
    file = put(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    found, skipped = image_files([tmp_path / "gone", tmp_path / "photos", tmp_path / "empty", Path("/dev/null")])
    assert found == [file]
    assert {Path(one.key).name: one.reason for one in skipped} == {
        "gone": "there is no file or folder of this name",
        "notes.txt": "not the name of an image file",
        "empty": "no image in this folder",
        "null": "not a regular file",
    }
