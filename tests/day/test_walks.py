"""A whole evening in any order: ticks, slips, latecomers, new groups and undos keep every promise."""

import random
import re
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, cohort_row
from tests.day.test_day import EVENING, a_class, first_way, rows
from tests.house import Browser, House
from threefold.store.ledger import ledger
from threefold.store.tables import Happening, KeepApart, Seat, Triad, Turn

STEPS = 30


@pytest.mark.heavy  # an evening is some two hundred requests
@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_on_an_evening_every_promise_holds(house: House, seed: int) -> None:
    chance = random.Random(seed)
    built = await a_class(house, trainees=10 + seed, tutors=2)
    apart = frozenset(built.members[:2])
    await house.store.write(
        lambda db: db.add(
            KeepApart(
                cohort_id=built.cohort, one=built.members[0], other=built.members[1], since=EVENING, by=built.tutors[0]
            )
        )
    )
    tutors = [await house.as_(person) for person in built.tutors]
    phones = [await house.as_(person) for person in built.people]
    house.now = EVENING - timedelta(minutes=12)
    for _ in range(STEPS):
        house.later(minutes=chance.choice((0, 1, 4, 9)), seconds=chance.randrange(60))
        before = await turns_begun(house, built)
        await step(chance, built, house.now, chance.choice(tutors), phones)
        assert before <= await turns_begun(house, built)  # a round that has begun stays as it was
        await check(house, built, apart if house.now > EVENING else None)
    house.later(hours=3)
    await house.store.read(lambda db: one_by_one(db, built, house.now))


def one_by_one(db: Session, built: Class, now: datetime) -> None:
    """What is known of one person is the same when the groups they never sat in are left out."""
    cohort = cohort_row(db, built.cohort)
    whole = ledger(db, cohort, now)
    assert any(whole.served.values())
    for member in built.members:
        me, alone = str(member), ledger(db, cohort, now, members=[member])
        assert alone.served.get(me) == whole.served.get(me)
        mine, theirs = ({pair: times for pair, times in each.met.items() if me in pair} for each in (alone, whole))
        assert mine == theirs


async def step(chance: random.Random, built: Class, now: datetime, tutor: Browser, phones: list[Browser]) -> None:
    """One thing that somebody does; whatever it comes to, no page breaks."""
    base, who = f"/practice/{built.sessions[1]}", chance.randrange(len(phones))
    member = str(built.members[who])
    clock = f"{now + timedelta(hours=1, minutes=chance.randrange(-20, 20)):%H:%M}"
    what = chance.choice(("tick", "tick", "untick", "phone", "time", "all", "groups", "groups", "undo", "presence"))
    if what in ("tick", "untick"):
        answer = await tutor.send_form(
            f"{base}/day/ticks", {"member": member, "here": "no" if what == "untick" else "yes"}
        )
    elif what == "phone":
        answer = await phones[who].send_form(f"{base}/arrival")
    elif what == "time":
        said = {"member": member, "what": chance.choice(("came", "left")), "at": clock}
        answer = await tutor.send_form(f"{base}/day/times", said)
    elif what == "all":
        answer = await tutor.send_form(f"{base}/day/ticks", {"member": "all", "here": "yes"})
    elif what == "groups":
        page = (await tutor.get(f"{base}/day/groups")).text
        if "Use this" not in page:
            return
        answer = await tutor.send_form(f"{base}/groups", first_way(page))
        assert answer.status_code == 303, answer.text
    elif what == "undo":
        version = re.search(r'name="version" value="([^"]+)"', (await tutor.get(f"{base}/day")).text)
        answer = await tutor.send_form(f"{base}/groups/return", {"version": version[1] if version else ""})
    else:
        said = {"presence": chance.choice(("circulating", "continuous", "on_call", "none"))}
        triad = chance.choice((None, *built.triads[1]))
        answer = await tutor.send_form(f"{base}/day/presence", said | ({"triad": str(triad)} if triad else {}))
    assert answer.status_code in {303, 422}, (what, answer.status_code)
    for path in ("/day", "/record", "/wall", "/cards"):
        assert (await tutor.get(base + path)).status_code == 200, path


async def turns_begun(house: House, built: Class) -> set[tuple[UUID, int, UUID, str]]:
    """What everybody is in rounds that have begun by the timetable of groups of three."""
    if house.now < EVENING + timedelta(minutes=15):
        return set()
    found = await rows(
        house,
        select(Turn.triad_id, Turn.round, Turn.seat_id, Turn.role)
        .join(Triad, Triad.id == Turn.triad_id)
        .where(Triad.practice_id == built.sessions[1], Turn.round == 1),
    )
    return {(row.triad_id, row.round, row.seat_id, row.role) for row in found}


async def check(house: House, built: Class, apart: frozenset[UUID] | None) -> None:
    practice = built.sessions[1]
    seats = await rows(
        house,
        select(Seat.id, Seat.triad_id, Seat.membership_id, Seat.position).where(
            Seat.practice_id == practice, Seat.given_up_at.is_(None)
        ),
    )
    assert max(Counter(seat.membership_id for seat in seats).values()) == 1
    together: dict[UUID, set[UUID]] = {}
    for seat in seats:
        together.setdefault(seat.triad_id, set()).add(seat.membership_id)
    turns = await rows(
        house,
        select(Turn.triad_id, Turn.round, Turn.role)
        .join(Triad, Triad.id == Turn.triad_id)
        .where(Triad.practice_id == practice),
    )
    rounds: dict[tuple[UUID, int], list[str]] = {}
    for turn in turns:
        rounds.setdefault((turn.triad_id, turn.round), []).append(turn.role)
    for roles in rounds.values():
        assert (roles.count("counsellor"), roles.count("client")) == (1, 1), rounds
    if apart is not None and len(together) != len(built.triads[1]):  # they were planned together, until groups change
        assert not any(apart <= members for members in together.values())
    facts = [fact for (fact,) in await rows(house, select(Happening).where(Happening.practice_id == practice))]
    replaced = {fact.replaces for fact in facts}
    scopes: dict[tuple[object, ...], list[Happening]] = {}
    for fact in facts:
        if fact.id not in replaced and fact.from_at != fact.until_at:
            scopes.setdefault((fact.kind, fact.membership_id, fact.triad_id), []).append(fact)
    for some in scopes.values():
        for one, other in pairwise(sorted(some, key=lambda fact: fact.from_at)):
            assert one.until_at is not None
            assert one.until_at <= other.from_at
