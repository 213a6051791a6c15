"""Rosters that come as an Excel file: the first visible sheet as rows of text, or a kind word instead.

The file comes from outside, so the reader gets a fresh archive of just the parts it needs, unpacked here
under limits that hold whatever the file says about its own sizes.
"""

import datetime as dt
import io
import re
import struct
import zipfile
import zlib

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from threefold.core.pasted import MOST_ROWS
from threefold.core.refusal import Refusal

MOST_UNPACKED = 50 * 1024 * 1024  # bytes
MOST_CELLS = 1_000_000
MOST_TEXT = 256 * 1024 * 1024  # bytes, were every cell to hold the longest shared text
_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/.*|xl/(?:workbook|sharedStrings|styles)\.xml|"
    r"xl/_rels/.*|xl/worksheets/[^/]+\.xml",
    re.IGNORECASE,
)
_CELL_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{1,4})([0-9]{1,9})""")
_ROW_PLACE = re.compile(rb"""<(?:\w+:)?row\b[^<>]*?\br\s*=\s*["']\s*([0-9]{1,9})""")

_UNREADABLE_ERRORS = (
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,  # zipfile seeks before the beginning of a mangled archive
    RuntimeError,  # the archive asks for a password, or for an unknown way of packing
    OSError,
    EOFError,
)

UNREADABLE = "We couldn’t read this file. Save it as .xlsx or CSV, or paste the rows instead"
TOO_LARGE = "This file holds far more than a list of people. Copy just the rows with names, and paste them"


def read_xlsx(data: bytes) -> tuple[tuple[str, ...], ...] | Refusal:
    """The sheet's first 3,000 rows, empty ones included so that row numbers stay those of the sheet."""
    try:
        parts = _unpacked(data)
        if parts is None or _reach(parts) > MOST_CELLS or _text(parts) > MOST_TEXT:
            return Refusal.because(TOO_LARGE, "file")
        if "xl/workbook.xml" not in parts:
            return Refusal.because(UNREADABLE, "file")
        book = CalamineWorkbook.from_filelike(_repacked(parts))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        if not shown:
            return Refusal.because(UNREADABLE, "file")
        rows = book.get_sheet_by_name(shown[0]).to_python(skip_empty_area=False, nrows=MOST_ROWS)
    except _UNREADABLE_ERRORS:
        return Refusal.because(UNREADABLE, "file")
    return tuple(tuple(_written(value) for value in row) for row in rows)


def _unpacked(data: bytes) -> dict[str, bytes] | None:
    """The parts a reader needs; None when they would take more room than a list of people ever does."""
    parts: dict[str, bytes] = {}
    room = MOST_UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
            return None
        for entry in archive.infolist():
            if _PARTS.fullmatch(entry.filename):
                with archive.open(entry) as part:
                    parts[entry.filename] = part.read(room + 1)
                room -= len(parts[entry.filename])
                if room < 0:
                    return None
    return parts


def _repacked(parts: dict[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    packed.seek(0)
    return packed


def _reach(parts: dict[str, bytes]) -> int:
    """Cells in the rectangle up to the furthest one: the reader lays it all out, however few are filled."""
    furthest = 0
    for name, part in parts.items():
        if "worksheets/" in name:
            places = {(column.upper(), int(row)) for column, row in _CELL_PLACE.findall(part)}
            rows = [row for _, row in places] + [int(row) for row in _ROW_PLACE.findall(part)]
            width = max((_column(column) for column, _ in places), default=1)
            furthest = max(furthest, width * max(rows, default=1))
    return furthest


def _text(parts: dict[str, bytes]) -> int:
    """The most text that cells could repeat from the shared strings; a cell takes four tags."""
    shared = parts.get("xl/sharedStrings.xml", b"")
    longest = max(len(text) for text in re.split(rb"</(?:\w+:)?si>", shared))
    sheets = [part for name, part in parts.items() if "worksheets/" in name]
    return longest * max((part.count(b"<") // 4 for part in sheets), default=0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _written(value: object) -> str:
    """A cell as the person would write it: 12, not 12.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
