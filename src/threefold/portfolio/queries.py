"""A person's rounds as evidence: what they have opened, in every group they learn in, with what was added later."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, bindparam, literal_column, select, union_all
from sqlalchemy.orm import Session

from threefold.core.feedback import READING_ORDER
from threefold.core.feedback import Kind as Written
from threefold.core.portfolio import Kind, Piece, Round
from threefold.store.counselled import Author, Counsels, authors, frameworks, held_of
from threefold.store.prepared import Prepared
from threefold.store.rounds import Held, Sent
from threefold.store.sessions import Me
from threefold.store.tables import Naming, metadata


@dataclass(frozen=True)
class Mine:
    """What a portfolio can be made of: `first` is the date of the first round that was opened."""

    rounds: tuple[Round, ...]
    first: date
    today: date


def mine(db: Session, me: Me, rounds: Sequence[Counsels], now: datetime) -> Mine:
    """Those of the rounds they counsel that the person asking has opened, with the pieces they could read there."""
    opened = [each for each in held_of(db, rounds, now) if each.opened_at is not None]
    known = frameworks(db, {each.looking.framework for each in opened})
    wrote = authors(db, opened)
    later = _later(db, opened)
    found = tuple(
        Round(
            on=_on(each),
            cohort=each.cohort,
            session=each.practice_number,
            number=each.number,
            is_opened=True,
            framework=known[each.looking.framework],
            pieces=tuple(
                _piece(
                    piece, wrote[piece.author], later.added[piece.id], later.focus.get((each.triad_id, each.number), "")
                )
                for piece in sorted(each.pieces, key=lambda piece: READING_ORDER.index(piece.kind))
                if piece.skipped_at is None
            ),
        )
        for each in opened
        if each.looking.framework in known
    )
    today = now.astimezone(ZoneInfo(me.zone or _zone(rounds))).date()
    return Mine(found, min((each.on for each in found), default=today), today)


def has_agreed(db: Session, me: Me) -> bool:
    """Whether the person's full name may stand in others' portfolios."""
    return db.get(Naming, me.id) is not None


@dataclass(frozen=True)
class _Later:
    added: dict[UUID, list[str]]
    focus: dict[tuple[UUID, int], str]


_addendum, _focus = metadata.tables["addendum"], metadata.tables["focus"]
_LATER = Prepared(
    union_all(
        select(_addendum.c.piece_id, literal_column("0", Integer), _addendum.c.words, _addendum.c.at).where(
            _addendum.c.piece_id.in_(bindparam("pieces", expanding=True))
        ),
        select(_focus.c.triad_id, _focus.c.round, _focus.c.words, _focus.c.at).where(
            _focus.c.membership_id.in_(bindparam("members", expanding=True))
        ),
    ).order_by("at"),
    lambda id_, number, words, _at: (id_, number, words),
)


def _later(db: Session, rounds: Sequence[Held]) -> _Later:
    """What was added to these pieces, and what was taken along from these rounds; one question for both."""
    added: dict[UUID, list[str]] = defaultdict(list)
    focus: dict[tuple[UUID, int], str] = {}
    pieces = [piece.id for each in rounds for piece in each.pieces]
    if pieces:
        members = sorted({each.counsellor.member for each in rounds})
        for id_, number, words in _LATER.all(db, pieces=pieces, members=members):
            if number:
                focus[id_, number] = words
            else:
                added[id_].append(words)
    return _Later(added, focus)


def _piece(piece: Sent, author: Author, added: Sequence[str], focus: str) -> Piece:
    kind = _KIND[piece.kind] if not (piece.kind is Written.OBSERVER and author.is_tutor) else Kind.TUTORS
    return Piece(
        kind,
        author.name,
        author.agreed,
        piece.words,
        piece.ratings,
        tuple(added),
        focus if kind is Kind.OWN else "",
    )


_KIND = {Written.SELF: Kind.OWN, Written.CLIENT: Kind.CLIENTS, Written.OBSERVER: Kind.OBSERVERS}


def _on(each: Held) -> date:
    return each.starts_at.astimezone(ZoneInfo(each.zone)).date()


def _zone(rounds: Sequence[Counsels]) -> str:
    return rounds[-1].cohort.zone if rounds else "Europe/London"
