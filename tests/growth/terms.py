"""Terms that have been held: rounds with everybody's pieces on them, read or not, as rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, an_id
from tests.house import House
from threefold.core.feedback import CLIENT_QUESTIONS
from threefold.store.tables import Opening, Piece, PracticeSession, Rating, Seat, Turn

CODES = ("HC2", "HC8", "HC10")


@dataclass
class Term:
    """Somebody's rounds as counsellor: (session from 1, triad, round, who was client, who observed)."""

    member: UUID
    rounds: list[tuple[int, UUID, int, UUID, UUID]] = field(default_factory=list)

    def path(self, session: int) -> str:
        _, triad, number, _, _ = self.rounds[session - 1]
        return f"/feedback/{triad}/{number}"


async def term_of(house: House, built: Class, trainee: int = 0) -> Term:
    """The rounds one trainee counsels, in the order of the sessions."""
    member = built.members[trainee]

    def work(db: Session) -> Term:
        rows = db.execute(
            select(PracticeSession.number, Turn.triad_id, Turn.round)
            .join(Seat, Seat.id == Turn.seat_id)
            .join(PracticeSession, PracticeSession.id == Seat.practice_id)
            .where(Seat.membership_id == member, Turn.role == "counsellor")
            .order_by(PracticeSession.number)
        ).all()
        found = Term(member)
        for number, triad, round_ in rows:
            roles = dict(
                db.execute(
                    select(Turn.role, Seat.membership_id)
                    .join(Seat, Seat.id == Turn.seat_id)
                    .where(Turn.triad_id == triad, Turn.round == round_)
                ).all()
            )
            found.rounds.append((number, triad, round_, roles["client"], roles["observer"]))
        return found

    return await house.store.read(work)


@dataclass(frozen=True)
class Told:
    """What is sent about one round; levels by code, None for "not seen"; no levels, no piece."""

    observer: Mapping[str, int | None] | None = None
    own: Mapping[str, int | None] | None = None
    client: Mapping[str, int | None] | None = None
    tutor: tuple[UUID, Mapping[str, int | None]] | None = None
    opened: bool = True
    words: Mapping[str, str] = field(default_factory=lambda: {"helped": "You waited.", "to_try": "Name the time."})


def felt(level: int | None) -> dict[str, int | None]:
    return {question.code: level for question in CLIENT_QUESTIONS}


async def tell(house: House, term: Term, told: Sequence[Told], at: datetime) -> list[UUID]:
    """Write what was sent about the first so many rounds; ids of the pieces, round by round: own, client, observer,
    tutor."""
    ids: list[UUID] = []

    def work(db: Session) -> None:
        ids.clear()
        for one, (_, triad, number, client, observer) in zip(told, term.rounds, strict=False):
            sent = [
                ("self", term.member, one.own, {**one.words, "for_tutor": "I was nervous."}),
                ("client", client, one.client, {"did": "Stayed with the silence."}),
                ("observer", observer, one.observer, one.words),
            ]
            if one.tutor:
                sent.append(("observer", one.tutor[0], one.tutor[1], one.words))
            for kind, author, levels, words in sent:
                if levels is not None:
                    ids.append(_piece(db, triad, number, kind, author, levels, words, at))
            if one.opened:
                db.add(Opening(triad_id=triad, round=number, at=at, by=term.member))
        db.flush()

    await house.store.write(work)
    return ids


def _piece(
    db: Session,
    triad: UUID,
    number: int,
    kind: str,
    author: UUID,
    levels: Mapping[str, int | None],
    words: Mapping[str, Any],
    at: datetime,
) -> UUID:
    piece = an_id()
    db.add(Piece(id=piece, triad_id=triad, round=number, author_id=author, kind=kind, words=dict(words), sent_at=at))
    db.flush()
    moments = ["“It sounds lonely.”"] if kind == "observer" else []
    db.add_all(
        Rating(piece_id=piece, code=code, level=level, moments=moments if level else [], cues=[], what_was_said="")
        for code, level in levels.items()
    )
    return piece


def after(house: House, weeks: int) -> datetime:
    """Two days after the last of so many weekly sessions from 1 October 2026."""
    house.now = datetime(2026, 10, 1, 20, 30, tzinfo=house.now.tzinfo) + timedelta(weeks=weeks - 1, days=2)
    return house.now


def levels(codes: Iterable[str], *given: int | None) -> dict[str, int | None]:
    return dict(zip(codes, given, strict=True))
