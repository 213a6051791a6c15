"""Any repair of any cohort: one seat one person, one person one place, and whoever is not concerned is not touched."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, all_told, an_id, cohort_row
from tests.databases import POSTGRESQL_WHEN_LANDING
from threefold.core.refusal import Refusal
from threefold.core.repairs import Scope, Why
from threefold.core.term import Kind, Notice, news
from threefold.repairs import actions
from threefold.repairs.ways import Asking, Way, ways
from threefold.store.courses import course_now
from threefold.store.engine import Store
from threefold.store.rows import CohortRow, MembershipRow, value
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, Membership, PlanVersion, Seat, Turn
from threefold.store.terms import term_ahead
from threefold.store.versions import groups_at
from threefold.store.within import Within

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
Rows = dict[UUID, tuple[UUID, UUID, int, str, datetime | None, frozenset[tuple[int, str]]]]


def rows(db: Session, made: Class) -> dict[UUID, Rows]:
    """Every seat of every session that is held: id, group, position, UID, when it was given up, turns."""
    turns: dict[UUID, set[tuple[int, str]]] = {}
    for turn in db.scalars(select(Turn)):
        turns.setdefault(turn.seat_id, set()).add((turn.round, turn.role))
    found: dict[UUID, Rows] = {practice: {} for practice in made.sessions}
    for seat in db.scalars(select(Seat).where(Seat.practice_id.in_(made.sessions), Seat.given_up_at.is_(None))):
        assert seat.membership_id not in found[seat.practice_id], "one person, one place at a time"
        found[seat.practice_id][seat.membership_id] = (
            seat.id,
            seat.triad_id,
            seat.position,
            seat.uid,
            seat.given_up_at,
            frozenset(turns.get(seat.id, ())),
        )
    return found


def within(db: Session, made: Class) -> tuple[Within, Me]:
    cohort = value(CohortRow, db.get_one(Cohort, made.cohort))
    membership = value(MembershipRow, db.get_one(Membership, made.tutor_members[0]))
    me = Me(made.tutors[0], "Marion Shaw", "m@example.com", None, an_id(), NOW, True, True, False)
    return Within(cohort, membership), me


def letters_for(db: Session, made: Class) -> list[Notice]:
    term = term_ahead(db, made.cohort, NOW)
    assert term is not None
    return list(news(term, NOW).notices)


def seated_well(before: Rows, after: Rows, way: Way, practice: UUID) -> None:
    """Each group is whole: places 0, 1, …, each role shared so that every round has one counsellor and one client."""
    assert len({place[0] for place in after.values()}) == len(after), "one seat, one person"
    by_triad: dict[UUID, list[UUID]] = {}
    for who, place in after.items():
        by_triad.setdefault(place[1], []).append(who)
    seated = next(one for one in way.seated if one.practice == practice)
    assert {frozenset(map(str, members)) for members in by_triad.values()} == {
        frozenset(group.members) for group in seated.groups
    }
    for members in by_triad.values():
        assert sorted(after[who][2] for who in members) == list(range(len(members)))
        rounds = Counter(turn for who in members for turn in after[who][5])
        numbers = {number for number, _ in rounds}
        assert all(rounds[number, role] == 1 for number in numbers for role in ("counsellor", "client"))
    kept = {frozenset(group.members) for group in seated.groups if group in seated.before}
    for untouched in kept:
        for who in map(UUID, untouched):
            assert after[who] == before[who], "an untouched group keeps seat, place, UID and turns to the byte"
    for who in before.keys() & after.keys():
        assert (after[who][0], after[who][3]) == (before[who][0], before[who][3]), (
            "whoever stays keeps their invitation"
        )


@POSTGRESQL_WHEN_LANDING
# Shrinking through a database takes minutes: what breaks is read from the drawn values.
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=some.data())
async def test_any_repair_keeps_what_must_hold_and_can_be_taken_back_to_the_row(
    store: Store, data: some.DataObject
) -> None:
    trainees, weeks = data.draw(some.integers(4, 13), "trainees"), data.draw(some.integers(2, 4), "weeks")
    made = await a_cohort(store, trainees=trainees, weeks=weeks, tutors=2, first=date(2026, 10, 1))
    await all_told(store, made.cohort, NOW - timedelta(days=5))
    scope = data.draw(some.sampled_from(Scope), "scope")
    out = data.draw(some.lists(some.sampled_from(made.members), min_size=1, max_size=2, unique=True), "out")
    practice = data.draw(some.sampled_from(made.sessions[1:]), "from")
    before = await store.read(lambda db: rows(db, made))

    def look(db: Session) -> Asking:
        course = course_now(db, cohort_row(db, made.cohort), NOW)
        return Asking(within(db, made)[0], course, scope, practice, tuple(map(str, out)), {})

    asking = await store.read(look)
    found = ways(asking, steps=1_000)
    if not found.found:
        return
    way = data.draw(some.sampled_from(found.found), "way")
    assert ways(asking, steps=way.steps).marked(way.mark) == way, "the same question has the same ways"

    def repair(db: Session) -> Refusal | None:
        here, me = within(db, made)
        return actions.mend(
            db, here, way.seated, at_version=asking.course.version, why=Why(scope.value),
            tutors=asking.course.tutors, said={"way": way.mark}, domain="elmhouse.example",
            by=me, now=NOW, new_id=an_id,
        )  # fmt: skip

    assert await store.write(repair) is None
    after = await store.read(lambda db: rows(db, made))
    changed = {one.practice for one in way.seated}
    for each in made.sessions:
        if each not in changed:
            assert after[each] == before[each]
        else:
            seated_well(before[each], after[each], way, each)

    letters = await store.read(lambda db: letters_for(db, made))
    concerned = {(one.date.id, change.member) for one in way.dates for change in one.changes}
    heard = {(letter.practice_id, str(letter.member.id)) for letter in letters}
    assert heard <= concerned, "nobody hears whom it does not concern"
    gone = {
        (one.date.id, str(who)) for one in way.dates for who in before[one.date.id].keys() - after[one.date.id].keys()
    }
    assert {(n.practice_id, str(n.member.id)) for n in letters if n.kind is Kind.CANCELLATION} == gone
    uids = {place[3] for each in made.sessions for place in before[each].values()}
    assert {letter.uid for letter in letters if letter.kind is Kind.CHANGE} <= uids

    assert await store.write(repair) == Refusal.because(actions.CHANGED), "reckoned from a term that is another now"

    def take_back(db: Session) -> Refusal | None:
        here, me = within(db, made)
        kept = db.scalars(select(PlanVersion).where(PlanVersion.cohort_id == made.cohort)).one()
        return actions.undo(db, here, kept, domain="elmhouse.example", by=me, now=NOW, new_id=an_id)

    then = await store.read(lambda db: groups_at(db, made.sessions))
    assert await store.write(take_back) is None
    assert await store.read(lambda db: rows(db, made)) == before
    assert await store.read(lambda db: letters_for(db, made)) == []
    assert await store.read(lambda db: groups_at(db, made.sessions)) != then
