"""What a file is wrapped in: compression and text encoding, told from its bytes and never from its name."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from etl.archives import Budget
from etl.errors import InputError, NeedsRewriting

HEAD_BYTES = 1 << 20
CHUNK = 1 << 20
TAIL_BYTES = 1 << 16

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
ZSTD_CHUNK = 2 << 10  # four bytes may stand for 128 kB, and a piece is unpacked at once

C1 = re.compile(rb"[\x80-\x9f]")  # quotes and the euro sign in Windows-1252, nothing in Latin-1

REFUSED = (
    (b"PK\x03\x04", None),
    (b"PK\x05\x06", "is an empty zip archive: download the export again"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook (.xls): save the sheet as CSV UTF-8 and load that"),
    (b"%PDF", "is a PDF: download the report as CSV, or export the data, and load that"),
    (b"BZh", "is compressed with bzip2: unpack it (bunzip2), then load the file inside"),
    (b"\xfd7zXZ\x00", "is compressed with xz: unpack it (unxz), then load the file inside"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive: unpack it, then load the files inside"),
    (b"Rar!", "is a RAR archive: unpack it, then load the files inside"),
    (b"Obj\x01", "is an Avro file, which cannot be read yet: export the table as Parquet or JSON lines instead"),
    (b"ORC", "is an ORC file: export the table as Parquet or JSON lines instead"),
    (b"SQLite format 3\x00", "is an SQLite database: export its table as CSV and load that"),
    (b"version https://git-lfs", "is a Git LFS pointer, not the data it stands for: run 'git lfs pull', then load it again"),
)


@dataclass(frozen=True)
class Container:
    """How the bytes of a file are wrapped, with the first of them unwrapped."""

    compression: str  # none, gzip or zstd, as DuckDB names them
    encoding: str  # utf-8, latin-1 or utf-16, as DuckDB names them; binary for Parquet
    head: bytes
    is_whole: bool  # the head is all there is
    tail: bytes = b""

    @property
    def text(self) -> str:
        """The head as text, without a byte order mark."""
        return self.head.decode(self.encoding, errors="replace").lstrip("\ufeff")


def open_container(path: Path) -> Container:
    """Unwrap the start of a file, after checking compressed files to their end.

    Raises InputError for whatever cannot hold an export: empty, a web page, an archive, cut off or damaged.
    """
    raw = _first_bytes(path)
    _refuse_foreign(path, raw)
    compression = _compression(raw)
    if compression == "none":
        head, is_whole, is_utf8, is_padded = raw[:HEAD_BYTES], len(raw) <= HEAD_BYTES, _samples_are_utf8(path), False
        tail = _last_bytes(path)
    else:
        head, is_whole, is_utf8, is_padded, tail = _check_stream(path, compression)
        if not head:
            raise InputError(f"{path.name}: holds nothing but an empty {compression} stream: export it again")
        _refuse_foreign(path, head)
        if _compression(head) != "none":
            raise InputError(f"{path.name}: is compressed twice: unpack it once, then load the result")
    if head.startswith(b"PAR1"):
        if compression != "none":
            raise InputError(f"{path.name}: is a Parquet file inside {compression}: unpack it, then load the Parquet file")
        return Container("none", "binary", head, is_whole)
    if head.startswith(codecs.BOM_UTF16_BE):
        raise NeedsRewriting(f"{path.name}: is text in UTF-16 big-endian: save it as UTF-8, then load that", encoding="utf-16-be")
    encoding = _encoding(head, is_utf8)
    _refuse_text(path, head.decode(encoding, errors="replace"))
    if is_padded:
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        raise NeedsRewriting(
            f"{path.name}: has zeros after its {compression} stream: unpack it, then load the file inside", encoding=encoding
        )
    if encoding == "latin-1" and C1.search(head):
        raise NeedsRewriting(f"{path.name}: is text in Windows-1252: save it as UTF-8, then load that", encoding="cp1252")
    return Container(compression, encoding, head, is_whole, tail)


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path.name}: is a folder: name the files in it")
    try:
        with path.open("rb") as file:
            raw = file.read(HEAD_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file: check the path") from None
    except OSError as error:
        raise InputError(f"{path.name}: cannot be opened ({error.strerror or error}): check its permissions") from None
    if not raw:
        raise InputError(f"{path.name}: is empty (0 bytes): download or export it again")
    return raw


def _last_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read()


def _compression(raw: bytes) -> str:
    if raw.startswith(GZIP):
        return "gzip"
    if raw.startswith(ZSTD):
        return "zstd"
    return "none"


def _refuse_foreign(path: Path, raw: bytes) -> None:
    for magic, what in REFUSED:
        if raw.startswith(magic):
            raise InputError(f"{path.name}: {what or _zip_kind(raw)}")


def _zip_kind(raw: bytes) -> str:
    if b"xl/" in raw[:4096] or b"[Content_Types].xml" in raw[:4096]:
        return "is an Excel workbook (.xlsx): save the sheet as CSV UTF-8, ids as text, and load that"
    return "is a zip archive: unpack it, then load the files inside"


def _refuse_text(path: Path, text: str) -> None:
    start = text.lstrip("\ufeff \t\r\n")
    if not start.strip("\x00"):
        raise InputError(f"{path.name}: holds no text, only blanks: export it again")
    opening = start[:400].lower()
    if opening.startswith(("<!doctype html", "<html", "<head", "<!--", "<body")):
        raise InputError(f"{path.name}: is a web page (HTML), often a login or error page saved in place of the export: download it again")
    if opening.startswith(("<?xml", "<error")):
        raise InputError(f"{path.name}: is XML, often an error message saved in place of the export: export CSV, Parquet or JSON lines")
    sample = start[:4096]
    strange = sum(character < " " and character not in "\t\r\n" for character in sample)
    if strange > len(sample) / 10:
        raise InputError(f"{path.name}: is a binary file of a kind that is not known: export CSV, Parquet or JSON lines")


def _encoding(head: bytes, is_utf8: bool) -> str:
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16"
    return "utf-8" if is_utf8 else "latin-1"


def _is_utf8(data: bytes) -> bool:
    """Whether bytes cut out of a file may be UTF-8: a character cut at either end does not count."""
    while data and data[0] & 0xC0 == 0x80:
        data = data[1:]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _samples_are_utf8(path: Path) -> bool:
    """Sixteen samples across the file: reading all of a large file only to learn its encoding would take too long."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for part in range(16):
            offset = size * part // 16
            file.seek(offset)
            data = file.read(HEAD_BYTES if part == 0 else 1 << 16)
            if not _is_utf8(data):
                return False
    return True


def _check_stream(path: Path, compression: str) -> tuple[bytes, bool, bool, bool, bytes]:
    """Unpack a stream to its end: DuckDB loads what it could read of a cut-off or damaged one and says nothing."""
    head = bytearray()
    is_whole = is_utf8 = True
    decoder = codecs.getincrementaldecoder("utf-8")()
    padding: list[int] = []
    tail = b""
    for piece in unpacked(path, path.name, compression, padding):
        tail = (tail + piece[-TAIL_BYTES:])[-TAIL_BYTES:]
        missing = HEAD_BYTES - len(head)
        head += piece[:missing]
        is_whole = is_whole and len(piece) <= missing
        if is_utf8:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                is_utf8 = False
    return bytes(head), is_whole, is_utf8, bool(padding), tail


def unpacked(path: Path, name: str, compression: str | None = None, padding: list[int] | None = None) -> Iterator[bytes]:
    """The bytes of a file, unpacked where it is compressed; refuses streams that are cut off, damaged, or a bomb.

    `padding` takes the lengths of zeros between or after the members of a stream.
    """
    padding = [] if padding is None else padding
    if compression is None:
        with path.open("rb") as file:
            compression = _compression(file.read(4))
    if compression == "none":
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
        return
    packed, total = path.stat().st_size, 0
    try:
        for piece in _gzip_pieces(path, padding) if compression == "gzip" else _zstd_pieces(path, padding):
            total += len(piece)
            Budget.check_ratio(name, packed, total)
            yield piece
    except EOFError:
        raise InputError(f"{name}: the {compression} stream ends too early, the file is cut off: download it again") from None
    except (zlib.error, zstandard.ZstdError):
        raise InputError(f"{name}: the {compression} stream is damaged: download it again") from None


def _gzip_pieces(path: Path, padding: list[int]) -> Iterator[bytes]:
    return _pieces(path, GZIP, lambda: zlib.decompressobj(wbits=31), lambda stream, data: stream.decompress(data, 4 * CHUNK), padding)


def _zstd_pieces(path: Path, padding: list[int]) -> Iterator[bytes]:
    begin = zstandard.ZstdDecompressor
    return _pieces(path, ZSTD, lambda: begin().decompressobj(), lambda stream, data: stream.decompress(data), padding, ZSTD_CHUNK)


def _pieces(path: Path, magic: bytes, begin, unpack, padding: list[int], chunk: int = CHUNK) -> Iterator[bytes]:
    """The unpacked bytes of all members of a stream; EOFError where the last one is not finished."""
    stream = begin()
    with path.open("rb") as file:
        data = file.read(chunk)
        while data:
            if stream.eof:
                if not data.strip(b"\x00"):  # gzip allows padding after its last member
                    padding.append(len(data))
                    data = file.read(chunk)
                    continue
                if not data.startswith(magic[: len(data)]):
                    raise zlib.error("bytes after the end of the stream")
                stream = begin()
            piece = unpack(stream, data)
            yield piece
            rest = stream.unused_data if stream.eof else getattr(stream, "unconsumed_tail", b"")
            data = rest or file.read(chunk)
        while not stream.eof and (piece := unpack(stream, b"")):
            yield piece
    if not stream.eof:
        raise EOFError
