"""Reads a state dict saved by PyTorch before 1.6 into NumPy arrays, without PyTorch and without executing code in it.

The file is five pickles (magic number, protocol version, facts about the writer, the state dict, the storages' keys),
then for each key a count (int64) and the raw numbers. Source: `_legacy_save` in torch/serialization.py.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.errors import BadInput

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
MAXIMUM_BYTES = 2**30
MAXIMUM_MEMO = 2**20

STORAGES: dict[str, np.dtype] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as described by the pickle: a view of a storage later in the file. Strides are in elements."""

    storage: str
    dtype: np.dtype
    numbers: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _StorageType:
    dtype: np.dtype


def read(path: Path) -> dict[str, np.ndarray]:
    """The tensors of an archive by name, each a contiguous copy.

    Raises BadInput if the file is larger than 1 GiB, is not such an archive, is truncated, or contains anything but an
    ordered dict of tensors.
    """
    if path.stat().st_size > MAXIMUM_BYTES:
        raise _refused(path, f"it is larger than {MAXIMUM_BYTES // 2**20} MiB")
    try:
        content = path.read_bytes()
        return _read(io.BytesIO(content), len(content))
    # A damaged pickle can raise any of these, depending on the damage.
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _refused(path, str(error) or "it ends too early") from error
    except (OverflowError, MemoryError, RecursionError, UnicodeError) as error:
        raise _refused(path, f"it is damaged ({error})") from error


def _read(file: io.BytesIO, size: int) -> dict[str, np.ndarray]:
    if _record(file) != MAGIC or _record(file) != PROTOCOL:
        raise ValueError("it does not start as one")
    if not _record(file)["little_endian"]:
        raise ValueError("its numbers are big-endian")
    described, keys = _record(file), _record(file)
    if not all(isinstance(tensor, StoredTensor) for tensor in described.values()):
        raise ValueError("it contains something other than tensors")
    tensors: dict[str, StoredTensor] = dict(described)
    storages = _storages(file, size, keys, {tensor.storage: tensor for tensor in tensors.values()})
    return {name: _view(storages[tensor.storage], tensor) for name, tensor in tensors.items()}


def _record(file: io.BytesIO) -> Any:
    """The next pickle. Its opcodes are checked first: a write far into the memo would allocate gigabytes."""
    begun = file.tell()
    for opcode, argument, _position in pickletools.genops(file):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and (argument or 0) > MAXIMUM_MEMO:
            raise pickle.UnpicklingError("it is damaged (a memo index that is too large)")
    file.seek(begun)
    return _TensorsOnly(file).load()


class _TensorsOnly(pickle.Unpickler):
    """An unpickler that accepts three things: ordered dicts, storage types and tensor records."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in STORAGES:
            return _StorageType(STORAGES[name])
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is neither a tensor nor an ordered dict")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype, int]:
        kind, storage_type, key, _device, numbers, view = pid
        if kind != "storage" or view is not None or not isinstance(storage_type, _StorageType) or type(key) is not str:
            raise pickle.UnpicklingError("it refers to something that is not a plain storage")
        return key, storage_type.dtype, int(numbers)


def _tensor(
    storage: tuple[str, np.dtype, int], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> StoredTensor:
    return StoredTensor(*storage, offset, shape, strides)


def _storages(file: io.BytesIO, size: int, keys: list[str], users: dict[str, StoredTensor]) -> dict[str, np.ndarray]:
    """The numbers of each storage, in file order."""
    storages: dict[str, np.ndarray] = {}
    for key in keys:
        dtype, numbers = users[key].dtype, int.from_bytes(file.read(8), "little", signed=True)
        if numbers != users[key].numbers or not 0 <= numbers * dtype.itemsize <= size - file.tell():
            raise ValueError(f"storage {key} is cut short")
        storages[key] = np.frombuffer(file.read(numbers * dtype.itemsize), dtype)
    return storages


def _view(numbers: np.ndarray, tensor: StoredTensor) -> np.ndarray:
    if len(tensor.shape) != len(tensor.strides) or min((0, tensor.offset, *tensor.shape, *tensor.strides)) < 0:
        raise ValueError("a tensor's shape and strides do not fit together")
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if math.prod(tensor.shape) > numbers.size or last >= numbers.size:
        raise ValueError("a tensor reaches beyond its storage")
    byte_strides = tuple(stride * numbers.itemsize for stride in tensor.strides)
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, byte_strides, writeable=False)
    return np.array(view, order="C")


def _refused(path: Path, reason: str) -> BadInput:
    return BadInput.of(str(path), f"this is not a readable PyTorch archive of tensors: {reason}")
