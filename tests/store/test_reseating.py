"""A session put into other groups: who stays keeps their seat, who leaves gives it up, the rest is not touched."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id, cohort_row
from threefold.core.grouping import Group
from threefold.core.roles import Role
from threefold.core.slots import SessionShape
from threefold.store.courses import CourseNow, course_now
from threefold.store.engine import Store
from threefold.store.reseating import Sitting, reseat, sittings_of
from threefold.store.tables import PlanVersion, Seat, Turn, Withdrawal
from threefold.store.versions import groups_at, groups_in, version

SHAPE = SessionShape(3, 20, 10, 15, 15)
NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
Held = dict[UUID, tuple[UUID, UUID, int, str]]


def grouped(*groups: Sequence[UUID]) -> list[Sitting]:
    return [Sitting.of(Group(tuple(map(str, each)), tutor=len(each) == 2), SHAPE) for each in groups]


def put(practice: UUID, sittings: Sequence[Sitting]) -> Callable[[Session], None]:
    return lambda db: reseat(db, practice, sittings, domain="elmhouse.example", now=NOW, new_id=an_id)


def held(practice: UUID) -> Callable[[Session], Held]:
    """Everybody's seat: its id, triad, position and UID, by membership."""

    def work(db: Session) -> Held:
        rows = db.scalars(select(Seat).where(Seat.practice_id == practice, Seat.given_up_at.is_(None)))
        return {row.membership_id: (row.id, row.triad_id, row.position, row.uid) for row in rows}

    return work


def rotas(practice: UUID) -> Callable[[Session], list[Sitting]]:
    return lambda db: sittings_of(db, practice)


async def test_two_people_change_places_and_the_third_group_is_left_alone(store: Store) -> None:
    made = await a_cohort(store, trainees=9, weeks=1)
    practice, (a, b, c, d, e, f, *last) = made.sessions[0], made.members
    before = await store.read(held(practice))
    await store.write(put(practice, grouped((d, b, c), (a, e, f), last)))
    after = await store.read(held(practice))
    assert {who: seat[0] for who, seat in after.items()} == {who: seat[0] for who, seat in before.items()}
    assert {who: seat[3] for who, seat in after.items()} == {who: seat[3] for who, seat in before.items()}
    assert [after[who][1:3] for who in (d, a)] == [before[who][1:3] for who in (a, d)]
    assert [after[who] for who in (b, c, e, f, *last)] == [before[who] for who in (b, c, e, f, *last)]
    found = await store.read(rotas(practice))
    assert [each.members for each in found] == [(d, b, c), (a, e, f), tuple(last)]
    assert [dict(roles) for roles in found[0].rota] == [
        {d: Role.COUNSELLOR, c: Role.CLIENT, b: Role.OBSERVER},
        {b: Role.COUNSELLOR, d: Role.CLIENT, c: Role.OBSERVER},
        {c: Role.COUNSELLOR, b: Role.CLIENT, d: Role.OBSERVER},
    ]


async def test_who_leaves_gives_up_their_seat_and_who_comes_back_gets_another(store: Store) -> None:
    made = await a_cohort(store, trainees=6, weeks=1)
    practice, (a, b, c, d, e, f) = made.sessions[0], made.members
    before = await store.read(held(practice))
    await store.write(put(practice, grouped((b, c), (d, e, f))))
    without = await store.read(held(practice))
    assert without.keys() == {b, c, d, e, f}
    assert [without[who][3] for who in (b, c)] == [before[who][3] for who in (b, c)]
    await store.write(put(practice, grouped((a, b, c), (d, e, f))))
    again = await store.read(held(practice))
    assert again[a][3] != before[a][3]
    assert again[a][1] == before[a][1]
    assert [again[who][:2] for who in (b, c, d, e, f)] == [before[who][:2] for who in (b, c, d, e, f)]


async def test_a_group_that_closes_leaves_its_row_and_a_new_one_gets_the_next_number(store: Store) -> None:
    made = await a_cohort(store, trainees=8, weeks=1)
    practice, members = made.sessions[0], made.members
    await store.write(put(practice, grouped(members[:4], members[4:])))
    await store.write(put(practice, grouped(members[:3], members[3:6], members[6:])))
    found = await store.read(rotas(practice))
    assert sorted(len(each.members) for each in found) == [2, 3, 3]
    assert {who for each in found for who in each.members} == set(members)


async def test_somebody_in_two_groups_is_a_mistake_of_the_caller(store: Store) -> None:
    made = await a_cohort(store, trainees=6, weeks=1)
    a, b, c, d, e, _ = made.members
    with pytest.raises(ValueError, match="two groups"):
        await store.write(put(made.sessions[0], grouped((a, b, c), (c, d, e))))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_grouping_after_any_other_is_just_that_grouping(store: Store, data: st.DataObject) -> None:
    made = await a_cohort(store, trainees=9, weeks=1)
    practice = made.sessions[0]
    uids = {who: seat[3] for who, seat in (await store.read(held(practice))).items()}
    for _ in range(3):
        order = data.draw(st.permutations(made.members))[: data.draw(st.integers(2, 9))]
        cuts = sorted({0, len(order), *data.draw(st.lists(st.integers(0, len(order)), max_size=3))})
        groups = [tuple(order[i:j]) for i, j in pairwise(cuts)]
        before = await store.read(held(practice))
        await store.write(put(practice, [Sitting(group, ()) for group in groups]))
        after = await store.read(held(practice))
        assert {frozenset(each.members) for each in await store.read(rotas(practice))} == set(map(frozenset, groups))
        assert all(after[who][0] == before[who][0] for who in after.keys() & before.keys())
        assert len({seat[1:3] for seat in after.values()}) == len(after)
        uids = {who: seat[3] for who, seat in after.items()}
    assert len(set(uids.values())) == len(uids)


async def test_a_version_says_what_was_and_what_is_and_can_be_put_back(store: Store) -> None:
    made = await a_cohort(store, trainees=6, weeks=2)
    practice, (a, b, c, d, e, f) = made.sessions[0], made.members
    untouched = await store.read(lambda db: groups_at(db, made.sessions))

    def change(db: Session) -> None:
        with version(db, made.cohort, made.sessions, why="swapped", by=made.tutors[0], now=NOW, new_id=an_id):
            put(practice, grouped((d, b, c), (a, e, f)))(db)

    await store.write(change)
    kept = await store.read(lambda db: db.scalars(select(PlanVersion)).one())
    assert (kept.number, kept.why, kept.made_by) == (1, "swapped", made.tutors[0])
    assert groups_in(kept.before) == {practice: untouched[practice]}
    assert groups_in(kept.after) == {practice: (await store.read(lambda db: groups_at(db, [practice])))[practice]}
    back = [group.sitting for group in groups_in(kept.before)[practice]]
    await store.write(put(practice, back))
    assert await store.read(lambda db: groups_at(db, made.sessions)) == untouched

    def nothing(db: Session) -> None:
        with version(db, made.cohort, made.sessions, why="swapped", by=made.tutors[0], now=NOW, new_id=an_id):
            put(practice, back)(db)

    await store.write(nothing)
    assert len(await store.read(lambda db: db.scalars(select(PlanVersion)).all())) == 1


async def now_of(store: Store, made: Class, now: datetime = NOW) -> CourseNow:
    return await store.read(lambda db: course_now(db, cohort_row(db, made.cohort), now))


async def test_a_course_is_what_lies_ahead_with_what_happened_before(store: Store) -> None:
    made = await a_cohort(store, trainees=6, weeks=3)
    a, b, c, *_ = (str(member) for member in made.members)
    seat = made.seats[1][made.members[0]]
    await store.write(lambda db: db.add(Withdrawal(seat_id=seat, at=NOW, by=made.people[0], taken_back_at=None)))
    found = await now_of(store, made)
    assert [date.number for date in found.dates] == [2, 3]
    assert (found.settled, found.version) == (frozenset(), 1)
    everybody = frozenset(map(str, made.members))
    assert found.problem.present == (everybody - {a}, everybody)
    assert a in {who for group in found.plan.sessions[0] for who in group.members}
    assert found.dates[0].away == {a}
    assert found.problem.met[frozenset((a, b))] == 1
    assert sum(found.problem.met.values()) == 6
    assert found.problem.served[a] == {Role.COUNSELLOR: 20, Role.CLIENT: 20, Role.OBSERVER: 20}
    assert found.problem.counselled[a, c] == 1
    assert (found.names[a], found.full_names[a]) == ("Amara", "Amara Okafor")
    assert [found.place_of(session) for session in made.sessions] == [None, 0, 1]


async def test_a_round_without_its_client_was_not_held_and_who_stayed_away_met_nobody(store: Store) -> None:
    made = await a_cohort(store, trainees=3, weeks=1)
    _, b, c = (str(member) for member in made.members)
    seat = made.seats[0][made.members[0]]
    await store.write(lambda db: db.add(Withdrawal(seat_id=seat, at=NOW, by=made.people[0], taken_back_at=None)))
    found = await now_of(store, made)
    assert found.problem.met == {frozenset((b, c)): 1}
    assert found.problem.served == {b: {Role.CLIENT: 20}, c: {Role.COUNSELLOR: 20}}
    assert found.problem.counselled == {(c, b): 1}


async def test_who_leaves_a_round_out_is_read_back_as_resting(store: Store) -> None:
    made = await a_cohort(store, trainees=3, weeks=1)
    a = made.members[0]

    def work(db: Session) -> None:
        turns = db.scalars(select(Turn).where(Turn.triad_id == made.triads[0][0])).all()
        mine = {turn.round for turn in turns if turn.role == "client" and turn.seat_id == made.seats[0][a]}
        for turn in turns:
            if turn.round in mine:
                db.delete(turn)

    await store.write(work)
    found = await now_of(store, made, datetime(2026, 9, 30, tzinfo=UTC))
    assert found.plan.sessions[0][0].rests == {str(a)}
