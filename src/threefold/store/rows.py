"""Rows as values: what somebody has been let into, as it stood when they came; an action changes the table instead."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from itertools import accumulate
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Column

from threefold.core.roles import RoleLabels
from threefold.core.sampling import Looking, in_force
from threefold.core.slots import SessionShape
from threefold.store.tables import metadata

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CohortRow:
    """A group that practises together for a term; see `tables.Cohort` for what each column holds."""

    id: UUID
    name: str
    version: int
    zone: str
    starts: time | None
    minutes: int | None
    first_date: date | None
    how_many: int | None
    skip: list[Any]
    place: str
    link: str
    rooms: list[Any]
    rounds: int
    practice_minutes: int
    feedback_minutes: int
    opening_minutes: int
    closing_minutes: int
    framework_id: str | None
    framework_version: str | None
    competencies: list[Any]
    looked_before: list[Any]
    labels: dict[str, Any]
    remainder: str
    turning: str
    invites_ahead: int | None
    declines_after: int
    notice_hours: int
    phone: str
    even_quads: bool
    safeguarding_lead: str
    contract: str
    contract_version: int
    created_by: UUID
    published_at: datetime | None
    archived_at: datetime | None

    @property
    def shape(self) -> SessionShape:
        """The minutes of a practice session, as core reckons with them."""
        return SessionShape(
            self.rounds, self.practice_minutes, self.feedback_minutes, self.opening_minutes, self.closing_minutes
        )

    def looking_at(self, starts_at: datetime) -> Looking:
        """What a session of this cohort that starts then is looked at for."""
        now = Looking(self.framework_id or "", self.framework_version or "", tuple(self.competencies))
        if not self.looked_before:
            return now
        before = [
            (datetime.fromisoformat(until), Looking(id, version, tuple(codes)))
            for until, id, version, codes in self.looked_before
        ]
        return in_force(starts_at, now, before)

    @property
    def role_labels(self) -> RoleLabels:
        """What this course calls its roles."""
        return RoleLabels(**self.labels)


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """A person's place in a cohort."""

    id: UUID
    person_id: UUID
    role: str
    privacy_version: str | None
    contract_version: int | None
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class PracticeRow:
    """One date on which a cohort practises."""

    id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    cancelled_at: datetime | None
    shape: list[int] | None
    window_id: UUID | None

    def shape_in(self, cohort: CohortRow) -> SessionShape:
        """The minutes of this session: its own where it has any, else its cohort's."""
        return SessionShape(*self.shape) if self.shape else cohort.shape


@dataclass(frozen=True, slots=True)
class TriadRow:
    """Three people (or four, or two with a tutor) in one practice session."""

    id: UUID
    number: int
    room: str
    tutor_id: UUID | None
    places: int | None


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A person's place in a practice session."""

    id: UUID
    triad_id: UUID
    membership_id: UUID
    position: int
    taken_at: datetime
    uid: str
    sequence: int
    invited_at: datetime | None


@dataclass(frozen=True, slots=True)
class SwapRow:
    """Somebody asked somebody else to take their seat; see `tables.SwapRequest`."""

    id: UUID
    seat_id: UUID
    asked_id: UUID
    in_return_id: UUID | None
    words: str
    asked_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    settled_as: str | None


TABLES = {
    CohortRow: metadata.tables["cohort"],
    MembershipRow: metadata.tables["membership"],
    PracticeRow: metadata.tables["practice_session"],
    TriadRow: metadata.tables["triad"],
    SeatRow: metadata.tables["seat"],
    SwapRow: metadata.tables["swap_request"],
}


def columns(*rows: type) -> list[Column[Any]]:
    """The columns that these rows have, in their order. Raises KeyError for a field that is no column."""
    return [TABLES[row].c[field.name] for row in rows for field in fields(row)]


def split(*rows: type) -> Callable[..., tuple[Any, ...]]:
    """What makes values of these rows from their columns one after another; None for a row that was joined in vain."""
    ends = list(accumulate((len(fields(row)) for row in rows), initial=0))
    cuts = list(zip(rows, ends, ends[1:], strict=False))

    def values(*cells: object) -> tuple[Any, ...]:
        return tuple(None if cells[first] is None else row(*cells[first:end]) for row, first, end in cuts)

    return values


def value(row: type[T], entity: object) -> T:
    """The row that an entity of the session is, as it stands now."""
    return row(*(getattr(entity, field.name) for field in fields(row)))  # type: ignore[arg-type] # a dataclass of rows
