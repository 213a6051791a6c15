"""What tutors see of extra practice: every window with how full it is, and one of them with everybody in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.slots import moment
from threefold.core.window import Way
from threefold.store.extra import Sheet, WindowRow, sheets, window_row
from threefold.store.rows import CohortRow
from threefold.store.tables import Membership, Person, PracticeWindow, WindowOffer
from threefold.store.within import Within


@dataclass(frozen=True)
class Trainee:
    """Somebody of the cohort who could book."""

    member: UUID
    person_id: UUID
    name: str


@dataclass(frozen=True)
class Listed:
    """A window in the list: its times ahead, and how it stands."""

    window: WindowRow
    sheets: tuple[Sheet, ...]
    first_at: datetime
    offers: int

    @property
    def is_draft(self) -> bool:
        return self.window.opened_at is None and self.window.called_off_at is None

    @property
    def taken(self) -> int:
        return sum(sheet.seats_taken for sheet in self.sheets)

    @property
    def seats(self) -> int:
        return sum(sheet.seats for sheet in self.sheets)


@dataclass(frozen=True)
class WindowsPage:
    """All of a cohort's windows: what is open or a draft, and what is over or called off."""

    cohort: CohortRow
    open: tuple[Listed, ...]
    over: tuple[Listed, ...]


@dataclass(frozen=True)
class WindowShown:
    """One window. `offers`: what each person offers, as (name, how many times, how often they would come)."""

    cohort: CohortRow
    window: WindowRow
    sheets: tuple[Sheet, ...]
    waiting: Mapping[UUID, str]  # names of those who wait, by membership
    offers: tuple[tuple[str, int, int, str], ...]

    @property
    def booked(self) -> int:
        """How many people hold a place that is still to come."""
        return len({member for sheet in self.sheets for some in sheet.people.values() for member in some})

    @property
    def can_form(self) -> bool:
        window = self.window
        return window.way is Way.MATCHED and not (window.drawn_at or window.called_off_at)


def trainees_of(db: Session, cohort_id: UUID) -> list[Trainee]:
    rows = db.execute(
        select(Membership.id, Membership.person_id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == cohort_id, Membership.role == "trainee", Membership.left_at.is_(None))
        .order_by(Person.name, Membership.id)
    )
    return [Trainee(*row) for row in rows]


def windows_of(db: Session, within: Within, now: datetime) -> WindowsPage:
    """Four questions, however many there are."""
    cohort = within.cohort
    entities = db.scalars(
        select(PracticeWindow)
        .where(PracticeWindow.cohort_id == cohort.id)
        .order_by(PracticeWindow.first_day, PracticeWindow.id)
    ).all()
    by_window: dict[UUID, list[Sheet]] = {}
    for sheet in sheets(db, PracticeWindow.cohort_id == cohort.id):
        by_window.setdefault(sheet.window.id, []).append(sheet)
    offers: dict[UUID, int] = {}
    for window_id in db.scalars(
        select(WindowOffer.window_id)
        .join(PracticeWindow, PracticeWindow.id == WindowOffer.window_id)
        .where(PracticeWindow.cohort_id == cohort.id, WindowOffer.taken_back_at.is_(None))
    ):
        offers[window_id] = offers.get(window_id, 0) + 1
    found = [
        Listed(
            window_row(each),
            tuple(by_window.get(each.id, ())),
            moment(datetime.fromisoformat(each.times[0]), cohort.zone)[0],
            offers.get(each.id, 0),
        )
        for each in entities
    ]
    today = now.date()
    last_day = {each.id: each.last_day for each in entities}
    on = [each for each in found if not each.window.called_off_at and last_day[each.window.id] >= today]
    return WindowsPage(cohort, tuple(on), tuple(each for each in reversed(found) if each not in on))


def window_shown(db: Session, within: Within, entity: PracticeWindow, now: datetime) -> WindowShown:
    """Four questions."""
    found = sheets(db, PracticeWindow.id == entity.id)
    waiting = [one.member for sheet in found for one in sheet.time.waiting if sheet.time.ends_at > now]
    names = db.execute(
        select(Membership.id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.id.in_(waiting))
    )
    offers = db.execute(
        select(Person.name, WindowOffer.times, WindowOffer.wants, WindowOffer.unplaced)
        .join(Membership, Membership.id == WindowOffer.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(WindowOffer.window_id == entity.id, WindowOffer.taken_back_at.is_(None))
        .order_by(Person.name)
    )
    return WindowShown(
        within.cohort,
        window_row(entity),
        tuple(found),
        {row.id: row.name for row in names},
        tuple((name, len(times), wants, unplaced) for name, times, wants, unplaced in offers),
    )
