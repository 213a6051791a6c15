"""A plan on its way out: its rows, and who hears of it by how many letters."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from threefold.core.grouping import Person as Someone
from threefold.core.identity import NewId
from threefold.core.invitation import new_uid
from threefold.core.publication import lay_out
from threefold.matching import Plan
from threefold.plans.actions import Layout
from threefold.plans.queries import Course
from threefold.store.rows import CohortRow


@dataclass(frozen=True)
class Recipient:
    """Who would hear of the plan, and by how many letters."""

    name: str
    email: str
    invitations: int
    takes_feed: bool


def recipients(cohort: CohortRow, course: Course, plan: Plan, now: datetime) -> list[Recipient]:
    """Exactly who gets what: one overview each, and an invitation for each session still to come, or (where the cohort
    invites some days ahead) for those that are as near as that.
    """
    until = None if cohort.invites_ahead is None else now + timedelta(days=cohort.invites_ahead)
    coming: defaultdict[Someone, int] = defaultdict(int)
    for date, groups in zip(course.dates, plan.sessions, strict=True):
        for group in groups:
            for member in group.members:
                coming[member] += date.starts_at > now and (until is None or date.starts_at <= until)
    return [
        Recipient(reader.name, reader.email, 0 if reader.takes_feed else coming[reader.member], reader.takes_feed)
        for reader in course.people
    ]


def prepare(
    cohort: CohortRow,
    course: Course,
    plan: Plan,
    *,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> Layout:
    """The rows of a publication, from a snapshot. `domain` is the one that invitations come from. Pure."""
    laid_out = lay_out(plan.sessions, cohort.shape, cohort.rooms, [reader.member for reader in course.tutors])
    layout = Layout(cohort.version, [], [], [])
    for group in laid_out:
        date = course.dates[group.session]
        triad_id = new_id()
        layout.triads.append(
            {
                "id": triad_id,
                "practice_id": date.id,
                "number": group.number,
                "room": group.room,
                "tutor_id": UUID(group.tutor) if group.tutor else None,
            }
        )
        for position, member in enumerate(group.members):
            seat_id = new_id()
            layout.seats.append(
                {
                    "id": seat_id,
                    "practice_id": date.id,
                    "triad_id": triad_id,
                    "membership_id": UUID(member),
                    "position": position,
                    "taken_at": now,
                    "uid": new_uid(seat_id, domain),
                    "sequence": 0,
                    "invited_at": None,
                }
            )
            layout.turns.extend(
                {"triad_id": triad_id, "round": number, "seat_id": seat_id, "role": roles[member].value}
                for number, roles in enumerate(group.rota, start=1)
            )
    return layout
