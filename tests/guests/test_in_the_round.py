"""A guest in the round: whose turn they take, when their answers open, and that nobody is asked in their place."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.builders import an_id, cohort_row
from tests.feedback.rounds import REFLECTED, version_in
from tests.guests.visits import FELT, Visit, a_guest, page_of
from tests.house import House
from threefold.core.roles import Role, Turning
from threefold.core.roles import turns as turns_of
from threefold.store.courses import course_now
from threefold.store.guests import guests_stay, rounds_moved
from threefold.store.ledger import ledger
from threefold.store.reseating import Sitting, reseat, sittings_of
from threefold.store.tables import Turn, metadata

CLASS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
AFTER = CLASS + timedelta(minutes=50)  # five minutes after the first round


async def comes(house: House) -> tuple[Visit, str]:
    """A guest who said yes to the first round of tomorrow's first group, in which Ben counsels."""
    visit = await a_guest(house)
    assert (await visit.ask(1, (0, 1))).status_code == 303
    link = await visit.send_link()
    assert (await visit.says(link, "accepted")).status_code == 303
    return visit, link


async def felt(visit: Visit, link: str, **changes: str) -> None:
    one = (await visit.encounters())[0]
    answer = await visit.guest.send_form(f"{link}/encounters/{one.id}/felt", {**FELT, **changes})
    assert answer.status_code == 303, answer.text


async def reflected(visit: Visit) -> str:
    """Ben looks back on his round; its path."""
    path = f"/feedback/{visit.built.triads[1][0]}/1"
    ben = await visit.house.as_(visit.built.people[1])
    form = (await ben.get(f"{path}/form")).text
    assert (await ben.send_form(f"{path}/piece", {**REFLECTED, "version": version_in(form)})).status_code == 303
    return path


async def test_a_guest_is_waited_for_as_long_as_everybody_is_and_no_longer(house: House) -> None:
    visit, _ = await comes(house)
    house.now = AFTER
    path = await reflected(visit)
    ben = await house.as_(visit.built.people[1])
    for wait, opens in ((timedelta(hours=47), False), (timedelta(hours=2), True)):
        house.now += wait
        ben = await house.as_(visit.built.people[1])
        await ben.send_form(f"{path}/opening")
        assert ("Choose one thing for next time" in (await ben.get(path)).text) is opens


async def test_the_letter_that_all_is_in_leaves_with_the_last_piece_whoever_sends_it(house: House) -> None:
    visit, link = await comes(house)
    house.now = AFTER
    triad = visit.built.triads[1][0]
    piece = metadata.tables["piece"]
    sent = {"triad_id": triad, "round": 1, "kind": "observer", "words": {}, "sent_at": house.now, "flagged": 0}
    rows = [{**sent, "id": member, "author_id": member} for member in visit.built.members[2:4]]
    await house.store.write(lambda db: db.execute(piece.insert(), rows))
    await reflected(visit)
    letter = metadata.tables["letter"]
    due = select(letter.c.due_at).where(letter.c.kind == "feedback-ready")
    assert await house.store.read(lambda db: db.scalars(due).all()) == [
        CLASS + timedelta(minutes=45) + timedelta(hours=48)
    ]
    house.later(minutes=3)
    await felt(visit, link)
    assert await house.store.read(lambda db: db.scalars(due).all()) == [house.now]


async def test_nobody_chases_a_guest_and_every_page_with_rounds_knows_them(house: House) -> None:
    visit, link = await comes(house)
    house.now = AFTER
    tutor = await house.as_(visit.built.tutors[0])
    to_come = await page_of(tutor, "/feedback/to-come")
    assert "on the round with <b>Robin (guest)</b>" in to_come, "Ben’s own reflection is asked for"
    assert '<th role="rowheader" scope="row">Robin' not in to_come
    await felt(visit, link, heard="1")
    await reflected(visit)
    house.now += timedelta(hours=49)
    tutor, ben = await house.as_(visit.built.tutors[0]), await house.as_(visit.built.people[1])
    path = f"/feedback/{visit.built.triads[1][0]}/1"
    await ben.send_form(f"{path}/opening")
    assert "Robin (guest)</span>, as your client" in await page_of(ben, path)
    assert "With Robin (guest)." in await page_of(ben, "/feedback")
    assert "Robin (guest)" in await page_of(tutor, path)
    for browser, pages in (
        (tutor, (f"/cohorts/{visit.built.cohort}/noticing", f"/cohorts/{visit.built.cohort}/coverage",
                 f"/growth/{visit.built.members[1]}", f"/cohorts/{visit.built.cohort}")),
        (ben, ("/growth", "/growth.csv", "/portfolio")),
    ):  # fmt: skip
        for each in pages:
            assert "Vale" not in (await page_of(browser, each)), each
    lines = (await ben.get("/portfolio.csv?from=2026-10-01&to=2026-12-01&whose=clients&whose=own")).text
    assert [name in lines for name in ("Vale", "Robin")] == [False, False]
    answer = await ben.send_form(f"/feedback/pieces/{(await visit.encounters())[0].id}/answer", {"kind": "thanks"})
    assert answer.status_code == 404, "there is nobody to send it to"


async def test_a_guest_keeps_their_round_when_turns_are_laid_out_anew(house: House) -> None:
    visit, _ = await comes(house)
    triad, practice = visit.built.triads[1][0], visit.built.sessions[1]
    dev = visit.built.seats[1][visit.built.members[3]]
    first = select(Turn.role).where(Turn.triad_id == triad, Turn.round == 1, Turn.seat_id == dev)

    def anew(db: Session) -> None:
        db.execute(
            update(Turn).where(Turn.triad_id == triad, Turn.round == 1, Turn.seat_id == dev).values(role="client")
        )
        guests_stay(db, practice, house.now)
        guests_stay(db, practice, house.now)

    assert await house.store.read(lambda db: db.scalar(first)) == "observer"
    await house.store.write(anew)
    assert await house.store.read(lambda db: db.scalar(first)) == "observer"
    await visit.says(await visit.link(), "declined")
    assert await house.store.read(lambda db: db.scalar(first)) == "client"


async def test_people_who_sit_elsewhere_leave_the_guest_their_round_and_the_ledger_counts_it(house: House) -> None:
    visit, _ = await comes(house)
    practice, first = visit.built.sessions[1], visit.built.triads[1][0]

    def exchanged(db: Session) -> None:
        one, other = sittings_of(db, practice)
        reseat(
            db,
            practice,
            [Sitting(one.members, other_way(one.members), triad_id=first), other],
            domain="elmhouse.example",
            now=house.now,
            new_id=an_id,
        )

    def other_way(members: tuple[UUID, ...]) -> tuple[dict[UUID, Role], ...]:
        return turns_of(members, Turning.CLIENT_COUNSELS)

    course = await house.store.read(lambda db: course_now(db, cohort_row(db, visit.built.cohort), house.now))
    assert not any(group.rests for groups in course.plan.sessions for group in groups), "they rest for the guest alone"
    await house.store.write(exchanged)
    roles = {key[1:]: role for key, role in (await turns(house, visit)).items() if key[0] == first and key[1] == 1}
    assert sorted(roles.values()) == ["counsellor", "observer", "observer"]
    house.now = CLASS + timedelta(hours=3)
    found = await house.store.read(
        lambda db: ledger(db, cohort_row(db, visit.built.cohort), house.now, leave_out=[visit.built.sessions[0]])
    )
    served = found.served[str(visit.built.members[1])]
    assert dict(served) == {Role.COUNSELLOR: 20, Role.CLIENT: 20, Role.OBSERVER: 20}

    def emptied(db: Session) -> None:
        one, other = sittings_of(db, practice)
        reseat(db, practice, [other], domain="elmhouse.example", now=house.now, new_id=an_id)
        assert one.triad_id == first

    await house.store.write(emptied)
    assert (await visit.encounters())[0].called_off_at == house.now, "there is nobody left to listen to them"


async def test_a_turn_is_not_given_back_to_somebody_who_sits_elsewhere_by_now(house: House) -> None:
    visit, link = await comes(house)
    triad = visit.built.triads[1][0]
    dev = visit.built.seats[1][visit.built.members[3]]
    seat = metadata.tables["seat"]

    def left(db: Session) -> None:
        db.execute(delete(Turn).where(Turn.seat_id == dev))
        db.execute(seat.update().where(seat.c.id == dev).values(given_up_at=house.now))

    await house.store.write(left)
    assert (await visit.says(link, "declined")).status_code == 303
    roles = select(Turn.role).where(Turn.triad_id == triad, Turn.round == 1)
    assert sorted(await house.store.read(lambda db: db.scalars(roles).all())) == ["counsellor", "observer"]


async def test_rounds_that_get_other_numbers_take_their_guests_along(house: House) -> None:
    visit = await a_guest(house)
    await visit.ask(1, (0, 1), (0, 3))
    triad = visit.built.triads[1][0]
    await house.store.write(lambda db: rounds_moved(db, triad, {2: 1, 3: 2}, house.now))
    assert [(each.round, each.called_off_at) for each in await visit.encounters()] == [(1, house.now), (2, None)]


# --- whatever the order -------------------------------------------------------------------------------------------

MOVES = st.lists(
    st.tuples(st.sampled_from(["ask", "accepted", "declined", "off", "end"]), st.integers(0, 1), st.integers(0, 3)),
    min_size=1,
    max_size=14,
)
ROUNDS = ((0, 1), (0, 2), (1, 1), (1, 3))


@pytest.mark.heavy
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
async def test_whatever_tutors_and_guests_do_every_round_has_one_client_at_most_and_nobody_loses_a_turn(
    house: House, moves: list[tuple[str, int, int]]
) -> None:
    # People of their own for each run: what they carried in the one before would count.
    visit = await a_guest(house, email=f"{an_id().hex}@stage.example")
    guests = [visit, await a_guest(house, visit.built, name="Sam Poole", email=f"{an_id().hex}@stage.example")]
    links = [await each.send_link() for each in guests]
    before = await turns(house, visit)
    for what, who, which in moves:
        guest, wanted = guests[who], ROUNDS[which]
        triad = visit.built.triads[1][wanted[0]]
        asked = [each for each in await guest.encounters() if (each.triad_id, each.round) == (triad, wanted[1])]
        if what == "ask":
            await guest.ask(1, wanted)
        elif what == "end" and which == 0:
            await guest.tutor.send_form(f"{guest.base}/ending")
        elif what == "off" and asked:
            await guest.tutor.send_form(f"{guest.base}/encounters/{asked[0].id}/ending")
        elif what in {"accepted", "declined"} and asked:
            await guest.guest.send_form(f"{links[who]}/encounters/{asked[0].id}/answer", {"answer": what})
        now = await turns(house, visit)
        coming = {
            (each.triad_id, each.round)
            for guest in guests
            for each in await guest.encounters()
            if each.answer == "accepted" and each.called_off_at is None
        }
        assert {key[:2] for key in before} == {key[:2] for key in now}
        for triad_id, number in {key[:2] for key in before}:
            was = {seat: role for (t, n, seat), role in before.items() if (t, n) == (triad_id, number)}
            is_now = {seat: role for (t, n, seat), role in now.items() if (t, n) == (triad_id, number)}
            expected = (
                {seat: "observer" if role == "client" else role for seat, role in was.items()}
                if (triad_id, number) in coming
                else was
            )
            assert is_now == expected


async def turns(house: House, visit: Visit) -> dict[tuple[object, int, object], str]:
    rows = await house.store.read(
        lambda db: db.execute(
            select(Turn.triad_id, Turn.round, Turn.seat_id, Turn.role).where(Turn.triad_id.in_(visit.built.triads[1]))
        ).all()
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}
