"""Whatever people do about extra practice, in whatever order: one seat one person, one person one place at a time, no
more than there are places, whoever waited longest is asked first, and the letters say what is so.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import BEFORE, Class, Extra, a_cohort, all_told, extra_practice
from tests.databases import POSTGRESQL_WHEN_LANDING
from tests.house import NOON, settings_for
from tests.mail.histories import CalendarPart
from threefold.booking import actions, settling
from threefold.booking.actions import Desk
from threefold.core import booking as rules
from threefold.core.refusal import Refusal, changes_nothing
from threefold.core.term import Term
from threefold.mail.letters import Postroom
from threefold.mail.notices import Pile, said_in, tell, with_letters
from threefold.store.diaries import diaries
from threefold.store.engine import Store
from threefold.store.extra import Sheet, sheets
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, value
from threefold.store.tables import (
    Cohort,
    KeepApart,
    Letter,
    Membership,
    PracticeSession,
    PracticeWindow,
    Seat,
    Turn,
    Waiting,
)
from threefold.store.terms import term_ahead
from threefold.store.within import AtPractice
from threefold.web.ids import Ids
from threefold.web.templates import environment

STARTS = ("2026-10-13T17:00", "2026-10-13T18:00", "2026-10-15T12:00", "2026-10-20T17:00")  # the first two overlap


@dataclass
class Walk:
    """One cohort in which things happen by chance."""

    store: Store
    made: Class
    extra: Extra
    postroom: Postroom
    chance: Random
    now: datetime = NOON
    done: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    async def change(self, what: Callable[[Session, Ids], object], *, only: UUID | None = None) -> object:
        pile, new_id = Pile(self.postroom, self.now, Ids(self.now)), Ids(self.now)

        def unit(db: Session) -> object:
            new_id.go_back(0)
            outcome = what(db, new_id)
            if not changes_nothing(outcome):
                tell(db, [self.made.cohort], pile, only=only)
            return outcome

        return await with_letters(pile, lambda: self.store.write(unit))

    def desk(self, db: Session, new_id: Ids) -> Desk:
        return Desk(value(CohortRow, db.get_one(Cohort, self.made.cohort)), "elmhouse.example", None, self.now, new_id)

    def at(self, db: Session, practice: UUID, member: UUID) -> AtPractice:
        session = value(PracticeRow, db.get_one(PracticeSession, practice))
        mine = value(MembershipRow, db.get_one(Membership, member))
        return AtPractice(value(CohortRow, db.get_one(Cohort, self.made.cohort)), mine, session)

    async def step(self) -> None:
        self.now += timedelta(minutes=self.chance.choice((0, 0, 1, 30, 200, 900)))
        name = self.chance.choice(("start", "join", "join", "wherever", "step_out", "wait", "accept", "decline"))
        practice, member = self.chance.choice(self.extra.times), self.chance.choice(self.made.members)
        if self.chance.random() < 0.15:
            name = "clerk"
        if self.chance.random() < 0.2:
            await self.letters_leave()
        refused = isinstance(await self.do(name, practice, member), Refusal)
        self.done.append(f"{name} {member.hex[-4:]} {practice.hex[-4:]}{' refused' if refused else ''}")
        self.happened[f"{name} refused" if refused else name] += 1

    async def do(self, name: str, practice: UUID, member: UUID) -> object:
        if name == "clerk":
            for due in await self.store.read(lambda db: settling.due_times(db, self.now)):

                def settle(db: Session, new_id: Ids, due: settling.DueTime = due) -> None:
                    settling.settle_time(db, due, domain="elmhouse.example", now=self.now, new_id=new_id)

                await self.change(settle)
            return None

        def work(db: Session, new_id: Ids) -> object:
            desk, at = self.desk(db, new_id), self.at(db, practice, member)
            waiting = db.scalars(
                select(Waiting)
                .where(Waiting.membership_id == member, Waiting.practice_id == practice)
                .order_by(Waiting.since.desc())
                .limit(1)
            ).first()
            if name == "step_out":
                return actions.step_out(db, desk, at, member)
            if name in {"accept", "decline"} and waiting is None:
                return None
            if name == "accept" and waiting:
                return actions.accept(db, desk, at, waiting)
            if name == "decline" and waiting:
                actions.stop_waiting(db, desk, at, waiting)
                return None
            if name == "join":
                triads = [each.id for each in sheets(db, PracticeSession.id == practice)[0].time.circles]
                return actions.join(db, desk, at, self.chance.choice(triads)) if triads else None
            simple = {"start": actions.start, "wherever": actions.wherever, "wait": actions.wait}
            return simple[name](db, desk, at)

        return await self.change(work, only=practice)

    async def letters_leave(self) -> None:
        """The courier has been: all that is due has left."""
        due = (Letter.sent_at.is_(None), Letter.stopped_at.is_(None), Letter.due_at <= self.now)
        await self.store.write(lambda db: db.execute(update(Letter).where(*due).values(sent_at=self.now, tries=1)))

    def wrong(self, db: Session) -> list[str]:
        """Everything that is not as it has to be."""
        found = sheets(db, PracticeWindow.id == self.extra.window)
        faults = [fault for sheet in found for fault in self.wrong_at(db, sheet)]
        held: dict[UUID, list[tuple[datetime, datetime]]] = {}
        for member, start, end in db.execute(
            select(Seat.membership_id, PracticeSession.starts_at, PracticeSession.ends_at)
            .join(PracticeSession, PracticeSession.id == Seat.practice_id)
            .where(Seat.given_up_at.is_(None))
        ):
            held.setdefault(member, []).append((start, end))
        for times in held.values():
            faults += ["two places at once" for one, other in pairwise(sorted(times)) if other[0] < one[1]]
        if said_in(db, [self.made.cohort], self.now):
            faults.append("something is not told")
        term = term_ahead(db, self.made.cohort, self.now)
        return faults + (wrong_letters(term) if term else [])

    def wrong_at(self, db: Session, sheet: Sheet) -> list[str]:
        time, faults = sheet.time, []
        people = [member for circle in time.circles for member in circle.members.values()]
        rules_apart = select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == self.made.cohort)
        apart = {frozenset(pair) for pair in db.execute(rules_apart)}
        if len(people) != len(set(people)):
            faults.append("somebody sits twice")
        if sum(bool(circle.members) for circle in time.circles) > time.at_once:
            faults.append("more triads than rooms")
        for circle in time.circles:
            seats = db.scalars(select(Seat).where(Seat.triad_id == circle.id, Seat.given_up_at.is_(None))).all()
            turns = Counter(db.scalars(select(Turn.seat_id).where(Turn.triad_id == circle.id)))
            if not set(circle.members) <= set(range(circle.places)) or len(seats) != len(circle.members):
                faults.append("places that are none")
            if len(circle.members) + len(time.held(circle, self.now)) > circle.places:
                faults.append("more offered than there is")
            if any(frozenset(pair) in apart for pair in combinations(circle.members.values(), 2)):
                faults.append("two who are kept apart")
            size = len(circle.members)
            whole = {seat.id: size for seat in seats}
            if (size == circle.places and turns != whole) or turns not in ({}, whole):
                faults.append(f"turns {turns} of {size}")
        return faults + self.out_of_order(db, sheet)

    def out_of_order(self, db: Session, sheet: Sheet) -> list[str]:
        """Somebody was asked who came later than somebody who could have had the same place."""
        time = sheet.time
        found = diaries(
            db, "Europe/London", [one.member for one in time.waiting], first=time.starts_at, last=time.ends_at
        )
        faults = []
        for earlier, later in combinations(sorted(time.waiting, key=lambda one: (one.since, one.id)), 2):
            circle = next((each for each in time.circles if each.id == later.circle), None)
            if earlier.expires_at is not None or circle is None or not later.holds(self.now):
                continue
            freed = rules.Time(**{name: getattr(time, name) for name in time.__slots__ if name != "waiting"})
            who = found.at(sheet.window, time, earlier.member)
            if not rules.in_the_way(freed, who, self.now) and rules.is_open_to(freed, circle, who, self.now):
                faults.append("somebody was passed over")
        return faults


def wrong_letters(term: Term) -> list[str]:
    """Seats whose last letter shows something else than what is so."""
    faults = []
    for seat in term.seats:
        last = [*seat.told[-1:], *seat.waiting[-1:]][-1:]
        if term.stands(seat) and (not last or last[0].shown.noticed != term.shown(seat).noticed):
            faults.append("a letter that shows something else")
        if not seat.held and seat.told and not any(each.method == "CANCEL" for each in (*seat.told, *seat.waiting)):
            faults.append("a place given up that stays in a calendar")
    return faults


async def lived(store: Store, tmp_path: Path, seed: int, steps: int) -> None:
    made = await a_cohort(store, trainees=8)
    await all_told(store, made.cohort)
    rule = KeepApart(cohort_id=made.cohort, one=made.members[0], other=made.members[1], since=BEFORE, by=made.tutors[0])
    await store.write(lambda db: db.add(rule))
    extra = await extra_practice(
        store,
        made,
        *map(datetime.fromisoformat, STARTS),
        at_once=1 + seed % 2,
        most_each=2,
        if_two=("go_ahead", "call_off")[seed % 2],
    )
    postroom = CalendarPart(settings_for(tmp_path), environment())
    walk = Walk(store, made, extra, postroom, Random(seed))
    for _ in range(steps):
        await walk.step()
        assert await store.read(walk.wrong) == [], "\n".join(walk.done)
    assert sum(walk.happened[name] for name in ("start", "join", "wherever")) > 2


@POSTGRESQL_WHEN_LANDING
@pytest.mark.parametrize("seed", range(2))
async def test_any_order_keeps_every_promise(store: Store, tmp_path: Path, seed: int) -> None:
    await lived(store, tmp_path, seed, steps=20)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(10, 13))
async def test_any_long_order_keeps_every_promise(store: Store, tmp_path: Path, seed: int) -> None:
    await lived(store, tmp_path, seed, steps=80)
