"""Who is in a cohort, read from whatever a tutor pastes: what each column means, what each row needs."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from threefold.core.address import check_email, check_name, clean, email_key, suggested_email
from threefold.core.pasted import ANGLED_ADDRESS, MOST_ROWS, cell, cells, csv_cell, csv_file, decode
from threefold.core.refusal import Problem

__all__ = [
    "MOST_AT_ONCE",
    "DryRun",
    "Duplicate",
    "Row",
    "check_email",
    "check_name",
    "checked_row",
    "csv_cell",
    "csv_file",
    "decode",
    "email_key",
    "judge",
    "names_meant",
    "read_pasted",
    "read_table",
]

MOST_AT_ONCE = 500

_HEADINGS = {
    "name": "name, full name, display name, preferred name, known as, called, learner, learner name, "
    "student, student name, trainee, trainee name, participant, participant name, candidate, "
    "candidate name, person, attendee, member",
    "first": "first, first name, forename, forenames, given name, given names, preferred first name",
    "last": "last, last name, surname, family name, second name",
    "email": "email, email address, e-mails, mail, mail address, address, work email, college email, "
    "student email, learner email, personal email, contact email",
    "pronouns": "pronoun, pronouns, preferred pronouns",
    "apart": "keep apart, keep apart from, apart, apart from, not with, keep separate from, separate from",
    "prefers": "prefers, preference, preferences, prefers to work with, prefers working with, would like",
}
_MEANING = {
    re.sub(r"[\W_]+", "", heading): meaning
    for meaning, headings in _HEADINGS.items()
    for heading in headings.split(",")
}
_PRONOUN_WORDS = (
    "she her hers he him his they them theirs it its xe xem ze zir hir fae faer ey em "
    "any all ask me name only pronouns no just use my"
)
_PRONOUNS = frozenset(_PRONOUN_WORDS.split())
_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "phd", "md", "ma", "msc", "ba", "bsc", "obe"})


@dataclass(frozen=True)
class Row:
    """One line of the list.

    `number` is its line in what was pasted, counted from 1; `problems` name the fields "name" and "email";
    `unread` is what stood under no heading we know, kept so that nothing is dropped in silence.
    """

    number: int
    name: str
    email: str
    pronouns: str = ""
    apart_from: str = ""
    problems: tuple[Problem, ...] = ()
    prefers: str = ""
    unread: tuple[str, ...] = ()

    @property
    def suggestion(self) -> str:
        """For “Did you mean …?” beside an address that will not do; "" when there is nothing to suggest."""
        wants_one = any(problem.field == "email" for problem in self.problems)
        return suggested_email(self.email) if wants_one else ""


@dataclass(frozen=True)
class Duplicate:
    """A row whose address stands further up in the same list; `of` is that row's number."""

    row: Row
    of: int

    @property
    def sentence(self) -> str:
        return f"already in this list, row {self.of}"


@dataclass(frozen=True)
class DryRun:
    """What adding this list would do; nothing has been done.

    `left_over` rows have nothing wrong with them: they came after the first 500, and `problems` says so.
    """

    ready: tuple[Row, ...]
    to_fix: tuple[Row, ...]
    already_here: tuple[Row, ...]
    duplicates: tuple[Duplicate, ...]
    left_over: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_pasted(text: str) -> tuple[Row, ...]:
    """Rows of a pasted list or a CSV file, 3,000 at most; blank lines are passed over but counted."""
    return _rows(cells(text))


def read_table(rows: Sequence[Sequence[str]]) -> tuple[Row, ...]:
    """Rows of a spreadsheet; a row's number is its place in the sheet, counted from 1."""
    return _rows([(number, [cell(value) for value in row]) for number, row in enumerate(rows[:MOST_ROWS], 1)])


def checked_row(
    number: int,
    name: str,
    email: str,
    pronouns: str = "",
    apart_from: str = "",
    prefers: str = "",
    unread: tuple[str, ...] = (),
) -> Row:
    """A row with its problems and every word kept; also for a row that was edited in place."""
    good_name, good_email = check_name(name), check_email(email)
    return Row(
        number,
        good_name if isinstance(good_name, str) else clean(name),
        good_email if isinstance(good_email, str) else clean(email),
        clean(pronouns),
        clean(apart_from),
        tuple(found for found in (good_name, good_email) if isinstance(found, Problem)),
        clean(prefers),
        unread,
    )


def judge(rows: Iterable[Row], already: Collection[str]) -> DryRun:
    """Sort rows into ready, to fix, already here and said twice. `already` holds the cohort's `email_key`s.

    People already here do not count towards the 500, so a long list pasted again carries on where it stopped.
    """
    ready: list[Row] = []
    to_fix: list[Row] = []
    here: list[Row] = []
    twice: list[Duplicate] = []
    left_over: list[Row] = []
    first_at: dict[str, int] = {}
    for row in rows:
        key = email_key(row.email)
        if key and key in already:
            here.append(row)
        elif key in first_at:
            twice.append(Duplicate(row, first_at[key]))
        elif len(ready) + len(to_fix) == MOST_AT_ONCE:
            left_over.append(row)
        elif row.problems:
            to_fix.append(row)
        else:
            first_at[key] = row.number
            ready.append(row)
    problems = (_too_many(left_over[0].number),) if left_over else ()
    return DryRun(tuple(ready), tuple(to_fix), tuple(here), tuple(twice), tuple(left_over), problems)


def _too_many(number: int) -> Problem:
    return Problem(
        "list",
        f"{MOST_AT_ONCE} people fit in one go, so we stopped before row {number}. "
        "Add these, then paste the same list again: nobody is added twice",
    )


def names_meant(written: str, names: Sequence[str]) -> tuple[str, ...]:
    """Whom a tutor may mean by “Owen T.”: those of that very name, or else whose words begin like these."""
    wanted = [word.rstrip(".") for word in clean(written).casefold().split()]
    same = tuple(name for name in names if name.casefold().split() == wanted)
    if same or not wanted:
        return same
    return tuple(name for name in names if _begins_like(name.casefold().split(), wanted))


def _begins_like(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return (
        len(words) >= len(wanted)
        and words[0] == wanted[0]
        and all(word.startswith(start) for word, start in zip(words[1:], wanted[1:], strict=False))
    )


def _rows(numbered: Iterable[tuple[int, list[str]]]) -> tuple[Row, ...]:
    filled = [(number, row) for number, row in numbered if any(row)]
    headings = _headings(filled[0][1]) if filled else []
    if headings:
        return tuple(_row_by_headings(number, row, headings) for number, row in filled[1:])
    return tuple(_row_by_looks(number, row) for number, row in filled)


def _headings(row: Sequence[str]) -> list[str]:
    """What each column means ("" for unknown), or nothing at all when this is no row of headings."""
    if any("@" in value for value in row):
        return []
    meanings = [_MEANING.get(re.sub(r"[\W_]+", "", value.casefold()), "") for value in row]
    return meanings if {"name", "first", "email"} & set(meanings) else []


def _row_by_headings(number: int, row: Sequence[str], headings: Sequence[str]) -> Row:
    said: dict[str, list[str]] = {meaning: [] for meaning in (*_HEADINGS, "")}
    for place, value in enumerate(row):
        if value:
            said[headings[place] if place < len(headings) else ""].append(value)
    if any("@" in value for value in row) and not any("@" in value for value in said["email"]):
        return _row_by_looks(number, row)
    first, last = said["first"], said["last"]
    name = said["name"][0] if said["name"] else " ".join([*first, *last])
    return checked_row(
        number,
        _forename_first(name),
        _bare(said["email"][0] if said["email"] else ""),
        "; ".join(said["pronouns"]),
        "; ".join(said["apart"]),
        "; ".join(said["prefers"]),
        (*said["name"][1:], *(first + last if said["name"] else ()), *said["email"][1:], *said[""]),
    )


def _row_by_looks(number: int, row: Sequence[str]) -> Row:
    """No headings: the cell with an @ is the address, and the name is what stands before it."""
    email_at = _first_place(row, lambda value: "@" in value.strip("@"))
    if email_at < 0 and len(row) > 1:
        email_at = _first_place(row, lambda value: "@" in value or ("." in value[1:-1] and " " not in value))
    pronouns_at = _first_place(row, _are_pronouns)
    words = [
        place
        for place, value in enumerate(row)
        if place not in {email_at, pronouns_at} and any(character.isalpha() for character in value)
    ]
    named = [place for place in words if place < email_at] or words[:1]
    if email_at == 0 and len(words) > 1 and not any(" " in row[place] for place in words[:2]):
        named = words[:2]
    used = {email_at, pronouns_at, *named}
    return checked_row(
        number,
        _forename_first(" ".join(row[place] for place in named)),
        _bare(row[email_at]) if email_at >= 0 else "",
        row[pronouns_at] if pronouns_at >= 0 else "",
        unread=tuple(value for place, value in enumerate(row) if value and place not in used),
    )


def _first_place(row: Sequence[str], fits: Callable[[str], bool]) -> int:
    return next((place for place, value in enumerate(row) if fits(value)), -1)


def _forename_first(name: str) -> str:
    """“Bello, Aisha”, as registers write it, is Aisha Bello; “Davis, Jr.” stays."""
    last, comma, first = (part.strip() for part in name.partition(","))
    flips = comma and first and last and "," not in first and first.casefold() not in _SUFFIXES
    return f"{first} {last}" if flips else name


def _bare(address: str) -> str:
    """The address in “Aisha <mailto:aisha@example.org>;”, or the text as it is."""
    angled = ANGLED_ADDRESS.search(address)
    return re.sub(r"^mailto:", "", angled[1] if angled else address.rstrip(",;"), flags=re.IGNORECASE)


def _are_pronouns(value: str) -> bool:
    """“she/her”, “any pronouns”, “they”; a single “Em” may be a name."""
    words = re.findall(r"[^\W\d_]+", value.casefold())
    return set(words) <= _PRONOUNS and (1 < len(words) < 6 or words in (["she"], ["he"], ["they"]))
