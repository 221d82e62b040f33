"""Old PyTorch archives are read number for number, and nothing in them is run."""

from __future__ import annotations

import io
import os
import pickle
import sys
import time
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tl_core.engine.networks import torch_archive
from tl_core.errors import BadInput

INFO = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


@pytest.fixture(autouse=True)
def _torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of PyTorch as pickle needs to write its names down."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def rebuild(*_: Any) -> None: ...

    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = "torch._utils", *("_rebuild_tensor_v2",) * 2
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


class Tensor:
    """Writes itself as PyTorch does: a call of _rebuild_tensor_v2 on a storage that comes later."""

    def __init__(self, key: str, numbers: np.ndarray, offset: int, shape: tuple, strides: tuple) -> None:
        self.key, self.numbers = key, numbers
        self.view = (offset, shape, strides, False, OrderedDict())

    def __reduce__(self) -> tuple:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (Storage(self.key, self.numbers), *self.view)


class Storage:
    def __init__(self, key: str, numbers: np.ndarray) -> None:
        self.key, self.numbers = key, numbers


class Writer(pickle.Pickler):
    def persistent_id(self, item: Any) -> Any:
        if not isinstance(item, Storage):
            return None
        kind = "FloatStorage" if item.numbers.dtype == np.float32 else "LongStorage"
        return ("storage", getattr(sys.modules["torch"], kind), item.key, "cpu", item.numbers.size, None)


def archive(path: Path, state: Any, storages: dict[str, np.ndarray]) -> Path:
    out = io.BytesIO()
    for record in (torch_archive.MAGIC, torch_archive.PROTOCOL, INFO, state, list(storages)):
        Writer(out, 2).dump(record)
    for numbers in storages.values():
        out.write(numbers.size.to_bytes(8, "little") + numbers.tobytes())
    path.write_bytes(out.getvalue())
    return path


def one_tensor(path: Path, offset: int, shape: tuple, strides: tuple) -> Path:
    numbers = np.arange(24, dtype=np.float32)
    return archive(path, OrderedDict(a=Tensor("7", numbers, offset, shape, strides)), {"7": numbers})


def test_tensors_come_back_with_their_strides_honoured(tmp_path: Path) -> None:
    numbers, counts = np.arange(24, dtype=np.float32), np.array([5], dtype=np.int64)
    state = OrderedDict(
        turned=Tensor("2", numbers, 0, (2, 3, 4), (1, 2, 6)),
        shared=Tensor("2", numbers, 20, (4,), (1,)),
        scalar=Tensor("1", counts, 0, (), ()),
    )
    read = torch_archive.read(archive(tmp_path / "a.pth", state, {"1": counts, "2": numbers}))
    np.testing.assert_array_equal(read["turned"], numbers.reshape(4, 3, 2).T)
    np.testing.assert_array_equal(read["shared"], [20, 21, 22, 23])
    assert read["scalar"] == 5
    assert read["turned"].flags.c_contiguous


@pytest.mark.parametrize(
    "view",
    [
        (1, (24,), (1,)),
        (0, (2, 24), (0, 1)),
        (0, (-1,), (1,)),
        (0, (4,), (-1,)),
        (0, (4,), (1, 1)),
        (0, (2,), (10**9,)),
    ],
    ids=["too_long", "repeated", "negative_size", "negative_stride", "one_stride_too_many", "far_stride"],
)
def test_a_view_outside_its_storage_is_refused(tmp_path: Path, view: tuple) -> None:
    with pytest.raises(BadInput, match=r"tensor"):
        torch_archive.read(one_tensor(tmp_path / "a.pth", *view))


class Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.mark),)


def test_a_hostile_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "run"
    path = archive(tmp_path / "a.pth", OrderedDict(a=Hostile(mark)), {})
    pickle.loads(pickle.dumps(Hostile(mark)))  # noqa: S301 - the attack works where nothing refuses it
    mark.rmdir()
    with pytest.raises(BadInput, match="mkdir"):
        torch_archive.read(path)
    assert not mark.exists()


def test_a_hostile_first_record_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps(Hostile(tmp_path / "run")))
    with pytest.raises(BadInput, match="mkdir"):
        torch_archive.read(path)
    assert not (tmp_path / "run").exists()


def test_a_record_that_would_take_gigabytes_is_refused_before_it_does(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"\x80\x02K\x01" + b"r\xff\xff\xff\x7f" + b".")
    begun = time.monotonic()
    with pytest.raises(BadInput, match="memo"):
        torch_archive.read(tmp_path / "a.pth")
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("state", [OrderedDict(a=3), ["a"]], ids=["number", "list"])
def test_anything_but_a_dict_of_tensors_is_refused(tmp_path: Path, state: Any) -> None:
    with pytest.raises(BadInput):
        torch_archive.read(archive(tmp_path / "a.pth", state, {}))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path, share: float) -> None:
    path = one_tensor(tmp_path / "a.pth", 0, (24,), (1,))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BadInput, match="not a readable PyTorch archive"):
        torch_archive.read(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04" + b"\0" * 100, b"\x89HDF", pickle.dumps(1), os.urandom(300)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(BadInput, match="not a readable PyTorch archive"):
        torch_archive.read(tmp_path / "a.pth")


def test_a_file_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_archive, "MAXIMUM_BYTES", 100)
    with pytest.raises(BadInput, match="larger than"):
        torch_archive.read(one_tensor(tmp_path / "a.pth", 0, (24,), (1,)))
