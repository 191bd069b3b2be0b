"""Sends an object to other processes once: its arrays in memory that all of them map, or as path of a file.

Arrays that are mapped from a file, as those of a Catalog are, are sent as path and place. Others are copied
once into a file in memory. A worker that cannot open one of them, as on another machine, is sent the bytes.
"""

import gc
import io
import mmap
import os
import pickle
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from btcore.data.conversions import import_library
from btcore.errors import ConfigError
from btcore.version import __version__

from .files import MappedFile, mapped_file, path_of, shared_file, state_of, write_all

SHARED_FROM = 1 << 14  # bytes; smaller arrays are sent with the object itself
ALIGNMENT = 64
MEMORY = -1
KEPT = 2  # objects that a worker keeps; a sweep has one
PROCESSES_EXTRA = "btcore[processes]"


class NotHereError(Exception):
    """The worker has neither the object nor a way to its memory: the bytes must be sent with the task."""


class Place(NamedTuple):
    """Where the bytes of an array are in a file, and the array's dtype and shape."""

    file: int  # index into `Shipment.files`; MEMORY: the memory of the shipment
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class Shipment(NamedTuple):
    """An object for other processes: `load` makes it. Small, so that it can be sent with each task."""

    key: str
    version: str  # of btcore
    path: str  # of the memory, which begins with the key
    has_memory: bool  # False if no array is in it
    files: tuple[MappedFile, ...]
    document: bytes  # pickled, with places instead of arrays
    memory: bytes | Mapping[int, NDArray[Any]] | None = (
        None  # instead of `path`: all of it, or arrays by offset
    )

    @property
    def size(self) -> int:
        """Bytes of the files that arrays are mapped from."""
        return sum(each.size for each in self.files)


class Parcel:
    """An object for other processes. Its memory is released by `close`, and when the process ends.

    size: bytes of the arrays that are copied.
    """

    def __init__(self, value: Any) -> None:
        packed = Packed(value)
        self._value = value
        self.size: int = packed.size
        key = uuid.uuid4().hex
        self._file = shared_file(max(packed.size, ALIGNMENT))
        write_all(self._file, 0, memoryview(key.encode()))
        for place, array in packed.copied:
            write_all(self._file, place.offset, _bytes_of(array))
        path, has_memory = path_of(self._file), packed.size > 0
        self.shipment: Shipment = Shipment(
            key, __version__, path, has_memory, tuple(packed.files), packed.document
        )

    def complete(self) -> Shipment:
        """The shipment with all bytes in it, for a worker of another machine."""
        packed = Packed(self._value, maps_files=False)
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


def shipment_of(value: Any, key: str, *, maps_files: bool) -> Shipment:
    """A shipment with the arrays themselves, for a store of objects such as Ray's."""
    packed = Packed(value, maps_files=maps_files)
    arrays = {place.offset: array for place, array in packed.copied}
    return Shipment(key, __version__, "", bool(arrays), tuple(packed.files), packed.document, arrays)


_loaded: OrderedDict[str, Any] = OrderedDict()  # what this process has been sent, the latest last


def load(shipment: Shipment) -> Any:
    """The object of a shipment, which this process keeps for the next time.

    NotHereError if a file cannot be opened, ConfigError for another version of btcore, or a module that is
    not there.
    """
    if shipment.key in _loaded:
        return _loaded[shipment.key]
    if shipment.version != __version__:
        raise ConfigError(
            f"executor: a worker has btcore {__version__}, and the process that sweeps {shipment.version}"
        )
    if len(_loaded) >= KEPT:
        _loaded.popitem(last=False)
        gc.collect()  # trials leave cycles that refer to the data
    try:
        value = _Unpickler(shipment).load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"executor: a worker cannot load the strategy ({error}); its modules must be importable there, "
            "in the same version"
        ) from error
    _loaded[shipment.key] = value
    return value


class _Unpickler(pickle.Unpickler):
    """Reads the document of a shipment. A class of the module: one in `load` would keep the arrays alive."""

    def __init__(self, shipment: Shipment) -> None:
        super().__init__(io.BytesIO(shipment.document))
        self._sources = _Sources(shipment)

    def persistent_load(self, place: Any) -> NDArray[Any]:
        return self._sources.array(place)


class _Sources:
    """The memory and the files of a shipment, mapped; NotHereError for what cannot be opened."""

    def __init__(self, shipment: Shipment) -> None:
        memory: Any = shipment.memory
        if memory is None and shipment.has_memory:
            memory = self._mapped(shipment.path)
            if memory[: len(shipment.key)] != shipment.key.encode():  # the same path on another machine
                raise NotHereError(f"{shipment.path}: it is another file")
        self._buffers: dict[int, Any] = {MEMORY: memory}
        for i, file in enumerate(shipment.files):
            self._buffers[i] = self._mapped(file.path, file)
        self._arrays: dict[Place, NDArray[Any]] = {}

    @staticmethod
    def _mapped(path: str, file: MappedFile | None = None) -> mmap.mmap:
        try:
            with Path(path).open("rb") as stream:
                if file is not None and file != state_of(path, os.fstat(stream.fileno())):
                    raise NotHereError(f"{path}: it is not the file that the data were mapped from")
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: an empty file
            raise NotHereError(f"{path}: {error}") from error

    def array(self, place: Place) -> NDArray[Any]:
        if place not in self._arrays:
            buffer = self._buffers[place.file]
            if isinstance(buffer, Mapping):
                found = buffer[place.offset].view()
            else:
                count = int(np.prod(place.shape, dtype=np.int64))
                found = np.frombuffer(buffer, place.dtype, count, place.offset).reshape(place.shape)
            found.flags.writeable = False
            self._arrays[place] = found
        return self._arrays[place]


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


class Packed:
    """The pickled form of an object, and the arrays that are not in it."""

    def __init__(self, value: Any, *, maps_files: bool = True) -> None:
        """Without `maps_files` arrays that are mapped from files are copied too."""
        self.size = 0  # of the memory; it begins with the key if there is any
        self.copied: list[tuple[Place, NDArray[Any]]] = []
        self.files: list[MappedFile] = []
        self._maps_files = maps_files
        self._places: dict[tuple[int, str, tuple[int, ...]], Place] = {}
        self.document: bytes = self._pickled(value)

    def _pickled(self, value: Any) -> bytes:
        base: Any = import_library("cloudpickle", PROCESSES_EXTRA).Pickler

        class Pickler(base):  # type: ignore[misc]
            def persistent_id(self, item: Any) -> Place | None:
                return self.place_of(item) if isinstance(item, np.ndarray) else None

        stream = io.BytesIO()
        try:
            pickler = Pickler(stream, protocol=5)
            pickler.place_of = self._place_of  # not in the class, which would keep the arrays alive
            pickler.dump(value)
        except ConfigError:
            raise
        except Exception as error:  # a strategy may hold anything
            raise ConfigError(
                "executor: the strategy cannot be sent to other processes "
                f"({type(error).__name__}: {error}); executor='threads' runs it in this one"
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
        found = mapped_file(array, _address(array))
        if found is None:
            return None
        file, offset = found
        if file not in self.files:
            self.files.append(file)
        return Place(self.files.index(file), offset, array.dtype, array.shape)

    def _copied(self, array: NDArray[Any]) -> Place:
        self.size = self.size or ALIGNMENT
        place = Place(MEMORY, self.size, array.dtype, array.shape)
        self.copied.append((place, array))
        self.size += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
        return place


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
