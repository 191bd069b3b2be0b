"""Sends an object to other processes once: its arrays in memory that all of them map, or by path of their file.

Arrays that are mapped from a file, as those of a Catalog are, are sent as path and place. Others are copied
once into a file in memory. A worker of another machine, which cannot open it, is sent the bytes.
"""

import io
import mmap
import os
import pickle
import tempfile
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from btcore.data.conversions import import_library
from btcore.errors import ConfigError

SHARED_FROM = 1 << 14  # bytes; smaller arrays are sent with the object itself
ALIGNMENT = 64
MEMORY = -1
KEPT = 2  # objects that a worker keeps; a sweep has one
PROCESSES_EXTRA = "btcore[processes]"


class NotHereError(Exception):
    """The worker has neither the object nor a way to its memory: the bytes must be sent with the next task."""


class Place(NamedTuple):
    """Where the bytes of an array are in a file, and the array's dtype and shape."""

    file: int  # index into `Shipment.files`; MEMORY: the memory of the shipment
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class MappedFile(NamedTuple):
    """A file that arrays are mapped from; it is opened only if it is still the same."""

    path: str
    inode: int
    size: int
    changed: int  # ns


class Shipment(NamedTuple):
    """An object for other processes: `load` makes it. Small, so that it can be sent with each task."""

    key: str
    path: str  # of the memory
    size: int
    files: tuple[MappedFile, ...]
    document: bytes  # pickled, with places instead of arrays
    memory: bytes | None = None  # the content of `path`, for a worker that cannot open it


class Parcel:
    """An object that is sent to other processes. Its memory is released by `close`, and when the process ends."""

    def __init__(self, value: Any) -> None:
        packed = _Packed(value, maps_files=True)
        self._value = value
        self._file = _memory_file(packed.size)
        for place, array in packed.copied:
            self._file.seek(place.offset)
            self._file.write(_bytes_of(array))
        self.shipment = Shipment(
            uuid.uuid4().hex, _path_of(self._file), packed.size, tuple(packed.files), packed.document
        )

    def complete(self) -> Shipment:
        """The shipment with all bytes in it, for a worker of another machine."""
        packed = _Packed(self._value, maps_files=False)
        memory = bytearray(packed.size)
        for place, array in packed.copied:
            memory[place.offset : place.offset + array.nbytes] = _bytes_of(array)
        return self.shipment._replace(files=(), document=packed.document, memory=bytes(memory))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases the memory; processes that have opened it keep theirs."""
        self._file.close()


_loaded: OrderedDict[str, Any] = OrderedDict()  # what this process has been sent, the latest last


def load(shipment: Shipment) -> Any:
    """The object of a shipment; NotHereError if this process can open neither its memory nor its bytes."""
    if shipment.key in _loaded:
        return _loaded[shipment.key]
    sources = _Sources(shipment)

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, place: Any) -> NDArray[Any]:
            return sources.array(place)

    value = Unpickler(io.BytesIO(shipment.document)).load()
    _loaded[shipment.key] = value
    while len(_loaded) > KEPT:
        _loaded.popitem(last=False)
    return value


class _Sources:
    """The memory and the files of a shipment, mapped; NotHereError for what cannot be opened."""

    def __init__(self, shipment: Shipment) -> None:
        memory: bytes | mmap.mmap | None = shipment.memory
        if memory is None and shipment.size:
            memory = self._mapped(shipment.path)
        self._buffers: dict[int, Any] = {MEMORY: memory}
        for i, file in enumerate(shipment.files):
            self._buffers[i] = self._mapped(file.path, file)
        self._arrays: dict[Place, NDArray[Any]] = {}

    @staticmethod
    def _mapped(path: str, file: MappedFile | None = None) -> mmap.mmap:
        try:
            with open(path, "rb") as stream:
                found = os.fstat(stream.fileno())
                if file is not None and file != _state_of(path, found):
                    raise NotHereError(f"{path}: it is not the file that the data were mapped from")
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise NotHereError(f"{path}: {error}") from error

    def array(self, place: Place) -> NDArray[Any]:
        if place not in self._arrays:
            count = int(np.prod(place.shape, dtype=np.int64))
            flat = np.frombuffer(self._buffers[place.file], place.dtype, count, place.offset)
            flat.flags.writeable = False
            self._arrays[place] = flat.reshape(place.shape)
        return self._arrays[place]


def _memory_file(size: int) -> Any:
    """A file in memory, which the system removes with the process; a temporary file where there is none."""
    if hasattr(os, "memfd_create"):
        file: Any = os.fdopen(os.memfd_create("btcore"), "w+b", buffering=0)
    else:
        file = tempfile.NamedTemporaryFile("w+b", prefix="btcore-", buffering=0)  # noqa: SIM115
    file.truncate(max(size, 1))
    return file


def _path_of(file: Any) -> str:
    return file.name if isinstance(file.name, str) else f"/proc/{os.getpid()}/fd/{file.fileno()}"


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _state_of(path: str, found: os.stat_result) -> MappedFile:
    return MappedFile(path, found.st_ino, found.st_size, found.st_mtime_ns)


class _Packed:
    """The pickled form of an object, and the arrays that are not in it."""

    def __init__(self, value: Any, *, maps_files: bool) -> None:
        self.size = 0
        self.copied: list[tuple[Place, NDArray[Any]]] = []
        self.files: list[MappedFile] = []
        self._maps_files = maps_files
        self._places: dict[tuple[int, str, tuple[int, ...]], Place] = {}
        self.document = self._pickled(value)

    def _pickled(self, value: Any) -> bytes:
        base: Any = import_library("cloudpickle", PROCESSES_EXTRA).Pickler
        place_of = self._place_of

        class Pickler(base):  # type: ignore[misc]
            def persistent_id(self, item: Any) -> Place | None:
                return place_of(item) if isinstance(item, np.ndarray) else None

        stream = io.BytesIO()
        try:
            Pickler(stream, protocol=5).dump(value)
        except ConfigError:
            raise
        except Exception as error:  # a strategy may hold anything
            raise ConfigError(
                f"executor: the strategy cannot be sent to other processes ({type(error).__name__}: {error}); "
                "executor='threads' runs it in this one"
            ) from error
        return stream.getvalue()

    def _place_of(self, array: NDArray[Any]) -> Place | None:
        """The place of a large array that is not pickled; None for another."""
        if array.nbytes < SHARED_FROM or array.dtype.hasobject or not array.flags.c_contiguous:
            return None
        key = (_address(array), repr(array.dtype), array.shape)  # views of the same memory are sent once
        if key not in self._places:
            self._places[key] = (self._maps_files and self._mapped(array)) or self._copied(array)
        return self._places[key]

    def _mapped(self, array: NDArray[Any]) -> Place | None:
        """The place of an array that is mapped from a file, None for another."""
        base: Any = array
        while base is not None and not isinstance(base, np.memmap):
            base = getattr(base, "base", None)
        while base is not None and isinstance(base.base, np.memmap):
            base = base.base
        if base is None or not isinstance(base.filename, str | Path) or base.flags.writeable:
            return None
        path = str(Path(base.filename).resolve())
        file = _state_of(path, os.stat(path))
        if file not in self.files:
            self.files.append(file)
        offset = base.offset + _address(array) - _address(base)
        return Place(self.files.index(file), offset, array.dtype, array.shape)

    def _copied(self, array: NDArray[Any]) -> Place:
        place = Place(MEMORY, self.size, array.dtype, array.shape)
        self.copied.append((place, array))
        self.size += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
        return place


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
