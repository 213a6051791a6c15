"""A roster file read into a course to be planned, and a plan written as a table for everybody to read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from threefold.core.grouping import Pair, Person
from threefold.core.pasted import csv_file, decode
from threefold.core.roles import Role, Turning
from threefold.core.roster import Row, email_key, names_meant, read_pasted
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem, Remainder

HEADINGS = ("session", "group", "round", "counsellor", "client", "observers")
A_TUTOR = "tutor"


class Unclear(ValueError):  # noqa: N818 - said of a file
    """A roster that leaves open who is meant; its words are for whoever wrote it."""


@dataclass(frozen=True)
class Roster:
    """A course read from a file, what its people are called, and what was passed over in words."""

    problem: CourseProblem
    names: Mapping[Person, str]
    notes: tuple[str, ...]


def read_roster(
    content: bytes,
    *,
    sessions: int,
    apart: Sequence[str],
    turning: Turning,
    remainder: Remainder,
    even_quads: bool = False,
) -> Roster:
    """Everybody in a CSV file or a plain list, present every time. An e-mail address is not needed.

    A column "keep apart" is heeded, and "prefers" where it can be; `apart` holds more pairs, as "Ben, Chloe".
    Somebody listed twice with the same address counts once. Raises Unclear.
    """
    rows, notes = _once_each(read_pasted(decode(content)))
    if not rows:
        raise Unclear("nobody is in this file")
    people = [f"{place:04}" for place in range(len(rows))]
    names = dict(zip(people, _told_apart(rows), strict=True))
    of_row = {row.number: person for person, row in zip(people, rows, strict=True)}
    kept_apart = [
        _pair(of_row[row.number], other, names, f"row {row.number}")
        for row in rows
        for other in _several(row.apart_from)
    ]
    for both in apart:
        one, comma, other = both.partition(",")
        if not comma:
            raise Unclear(f"--apart “{both}” must be two names with a comma between them")
        kept_apart.append(_pair(_meant(one, names, "--apart"), other, names, "--apart"))
    wishes = [
        _pair(of_row[row.number], other, names, f"row {row.number}") for row in rows for other in _several(row.prefers)
    ]
    everybody = frozenset(people)
    problem = CourseProblem(
        tuple(people),
        (everybody,) * sessions,
        apart=frozenset(kept_apart),
        remainder=remainder,
        even_quads=even_quads,
        turning=turning,
        wishes=frozenset(wishes) - frozenset(kept_apart),
    )
    return Roster(problem, names, tuple(notes))


def rota(plan: Plan, sessions: Sequence[str], names: Mapping[Person, str]) -> bytes:
    """The plan as a CSV file: a line for each round of each group. Nothing in it is a formula to a spreadsheet."""
    lines: list[Sequence[str]] = [HEADINGS]
    for session, groups in zip(sessions, plan.sessions, strict=True):
        for place, group in enumerate(groups, 1):
            for turn, roles in enumerate(group.rounds(), 1):
                who = {role: [names[person] for person, its in roles.items() if its is role] for role in Role}
                observers = [*who[Role.OBSERVER], *([A_TUTOR] if group.tutor else [])]
                lines.append(
                    (
                        *(session, str(place), str(turn)),
                        *(who[Role.COUNSELLOR][0], who[Role.CLIENT][0], " and ".join(observers)),
                    )
                )
    return csv_file(lines)


def _once_each(rows: Iterable[Row]) -> tuple[list[Row], list[str]]:
    """Everybody once, and who was passed over."""
    kept: dict[str, Row] = {}
    notes = []
    for row in rows:
        if not row.name and not row.email:
            notes.append(f"Row {row.number} has no name and was passed over.")
            continue
        key = email_key(row.email) or row.name.casefold()
        if key in kept and not row.email:
            raise Unclear(
                f"row {row.number}: “{row.name}” is listed twice; add initials or addresses to tell them apart"
            )
        if key in kept:
            notes.append(f"Row {row.number} has the address of row {kept[key].number} and was passed over.")
            continue
        kept[key] = row
    return list(kept.values()), notes


def _told_apart(rows: Sequence[Row]) -> list[str]:
    called = [row.name or row.email for row in rows]
    return [
        name if called.count(name) == 1 else f"{name} ({row.email})" for name, row in zip(called, rows, strict=True)
    ]


def _several(written: str) -> list[str]:
    return [name for name in re.split(r"[;,/&\n]", written) if name.strip()]


def _pair(one: Person, written: str, names: Mapping[Person, str], where: str) -> Pair:
    other = _meant(written, names, where)
    if other == one:
        raise Unclear(f"{where}: “{written.strip()}” is the same person")
    return frozenset((one, other))


def _meant(written: str, names: Mapping[Person, str], where: str) -> Person:
    found = names_meant(written, list(names.values()))
    who = [person for person, name in names.items() if name in found]
    if len(who) != 1:
        raise Unclear(f"{where}: {'more than one person is' if who else 'nobody is'} called “{written.strip()}”")
    return who[0]
