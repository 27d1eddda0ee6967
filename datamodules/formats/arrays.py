"""Named arrays of a file or folder, mapped into memory where they can be, and never unpickled. Imports no torch."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from datamodules import reading
from datamodules.errors import DataError

#: Bytes that all compressed arrays of a file may unpack to: they cannot be mapped.
UNPACKED = 2**31
#: Bytes that the header of a .safetensors file may have.
HEADER = 2**24
#: numpy's names of the numbers in .safetensors files that it has, too.
_NUMBERS = {
    "F16": "<f2", "F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "I16": "<i2", "U8": "|u1", "I8": "|i1",
}  # fmt: skip

Arrays = dict[str, NDArray[Any]]


def read_arrays(path: Path) -> Arrays:
    """The arrays of an `.npz`, a `.safetensors`, or a folder of `.npy` files and `.txt` files of lines, by name.

    What is not compressed is mapped, not read. In `.safetensors` files, lists of words stand in the metadata as JSON.
    Raises DataError: a file that is not there or not of this kind, cut off, or full of objects instead of numbers.
    """
    if path.is_dir():
        with _one_line(path):
            return {file.stem: _of_folder(file) for file in sorted(path.iterdir()) if file.suffix in (".npy", ".txt")}
    readers = {".npz": _npz, ".safetensors": _safetensors}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path} should be an .npz, a .safetensors, or a folder of .npy files")
    require_file(path)
    with _one_line(path):
        return readers[path.suffix.lower()](path)


def holds(path: Path, name: str) -> bool:
    """Whether a file or folder has an array of this name; also where it cannot be read: who opens it says why."""
    if path.is_dir():
        return (path / f"{name}.npy").is_file()
    try:
        with reading.open_file(path, reading.TENSORS) as stream:
            if path.suffix.lower() == ".npz":
                return f"{name}.npy" in zipfile.ZipFile(stream).namelist()
            return name in _described(stream)[0]
    except (OSError, ValueError, zipfile.BadZipFile):
        return True


def read_array(path: Path) -> NDArray[Any]:
    """The array of an `.npy` file, mapped. Raises DataError: a file of another kind, or cut off."""
    require_file(path)
    with _one_line(path):
        return _of_folder(path)


def require_file(path: Path) -> None:
    """Checks that there is a regular file. Raises DataError: nothing there, or something else."""
    if not path.is_file():
        raise DataError(f"{path} is {'not a file' if path.exists() else 'not there'}")


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Says in one line what cannot be read."""
    try:
        yield
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        if isinstance(error, DataError):
            raise
        text = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} cannot be read: {text[:200]}") from None


def _of_folder(file: Path) -> NDArray[Any]:
    require_file(file)
    if file.suffix == ".txt":
        return np.array(reading.read_text(file, reading.TABLE).splitlines(), dtype=str)
    with reading.open_file(file, reading.TENSORS) as stream:
        return _mapped(file, stream, 0, file.stat().st_size)


def _npz(path: Path) -> Arrays:
    found, left = {}, UNPACKED
    with reading.open_file(path, reading.TENSORS) as stream, zipfile.ZipFile(stream) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name in found or name == info.filename:
                raise ValueError(f"its part {info.filename!r} is not one .npy file of its own")
            if info.compress_type == zipfile.ZIP_STORED:
                found[name] = _mapped(path, stream, _start(stream, info), info.file_size)
                continue
            left -= info.file_size
            if left < 0:
                raise ValueError(f"its compressed arrays unpack to more than {UNPACKED >> 30} GiB; save with np.savez")
            with archive.open(info) as member:
                found[name] = _unpacked(member, info.file_size)
    return found


def _start(stream: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Where the content of a stored member begins: behind its local header, whose length only that header tells."""
    stream.seek(info.header_offset)
    header = stream.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise ValueError(f"its part {info.filename!r} is cut off")
    return info.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


def _mapped(path: Path, stream: IO[bytes], start: int, size: int) -> NDArray[Any]:
    """The array of an .npy file that lies in another file, `size` bytes from `start` on."""
    stream.seek(start)
    shape, fortran, dtype = _header(stream)
    begin, order = stream.tell(), "F" if fortran else "C"
    _check_size(shape, dtype, size - (begin - start))
    if start + size > path.stat().st_size:
        raise ValueError("it is cut off")
    if not np.prod(shape) or not shape:
        stream.seek(start)
        return npy.read_array(stream, allow_pickle=False)
    return np.memmap(path, dtype, "r", begin, shape, order)  # type: ignore[call-overload,no-any-return]


def _unpacked(member: IO[bytes], size: int) -> NDArray[Any]:
    shape, fortran, dtype = _header(member)
    count = _check_size(shape, dtype, size - member.tell())
    flat = np.frombuffer(member.read(count), dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"version {version} of .npy is not known")
    shape, fortran, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled; save numbers or fixed-width strings")
    return shape, fortran, dtype


def _check_size(shape: tuple[int, ...], dtype: np.dtype[Any], room: int) -> int:
    """Bytes of an array, which must be those that are there."""
    count = dtype.itemsize
    for length in shape:
        count *= length
    if count != room:
        raise ValueError(f"an array of shape {shape} and type {dtype} takes {count} bytes, but {room} are there")
    return count


def _safetensors(path: Path) -> Arrays:
    with reading.open_file(path, reading.TENSORS) as stream:
        header, start = _described(stream)
        size = os.fstat(stream.fileno()).st_size
    words = header.pop("__metadata__", {})
    found: Arrays = {name: _tensor(path, about, start, size) for name, about in header.items()}
    return found | {name: np.array(json.loads(text), dtype=str) for name, text in words.items() if text[:1] == "["}


def _described(stream: IO[bytes]) -> tuple[dict[str, Any], int]:
    """What the header of a .safetensors file says of each array, and where the numbers begin."""
    length = int.from_bytes(stream.read(8), "little")
    if not 0 < length <= min(HEADER, os.fstat(stream.fileno()).st_size):
        raise ValueError("it is not a .safetensors file")
    return dict(json.loads(stream.read(length))), 8 + length


def _tensor(path: Path, about: Mapping[str, Any], start: int, size: int) -> NDArray[Any]:
    first, last = about["data_offsets"]
    if about["dtype"] not in _NUMBERS:
        raise ValueError(f"it has numbers of type {about['dtype']}; save them as float16 or float32")
    dtype, shape = np.dtype(_NUMBERS[about["dtype"]]), tuple(about["shape"])
    if not 0 <= first <= last <= size - start:
        raise ValueError("it is cut off")
    if not _check_size(shape, dtype, last - first):
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", start + first, shape or (1,)).reshape(shape)
