"""Whether somebody was there for any of a session, as a question to the database: for lists that count many at once.

It says of a whole session what `core.happened` says of each round: what was noted of them, else nothing where a
register was taken, else what they said beforehand. Whoever left early is told apart by the rounds alone.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, or_

from threefold.store.tables import metadata

_fact, _later, _any, _withdrawal = (
    metadata.tables["happening"].alias("noted"),
    metadata.tables["happening"].alias("later"),
    metadata.tables["happening"].alias("any_noted"),
    metadata.tables["withdrawal"].alias("said_no"),
)


def was_there(seat: FromClause, *, practice: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether whoever holds, or held, a seat in this session was there for any of it."""
    noted = exists().where(
        _fact.c.practice_id == practice,
        _fact.c.kind == "here",
        _fact.c.membership_id == seat.c.membership_id,
        or_(_fact.c.until_at.is_(None), _fact.c.until_at > _fact.c.from_at),
        ~exists().where(_later.c.replaces == _fact.c.id),
    )
    register = exists().where(_any.c.practice_id == practice, _any.c.kind == "here", _any.c.how != "tap")
    own = exists().where(
        _any.c.practice_id == practice, _any.c.kind == "here", _any.c.membership_id == seat.c.membership_id
    )
    said_no = exists().where(_withdrawal.c.seat_id == seat.c.id, _withdrawal.c.taken_back_at.is_(None))
    return case((own, noted), else_=and_(~register, ~said_no))
