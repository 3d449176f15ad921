"""The text of a file: its bytes unpacked, and read in the encoding that they were written in.

Here: gzip, byte order marks, which encoding it is. Not here: rows and cells (``delimited``).
"""

from __future__ import annotations

import codecs
import contextlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from feedforward.data.packed import pieces
from feedforward.errors import DataError
from feedforward.lookup import did_you_mean

__all__ = ["STANDARD_INPUT", "Text", "check_encoding", "is_standard_input", "read_text"]

STANDARD_INPUT = "-"
"""What stands for standard input where a path is expected, unless a file is called so."""

_MOST_GROWTH = 100  # of a gzip-compressed text; numbers reach 3, words 20. Tables of little but zeros reach 400
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_USUAL_NAMES = ("utf-8", "utf-16", "latin-1", "cp1252", "cp1251", "cp437", "gb18030", "big5", "shift_jis", "euc_kr")


@dataclass(frozen=True)
class Text:
    """What a file says.

    Parameters
    ----------
    content : str
        Its text, without a byte order mark.
    encoding : str
        ``"UTF-8"``, ``"UTF-16"``, ``"GB18030"``, ``"Windows-1252"``, or the name that the user gave.
    """

    content: str
    encoding: str


def is_standard_input(path: Path) -> bool:
    """Return whether a path means standard input."""
    return str(path) == STANDARD_INPUT and not path.exists()


def check_encoding(encoding: str) -> None:
    """Raise for what is no encoding of text.

    Raises
    ------
    ValueError
        If Python knows none of that name.
    """
    try:
        "".encode(encoding)
    except UnicodeError:  # one that encodes some other things
        return
    except (LookupError, ValueError):
        raise ValueError(f"Unknown encoding {encoding!r}. {did_you_mean(encoding, list(_USUAL_NAMES))}") from None


def read_text(path: Path, encoding: str | None = None) -> Text:
    """Return the text of a file.

    Parameters
    ----------
    path : Path
        The file, gzip-compressed or not; ``-`` is standard input.
    encoding : str or None
        Python's name of an encoding. None: found, see Notes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If it is a folder, empty, or not text, or if a gzip stream of more than 32 MiB is more than 100 times as long as
        what it is packed in.

    Notes
    -----
    1. A byte order mark says UTF-16 or UTF-8.
    2. What can be read as UTF-8 is UTF-8. Bytes cannot by accident, unless they are ASCII.
    3. Where most of what is beyond ASCII is UTF-8, the rest is a fault, which is named.
    4. It is GB18030, of which GBK and GB2312 are parts, if all of it can be read so and at least half of the characters
       beyond ASCII are of the 3,755 that Chinese texts consist of (level 1 of GB 2312-80). Letters with accents, read
       so, either cannot be read or give rare characters, for their second byte is mostly an ASCII letter.
    5. Else it is Windows-1252, which has all that Latin-1 has to print.
    """
    if path.is_dir():
        raise DataError(f"{path}: a folder. A CSV or TSV file is expected. Give the path of a file in it.")
    has_zeros = encoding is not None and codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    content = bytearray()
    with _opened(path) as file:
        for part in pieces(file, str(path), _MOST_GROWTH):
            if b"\0" in part and not has_zeros and (bytes(content[:2]) or part[:2]) not in _UTF_16:
                raise _binary(path)  # at the first of them: /dev/zero has no end
            content += part
    text = _decoded(path, content, encoding)
    if "\0" in text.content:
        raise _binary(path)
    if not text.content.strip():
        raise DataError(f"{path}: the file is empty. A header and at least one row are expected. Check the file.")
    return text


def _opened(path: Path) -> contextlib.AbstractContextManager[BinaryIO]:
    if is_standard_input(path):
        return contextlib.nullcontext(sys.stdin.buffer)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file. A CSV or TSV file is expected. Check the path.")
    return path.open("rb")


def _binary(path: Path) -> DataError:
    return DataError(f"{path}: a binary file, it holds zero bytes. UTF-8 text is expected. Export the table as CSV.")


def _decoded(path: Path, content: bytearray, encoding: str | None) -> Text:
    if encoding is not None:
        try:
            return Text(content.decode(encoding).removeprefix("\ufeff"), encoding)
        except UnicodeError as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            what = f"byte 0x{content[start]:02x} is not {encoding}"
            advice = "Give the encoding that the file was written in, or none, and it is found."
            raise DataError(f"{_where(path, content, start)}: {what}. {advice}") from error
    name = "UTF-16" if content[:2] in _UTF_16 else "UTF-8"
    try:
        return Text(content.decode("utf-16" if name == "UTF-16" else "utf-8-sig"), name)
    except UnicodeDecodeError as error:
        found = None if name == "UTF-16" else _of_a_country(content)
        if found is not None:
            return found
        raise DataError(
            f"{_where(path, content, error.start)}: byte 0x{content[error.start]:02x} is not {name}. UTF-8 text is"
            " expected. Save the table as 'CSV UTF-8', or give the encoding it was written in."
        ) from error


def _where(path: Path, content: bytearray, start: int) -> str:
    line = content.count(b"\n", 0, start) + 1
    return f"{path}, line {line}"


def _of_a_country(content: bytearray) -> Text | None:
    """Return the text of bytes that are not UTF-8, None if they are neither GB18030 nor Windows-1252."""
    beyond = "".join(_BEYOND_ASCII.findall(content.decode("utf-8", "surrogateescape")))
    strange = sum("\udc80" <= character <= "\udcff" for character in beyond)  # bytes that are not UTF-8
    if strange < len(beyond) - strange:
        return None
    try:
        chinese = content.decode("gb18030")
        # Level 1 has rows 16 to 55 of 94 characters; both bytes of a character are its row and column plus 0xa0.
        pairs = ((row + 0xA0, column + 0xA0) for row in range(16, 56) for column in range(1, 95))
        common = frozenset(bytes(byte for pair in pairs for byte in pair).decode("gb18030"))
        beyond = "".join(_BEYOND_ASCII.findall(chinese))
        if 2 * sum(character in common for character in beyond) >= len(beyond):
            return Text(chinese.removeprefix("\ufeff"), "GB18030")
    except UnicodeDecodeError:
        pass
    try:
        return Text(content.decode("cp1252"), "Windows-1252")
    except UnicodeDecodeError:
        return None
