"""A term in which people have written about one another, laid down as rows."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id
from threefold.store.engine import Store
from threefold.store.tables import Piece, PracticeSession, Rating, Seat, Triad, Turn


@dataclass
class Term:
    """A cohort with who counselled where; people are said by their place in `builders.NAMES`."""

    built: Class
    counselled: dict[tuple[int, int], tuple[UUID, int]]  # (week, person) -> triad and round
    roles: dict[tuple[UUID, int], dict[int, str]]  # (triad, round) -> person -> role
    starts: list[datetime]
    rows: list[object] = field(default_factory=list)

    def path(self, week: int, counsellor: int) -> str:
        triad, number = self.counselled[week, counsellor]
        return f"/feedback/{triad}/{number}"

    def observers(self, week: int, counsellor: int) -> list[int]:
        roles = self.roles[self.counselled[week, counsellor]]
        return sorted(person for person, role in roles.items() if role == "observer")

    def client(self, week: int, counsellor: int) -> int:
        roles = self.roles[self.counselled[week, counsellor]]
        return next(person for person, role in roles.items() if role == "client")

    def writes(
        self,
        week: int,
        counsellor: int,
        author: int | UUID,
        kind: str,
        *,
        example: str = "“It sounds lonely.”",
        skipped: bool = False,
        days: float = 1,
        **levels: int | None,
    ) -> None:
        """A piece on the round that somebody counselled in that week; a tutor is said by their membership."""
        triad, number = self.counselled[week, counsellor]
        piece, at = an_id(), self.starts[week] + timedelta(days=days)
        self.rows.append(
            Piece(
                id=piece,
                triad_id=triad,
                round=number,
                author_id=self.built.members[author] if isinstance(author, int) else author,
                kind=kind,
                words={},
                sent_at=at,
                skipped_at=at if skipped else None,
            )
        )
        self.rows += [
            Rating(piece_id=piece, code=code, level=level, moments=[example] if example else [], cues=[])
            for code, level in levels.items()
        ]

    async def keep(self, store: Store) -> None:
        """Put everything written so far into the database."""
        rows = self.rows

        def work(db: Session) -> None:
            db.add_all([row for row in rows if isinstance(row, Piece)])
            db.flush()
            db.add_all([row for row in rows if not isinstance(row, Piece)])

        await store.write(work)
        self.rows = []


async def a_term(store: Store, *, trainees: int = 6, weeks: int = 4, tutors: int = 1) -> Term:
    built = await a_cohort(store, trainees=trainees, weeks=weeks, tutors=tutors)
    place = {member: person for person, member in enumerate(built.members)}

    def work(db: Session) -> Term:
        term = Term(
            built,
            {},
            {},
            list(
                db.scalars(
                    select(PracticeSession.starts_at)
                    .where(PracticeSession.cohort_id == built.cohort)
                    .order_by(PracticeSession.number)
                )
            ),
        )
        rows = db.execute(
            select(PracticeSession.number, Turn.triad_id, Turn.round, Turn.role, Seat.membership_id)
            .join(Triad, Triad.practice_id == PracticeSession.id)
            .join(Turn, Turn.triad_id == Triad.id)
            .join(Seat, Seat.id == Turn.seat_id)
            .where(PracticeSession.cohort_id == built.cohort)
        )
        for number, triad, round_, role, member in rows:
            term.roles.setdefault((triad, round_), {})[place[member]] = role
            if role == "counsellor":
                term.counselled[number - 1, place[member]] = (triad, round_)
        return term

    return await store.read(work)
