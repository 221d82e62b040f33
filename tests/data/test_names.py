"""Names of files and classes: one text on every system, however it is encoded there."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata

from PIL import Image

from tl_core.data.folder import load
from tl_core.data.names import class_name, is_text, native, text_of

COMPOSED = "\u00e9t\u00e9"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def test_composed_and_decomposed_names_are_one_class():
    assert class_name(DECOMPOSED) == class_name(COMPOSED) == COMPOSED


def test_a_name_is_the_same_text_there_and_back():
    for name in ("cat", COMPOSED, DECOMPOSED, "\u732b", "a b"):
        assert text_of(native(name)) == name
        assert is_text(name)
    assert not is_text("\udcff")


def test_folders_of_one_name_written_in_two_ways_are_one_class_and_all_images_open(tmp_path):
    for place, folder in enumerate((COMPOSED, DECOMPOSED, "cat")):
        (tmp_path / folder).mkdir()
        for number in range(3):
            Image.new("RGB", (8, 8), (place * 9, number, 0)).save(tmp_path / folder / f"{number}.png")
    dataset = load(str(tmp_path), f"folder:{tmp_path}")
    assert dataset.class_names == ("cat", COMPOSED)
    assert dataset.labels.tolist().count(1) == 6
    assert all(dataset.open_image(item).size == (8, 8) for item in dataset.items)


LISTED = """
import sys
from tl_core.data.folder import load
dataset = load(sys.argv[1], "folder:" + sys.argv[1])
print(sys.getfilesystemencoding(), ascii(dataset.class_names), len(dataset.skipped))
print(sum(dataset.open_image(item).size == (8, 8) for item in dataset.items))
"""


def test_nothing_is_left_out_where_utf_8_mode_is_off(tmp_path):
    for folder in (COMPOSED, "\u732b"):
        (tmp_path / folder).mkdir()
        for number in range(2):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / folder / f"{folder}{number}.png")
    bare = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    command = [sys.executable, "-c", LISTED, str(tmp_path)]
    done = subprocess.run(command, env={**os.environ, **bare}, capture_output=True, text=True, check=True)
    names = ascii((COMPOSED, "\u732b"))
    assert done.stdout.splitlines() == [f"ascii {names} 0", "4"]
