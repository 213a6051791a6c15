"""What really happened in a cohort so far: who met whom, who held which role how long, who counselled whom."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core.grouping import Group, Pair, Person
from threefold.core.happened import Account, meet, minutes
from threefold.core.roles import Role
from threefold.store.happened import HeldSession, begun_sessions
from threefold.store.rows import CohortRow


@dataclass(frozen=True)
class Ledger:
    """In the shapes that `matching.CourseProblem` asks for; people are membership ids as text.

    `met`: sessions in which a pair shared a group. `served`: minutes of practice in each role. `counselled`: rounds
    of (counsellor, client).
    """

    met: Mapping[Pair, int]
    served: Mapping[Person, Mapping[Role, int]]
    counselled: Mapping[tuple[Person, Person], int]


def ledger(
    db: Session,
    cohort: CohortRow,
    now: datetime,
    *,
    leave_out: Collection[UUID] = (),
    members: Collection[UUID] | None = None,
) -> Ledger:
    """What counts of the sessions that have begun, extra practice included; `leave_out` are sessions to pass over.

    Where only some `members` matter, the groups they never sat in are not read: whom they met and what they served is
    whole then, and nothing else.

    By the minute, where a register was taken. Where none was, whoever had said that they can't make it was not there,
    and everybody else was. A round without its counsellor or client was not held. Two questions.
    """
    return of_sessions(begun_sessions(db, cohort, now, leave_out, members), now)


def of_sessions(sessions: Iterable[HeldSession], now: datetime) -> Ledger:
    """The same of sessions that have been loaded."""
    met: Counter[Pair] = Counter()
    served: dict[Person, Counter[Role]] = defaultdict(Counter)
    counselled: Counter[tuple[Person, Person]] = Counter()
    for session in sessions:
        # A session without a register counts in full once it has begun, as it did when it was planned.
        until = now if session.happened.register_taken else max(now, session.practice.ends_at)
        accounts = session.happened.accounts(until)
        met.update(_met(session, accounts))
        pairs: dict[tuple[UUID, int], dict[Role, Person]] = defaultdict(dict)
        for account in accounts.values():
            who = str(account.member)
            for held in account.held:
                if held.minutes:
                    served[who][held.role] += held.minutes
                    pairs[held.triad, held.round].setdefault(held.role, who)
        counselled.update(
            (roles[Role.COUNSELLOR], roles[Role.CLIENT])
            for roles in pairs.values()
            if Role.COUNSELLOR in roles and Role.CLIENT in roles
        )
    return Ledger(met, served, counselled)


def _met(session: HeldSession, accounts: Mapping[UUID, Account]) -> set[Pair]:
    """The pairs who sat in one group for at least a minute of the session."""
    together: dict[UUID, list[UUID]] = defaultdict(list)
    for sat in session.happened.sat:
        together[sat.triad].append(sat.member)
    spans = {(sat.triad, sat.member): meet([sat.span], accounts[sat.member].here) for sat in session.happened.sat}
    return {
        pair
        for triad, members in together.items()
        for pair in Group(tuple(map(str, members))).pairs()
        if len(pair) == 2 and minutes(meet(*(spans[triad, UUID(who)] for who in pair)))
    }
