"""How pasted text and CSV files become rows of cells, whoever put commas, tabs or quotes there; and back."""

import csv
import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from threefold.core.address import clean

MOST_ROWS = 3_000
MOST_CHARACTERS = 1_000_000  # 3,000 rows of a real list are a third of this
_LONGEST_QUOTED = 6  # lines one quoted cell may run over before we take its quote for an ordinary character
_LONGEST_LINE = 10_000  # characters one person's line is read for
_MOST_COLUMNS = 50
_SEPARATORS = ("\t", ";", ",")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_CUT_OFF_ENDING = re.compile(r"[a-z]{2,10}(?:\.[a-z]{2,10})?")
ANGLED_ADDRESS = re.compile(r"<(?:mailto:)?([^<>]*@[^<>]*)>", re.IGNORECASE)


def decode(data: bytes) -> str:
    """Text of a file as spreadsheets save it: UTF-8 with or without mark, UTF-16 with one, Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def csv_cell(value: str) -> str:
    """A cell no spreadsheet takes for a formula (OWASP, CSV injection); `cell` takes the mark off again."""
    starts = unicodedata.normalize("NFKC", value[:1]).startswith(_FORMULA_STARTS)
    return f"'{value}" if starts else value


def csv_file(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as a CSV file spreadsheets open rightly: UTF-8 with a mark, CRLF, formulas made harmless."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([csv_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def cell(value: str) -> str:
    """A cell's text, tidy, without the apostrophe that `csv_cell` and spreadsheets put before a formula."""
    value = clean(value)
    return value[1:] if value.startswith("'") and value[1:2] in _FORMULA_STARTS else value


def cells(text: str) -> list[tuple[int, list[str]]]:
    """The cells of every line with something on it, with the line's number counted from 1; 3,000 at most.

    Each line may use its own separator, as lists put together from several places do. Several people on one
    line, as an e-mail's “To” field gives them, become a line each and are counted as such.
    """
    lines = _lines(text)
    usual = _usual_separator([line for _, line in lines])
    return [(number, _apart(line, usual)) for number, line in lines]


def _lines(text: str) -> list[tuple[int, str]]:
    physical = re.split("\r\n|\r|\n", text[:MOST_CHARACTERS].removeprefix("\ufeff").replace("\x00", ""))
    found: list[tuple[int, str]] = []
    at = extra = 0
    while at < len(physical) and len(found) < MOST_ROWS:
        if not physical[at].strip():
            at += 1
            continue
        line, used = _whole(physical, at)
        people = _people(line)
        found += [(at + 1 + extra + place, one[:_LONGEST_LINE]) for place, one in enumerate(people) if one.strip()]
        extra += len(people) - 1
        at += used
    return found[:MOST_ROWS]


def _whole(physical: Sequence[str], at: int) -> tuple[str, int]:
    """The line from `at`, with those that finish a quoted cell begun on it, and how many lines that took."""
    unfinished = physical[at].rpartition('"')[2]
    if "@" not in unfinished and _left_open(physical[at]):
        for used in range(2, _LONGEST_QUOTED + 1):
            joined = "\n".join(physical[at : at + used])
            if not _left_open(joined):
                return joined, used
    return physical[at], 1


def _left_open(line: str) -> bool:
    """True when a quote that began a cell is still open at the end."""
    if '"' not in line:
        return False
    is_open, begins, just_closed = False, True, False
    for character in line:
        quotes = character == '"' and (is_open or begins or just_closed)  # two in a row stand for one inside
        is_open ^= quotes
        just_closed = quotes and not is_open
        begins = character in _SEPARATORS or (begins and character in ' "')
    return is_open


def _people(line: str) -> list[str]:
    """“A <a@…>; B <b@…>” as one line a person; every other line as it is."""
    ends = [found.end() for found in ANGLED_ADDRESS.finditer(line)]
    if len(ends) < 2 or "\t" in line:
        return [line]
    return [line[start:end].lstrip(" ,;") for start, end in itertools.pairwise([0, *ends])]


def _usual_separator(lines: Iterable[str]) -> str:
    """What most lines that hold an address put around it."""
    votes = Counter(
        separator
        for line in lines
        for separator in _SEPARATORS
        if separator in line and any(map(_is_address, _split(line, separator)))
    )
    return max(_SEPARATORS, key=lambda separator: votes[separator])


def _apart(line: str, usual: str) -> list[str]:
    angled = ANGLED_ADDRESS.search(line)
    if angled and "\t" not in line:
        before = cell(line[: angled.start()]).strip(" ,;").strip('" ')
        after = line[angled.end() :].lstrip(" ,;")
        return [before, angled[1], *(_apart(after, usual) if after.strip() else [])]
    present = [separator for separator in (usual, *_SEPARATORS) if separator in line]
    for separator in present:
        split = _split(line, separator)
        if any(map(_is_address, split)):
            return split
    return _split(line, present[0]) if present else _by_white_space(line)


def _split(line: str, separator: str) -> list[str]:
    try:
        if _left_open(line):
            row = line.split(separator)
        else:
            row = next(csv.reader(iter([line]), delimiter=separator, skipinitialspace=True), [])
    except csv.Error:  # a line break outside the quotes this separator sees
        row = line.split(separator)
    return _mended([cell(value) for value in row[:_MOST_COLUMNS]])


def _mended(row: list[str]) -> list[str]:
    """“priya@example,org” was one address before its comma cut it in two."""
    for place, (before, after) in enumerate(itertools.pairwise(row)):
        host = before.partition("@")[2]
        if host and "." not in host and " " not in before and _CUT_OFF_ENDING.fullmatch(after):
            return [*row[:place], f"{before},{after}", *row[place + 2 :]]
    return row


def _by_white_space(line: str) -> list[str]:
    words = clean(line).split(" ")
    address = next((word for word in words if "@" in word), "")
    return [" ".join(word for word in words if "@" not in word).strip(" -–—:•"), address]


def _is_address(value: str) -> bool:
    return "@" in value.strip("@") and not any(mark in value for mark in (" ", *_SEPARATORS))
