"""Archives as newline-delimited JSON, bodies in base64; compressed with gzip or zstd as the file's ending says."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import zstandard

from replay.archive import Entry, Placed, Write
from replay.compression import MAX_BODY
from replay.errors import ArchiveError

STANDARD = Path("-")
"""Standard input or output."""
MAX_LINE = MAX_BODY * 4 // 3 + 2**20

_decoder = msgspec.json.Decoder(Entry)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write a file that has its name only once it is whole. Raises ArchiveError when that cannot be done."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def line_writer(path: Path) -> Iterator[Write]:
    """Writes entries to a file, or to standard output."""
    encode = msgspec.json.Encoder().encode
    with ExitStack() as stack:
        if path == STANDARD:
            stream: Any = sys.stdout.buffer
        else:
            partial = stack.enter_context(whole_file(path))
            stream = stack.enter_context(_compressing(path, stack.enter_context(partial.open("wb"))))
        yield lambda entry: stream.write(encode(entry) + b"\n")
        stream.flush()


def _compressing(path: Path, stream: BinaryIO) -> AbstractContextManager[Any]:
    if path.suffix == ".gz":
        return gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=stream, mtime=0)
    if path.suffix == ".zst":
        return zstandard.ZstdCompressor(level=10, write_checksum=True).stream_writer(stream, closefd=False)
    return nullcontext(stream)


@contextmanager
def line_reader(path: Path) -> Iterator[tuple[Iterator[Placed], Callable[[], int]]]:
    """The entries of a file, or of standard input, and how many bytes of it have been read. Raises ArchiveError, which
    names the line, for one that is no entry.
    """
    with ExitStack() as stack:
        if path == STANDARD:
            raw: BinaryIO = sys.stdin.buffer
        else:
            try:
                raw = stack.enter_context(path.open("rb"))
            except OSError as error:
                raise ArchiveError(f"{path} cannot be read: {error.strerror}") from error
        stream = stack.enter_context(_inflating(path, raw))
        yield _entries(stream), lambda: 0 if path == STANDARD else raw.tell()


def _inflating(path: Path, stream: BinaryIO) -> AbstractContextManager[Any]:
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=stream)
    if path.suffix == ".zst":
        reader: Any = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True, closefd=False)
        return io.BufferedReader(reader)
    return nullcontext(stream)


def _entries(stream: BinaryIO) -> Iterator[Placed]:
    number = 0
    while line := _line(stream, number := number + 1):
        if line.isspace():
            continue
        try:
            yield f"line {number}", _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            cut = "" if line.endswith(b"\n") else " (the archive seems to be cut off)"
            raise ArchiveError(f"line {number} is no event of the log: {error}{cut}") from error


def _line(stream: BinaryIO, number: int) -> bytes:
    try:
        line = stream.readline(MAX_LINE)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise ArchiveError(f"line {number} cannot be read: {error}") from error
    if len(line) == MAX_LINE:
        raise ArchiveError(f"line {number} is longer than {MAX_LINE} bytes")
    return line
