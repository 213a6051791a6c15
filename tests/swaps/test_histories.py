"""Any order of asking, answering, time passing, withdrawing, coming back and moving keeps every promise: one place one
person, one person one place at a time, letters as the term stands, every version kept.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import BEFORE, Class, a_cohort, all_told, an_id, regrouped
from tests.databases import POSTGRESQL_WHEN_LANDING
from tests.house import NOON, settings_for
from threefold.core import swaps as rules
from threefold.core.refusal import Refusal
from threefold.core.swaps import Over, Settled
from threefold.core.term import news
from threefold.mail.letters import Postroom
from threefold.mail.notices import Pile, tell, with_letters
from threefold.practice.actions import come_back, withdraw
from threefold.store.engine import Store
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, TriadRow, value
from threefold.store.sessions import Me
from threefold.store.tables import (
    Cohort,
    KeepApart,
    Letter,
    Membership,
    PlanVersion,
    PracticeSession,
    Seat,
    Standby,
    SwapRequest,
    Triad,
    Turn,
)
from threefold.store.terms import term_ahead
from threefold.store.versions import groups_at, groups_in
from threefold.store.within import AtPractice, InTriad
from threefold.swaps import actions
from threefold.swaps.picture import Picture, look
from threefold.swaps.queries import to_look_after
from threefold.web.ids import Ids
from threefold.web.templates import environment

pytestmark = POSTGRESQL_WHEN_LANDING

Work = Callable[[Session, Ids], object]
DOINGS = ("ask", "ask", "accept", "accept", "decline", "take back", "hours", "day", "withdraw", "come back", "move")
MORE = ("stand by", "call off", "letters leave")


@dataclass
class Life:
    """One cohort, its clock, and what has been done in it."""

    store: Store
    made: Class
    postroom: Postroom
    now: datetime = NOON
    done: Counter[str] = field(default_factory=Counter)

    async def tell(self, work: Work) -> object:
        """A unit with all its letters, as `visit.tell` runs it."""
        pile, new_id = Pile(self.postroom, self.now, Ids(self.now)), Ids(self.now)

        def unit(db: Session) -> object:
            new_id.go_back(0)
            outcome = work(db, new_id)
            if not isinstance(outcome, Refusal):
                tell(db, [self.made.cohort], pile)
            return outcome

        return await with_letters(pile, lambda: self.store.write(unit))

    def cohort(self, db: Session) -> CohortRow:
        return value(CohortRow, db.get_one(Cohort, self.made.cohort))

    def picture(self, db: Session) -> Picture:
        return look(db, self.cohort(db), self.now)

    def me(self, member: UUID) -> Me:
        who = self.made.people[self.made.members.index(member)]
        return Me(who, "", "", None, who, self.now, is_staff=False, is_tutor=False, is_trainee=True)

    def seated(self, db: Session, seat: Seat) -> tuple[InTriad, SeatRow]:
        row = value(SeatRow, seat)
        within = InTriad(
            self.cohort(db),
            value(MembershipRow, db.get_one(Membership, seat.membership_id)),
            value(PracticeRow, db.get_one(PracticeSession, seat.practice_id)),
            value(TriadRow, db.get_one(Triad, seat.triad_id)),
            row,
        )
        return within, row

    # --- what happens -----------------------------------------------------------------------------------------

    async def do(self, doing: str, pick: int) -> None:
        work: dict[str, Work] = {
            "ask": lambda db, new_id: self.ask(db, new_id, pick),
            "accept": lambda db, new_id: self.answer(db, new_id, pick, actions.accept),
            "decline": lambda db, new_id: self.answer(db, new_id, pick, actions.decline),
            "take back": lambda db, new_id: self.answer(db, new_id, pick, actions.take_back),
            "withdraw": lambda db, new_id: self.say(db, new_id, pick, withdraw),
            "come back": lambda db, new_id: self.say(db, new_id, pick, come_back),
            "move": lambda db, _: self.move(db, pick),
            "stand by": lambda db, new_id: self.stand_by(db, new_id, pick),
            "call off": lambda db, _: self.call_off(db, pick),
        }
        if doing in work:
            outcome = await self.tell(work[doing])
            self.done[doing] += not isinstance(outcome, Refusal | Over) and outcome != "nothing"
        elif doing == "letters leave":
            await self.store.write(
                lambda db: db.execute(
                    update(Letter).where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None)).values(
                        sent_at=self.now, tries=1
                    )
                )
            )  # fmt: skip
        else:
            self.now += timedelta(hours=pick % 9 + 1) if doing == "hours" else timedelta(days=1)
        for cohort in await self.store.read(lambda db: to_look_after(db, self.now)):
            if cohort.id == self.made.cohort:
                await self.store.write(
                    lambda db, each=cohort: actions.look_after(db, each, now=self.now, new_id=Ids(self.now))  # type: ignore[misc] # its own in each turn
                )

    def ask(self, db: Session, new_id: Ids, pick: int) -> object:
        picture = self.picture(db)
        places = sorted(picture.standing.places.values(), key=lambda place: place.seat)
        place = places[pick % len(places)]
        ways = rules.ways(
            picture.standing, place.seat, notice_hours=24, now=self.now, not_these=picture.not_to_ask(place.seat)
        )
        way = ways[pick % len(ways)] if ways else None
        return actions.ask(
            db, picture, place, way, "a line", by=self.me(UUID(place.member)), now=self.now, new_id=new_id
        )

    def answer(self, db: Session, new_id: Ids, pick: int, how: Callable[..., Over | None]) -> object:
        """Any question may be answered at any time, those long settled among them."""
        picture = self.picture(db)
        if not picture.requests:
            return "nothing"
        waiting = [one for one in picture.requests if one.settled_as is None]
        among = waiting if waiting and pick % 4 else picture.requests
        request = sorted(among, key=lambda one: one.id)[pick % len(among)]
        more: dict[str, Any] = {"domain": "elmhouse.example"} if how is actions.accept else {}
        by = self.me(UUID(request.asker if how is actions.take_back else request.asked))
        return how(db, picture, request, by=by, now=self.now, new_id=new_id, **more)

    def say(self, db: Session, new_id: Ids, pick: int, how: Callable[..., object]) -> object:
        held = db.scalars(
            select(Seat).where(Seat.practice_id.in_(self.made.sessions), Seat.given_up_at.is_(None)).order_by(Seat.id)
        ).all()
        within, seat = self.seated(db, held[pick % len(held)])
        return how(db, within, seat, by=self.me(seat.membership_id), now=self.now, new_id=new_id)

    def move(self, db: Session, pick: int) -> object:
        practice = db.get_one(PracticeSession, self.made.sessions[pick % len(self.made.sessions)])
        if practice.starts_at <= self.now or practice.cancelled_at:
            return "nothing"
        by = timedelta(hours=pick % 5 + 1)
        practice.starts_at, practice.ends_at = practice.starts_at + by, practice.ends_at + by
        return None

    def call_off(self, db: Session, pick: int) -> object:
        practice = db.get_one(PracticeSession, self.made.sessions[pick % len(self.made.sessions)])
        if practice.starts_at <= self.now or pick % 4:
            return "nothing"
        practice.cancelled_at, practice.cancelled_by = self.now, self.made.tutors[0]
        return None

    def stand_by(self, db: Session, new_id: Ids, pick: int) -> object:
        member = self.made.members[pick % len(self.made.members)]
        at = AtPractice(
            self.cohort(db),
            value(MembershipRow, db.get_one(Membership, member)),
            value(PracticeRow, db.get_one(PracticeSession, self.made.sessions[pick % 2])),
        )
        return actions.stand_by(db, at, by=self.me(member), now=self.now, new_id=new_id)

    # --- what must hold ---------------------------------------------------------------------------------------

    def wrong(self, db: Session) -> list[str]:
        """Every promise that is not kept."""
        held = db.scalars(
            select(Seat).where(Seat.practice_id.in_(self.made.sessions), Seat.given_up_at.is_(None))
        ).all()
        found: list[str] = []
        sizes = Counter(seat.triad_id for seat in held)
        found += ["a group has lost or won somebody" for size in sizes.values() if size != 3]
        found += ["a place is held twice" for n in Counter((s.triad_id, s.position) for s in held).values() if n > 1]
        found += self._twice_at_once(db, held)
        found += self._turns_astray(db, held)
        rules_here = select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == self.made.cohort)
        apart = {frozenset(pair) for pair in db.execute(rules_here)}
        for triad in sizes:
            sit = [seat.membership_id for seat in held if seat.triad_id == triad]
            found += ["two sit together who are kept apart" for pair in apart if pair <= set(sit)]
        term = term_ahead(db, self.made.cohort, self.now)
        said = news(term, self.now) if term else None
        found += [f"somebody has not been told: {notice.kind}" for notice in (said.notices if said else ())]
        mine = select(SwapRequest).join(Seat, Seat.id == SwapRequest.seat_id)
        for request in db.scalars(mine.where(Seat.practice_id.in_(self.made.sessions))):
            if request.settled_as is not None and request.words:
                found.append("a line outlived its question")
            if request.settled_as is None and request.expires_at <= self.now:
                found.append("a question is open after its time")
        return found

    def _twice_at_once(self, db: Session, held: Any) -> list[str]:
        when = {each.id: each for each in db.scalars(select(PracticeSession))}
        found = []
        for number, one in enumerate(held):
            for other in held[:number]:
                a, b = when[one.practice_id], when[other.practice_id]
                if one.membership_id == other.membership_id and (a is b):
                    found.append("somebody has two places in one session")
        return found

    def _turns_astray(self, db: Session, held: Any) -> list[str]:
        seats = {seat.id: seat.triad_id for seat in held}
        turns = db.scalars(select(Turn).where(Turn.triad_id.in_(set(seats.values())))).all()
        found = ["a turn is nobody's" for turn in turns if seats.get(turn.seat_id) != turn.triad_id]
        rounds = Counter((turn.triad_id, turn.round) for turn in turns)
        mine = Counter(turn.seat_id for turn in turns)
        found += ["a round has lost or won somebody" for many in rounds.values() if many != 3]
        return found + ["somebody has not three turns" for seat in seats if mine[seat] != 3]

    def history(self, db: Session) -> list[str]:
        """What the last version says of each session is what is so, and each begins where the one before ended."""
        now, found = groups_at(db, self.made.sessions), []
        last: dict[UUID, object] = {}
        for version in db.scalars(
            select(PlanVersion).where(PlanVersion.cohort_id == self.made.cohort).order_by(PlanVersion.number)
        ):
            for practice, groups in groups_in(version.before).items():
                if practice in last and last[practice] != groups:
                    found.append("a version is missing")
            last.update(groups_in(version.after))
        return found + ["the last version is not what is so" for each, groups in last.items() if now[each] != groups]


async def a_life(store: Store, folder: Path) -> Life:
    made = await a_cohort(store, trainees=9, weeks=4, first=date(2026, 10, 15))
    await regrouped(store, made, 0, [(0, 7, 5), (1, 2, 6)])
    await regrouped(store, made, 1, [(0, 7, 5), (1, 2, 6)])
    await regrouped(store, made, 2, [(3, 8, 4), (1, 6, 2)])
    await regrouped(store, made, 3, [(3, 8, 4), (0, 7, 5)])
    await store.write(
        lambda db: db.add(
            KeepApart(cohort_id=made.cohort, one=made.members[3], other=made.members[5], since=BEFORE, by=an_id())
        )
    )
    await store.write(
        lambda db: db.add_all(
            Standby(practice_id=made.sessions[1], membership_id=made.members[each], since=BEFORE) for each in (4, 8)
        )
    )
    await all_told(store, made.cohort)
    return Life(store, made, Postroom(settings_for(folder), environment()))


@pytest.mark.heavy
@given(st.lists(st.tuples(st.sampled_from(DOINGS + MORE), st.integers(0, 1000)), min_size=4, max_size=14))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_events_keeps_every_promise(store: Store, tmp_path: Path, doings: list[tuple[str, int]]) -> None:
    async def live() -> None:
        life = await a_life(store, tmp_path)
        assert await store.read(life.wrong) == []
        for doing, pick in doings:
            await life.do(doing, pick)
            assert await store.read(life.wrong) == [], (doing, pick, life.done)
        assert await store.read(life.history) == []

    asyncio.run(live())


def test_a_long_life_does_everything_at_least_once(store: Store, tmp_path: Path) -> None:
    """The same with so many events that none is only tried in vain."""
    picks = iter(range(7, 10_000, 13))
    order = [
        "ask", "accept", "letters leave", "ask", "decline", "ask", "take back", "withdraw", "come back", "stand by",
        "stand by", "stand by", "stand by", "ask", "move", "accept", "withdraw", "letters leave", "come back",
        *["ask"] * 6, *["day"] * 20, "withdraw",
        "hours", "accept", "call off", "day",
    ]  # fmt: skip

    async def live() -> Life:
        life = await a_life(store, tmp_path)
        for doing in order:
            await life.do(doing, next(picks))
            assert await store.read(life.wrong) == [], (doing, life.done)
        assert await store.read(life.history) == []
        return life

    life = asyncio.run(live())
    settled = store.read_now(lambda db: Counter(db.scalars(select(SwapRequest.settled_as)).all()))
    assert set(settled) >= {each.value for each in Settled if each is not Settled.OVERTAKEN}
    assert not {"ask", "accept", "decline", "take back", "withdraw", "come back", "move", "stand by"} - set(+life.done)
