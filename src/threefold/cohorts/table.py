"""The term as a table: trainees down, sessions across, each cell the group and who is in it, written once as markup.

By hand, since this is the page tutors open most and it grows with the cohort: a template asks for each word by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from uuid import UUID

from markupsafe import Markup, escape

from threefold.core.said import short_day
from threefold.core.triad import group_name

_CALLED_OFF = '<br><b class="tag sun">called off</b>'


@dataclass(frozen=True)
class Week:
    """One practice session in the term's table."""

    id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None


def head(weeks: Iterable[Week], zone: str) -> Markup:
    """A cell for each session: its day, and the way to its groups."""
    made = [
        f'<th scope="col"><a href="/practice/{week.id}"><span class="vh">Week {week.number}, </span>'
        f"{short_day(week.starts_at, zone)}</a>{_CALLED_OFF if week.cancelled_at else ''}</th>"
        for week in weeks
    ]
    return Markup("".join(made))  # noqa: S704 - ids, numbers, days and our own words


def rows(
    names: Mapping[str, str],
    short: Mapping[str, str],
    weeks: Sequence[Week],
    groups: Iterable[tuple[int, tuple[str, int], list[str]]],
    away: AbstractSet[tuple[int, str]],
) -> Markup:
    """The table's rows, from each group's week, room and number, and members.

    Each name is escaped once, each cell made once.
    """
    safe = _escaped(dict(sorted(short.items(), key=itemgetter(1))))
    order = {member: place for place, member in enumerate(safe)}.__getitem__
    begins: dict[tuple[str, int], str] = {}
    place_of = {week.number: place for place, week in enumerate(weeks)}
    cells = {member: ['<td class="hint">not in</td>'] * len(weeks) for member in names}
    for number, where, members in groups:
        week = place_of[number]
        begin = begins.get(where)
        if begin is None:
            begin = begins[where] = f'<td>{escape(group_name(*where))}<br><span class="hint">'
        members.sort(key=order)
        if len(members) == 3:  # nearly every group: written out
            one, two, three = members
            first, second, third = safe[one], safe[two], safe[three]
            cells[one][week] = f"{begin}{second}, {third}</span></td>"
            cells[two][week] = f"{begin}{first}, {third}</span></td>"
            cells[three][week] = f"{begin}{first}, {second}</span></td>"
            continue
        for member in members:
            others = ", ".join([safe[other] for other in members if other != member])
            cells[member][week] = f"{begin}{others}</span></td>"
    for number, member in away:
        cell = cells[member][place_of[number]]
        cells[member][place_of[number]] = cell.removesuffix("</td>") + '<br><b class="tag sun">can’t make it</b></td>'
    whole = _escaped(names)
    made = [f'<tr><th scope="row">{whole[member]}</th>{"".join(row)}</tr>' for member, row in cells.items()]
    return Markup("".join(made))  # noqa: S704 - each name and room was escaped above; the rest is our own


def _escaped(names: Mapping[str, str]) -> dict[str, str]:
    """The names as they stand in a page, in one go: a call for each costs half as much as all the cells."""
    return dict(zip(names, str(escape("\n".join(names.values()))).split("\n"), strict=True))
