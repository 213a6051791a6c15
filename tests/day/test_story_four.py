"""Story four: a live class, eleven of twelve by PIN, one late by nine minutes, and what counts afterwards."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import all_told, cohort_row, name_of
from tests.day.test_day import EVENING, a_class, first_way, groups, rows, text, tick
from tests.house import House
from threefold.core.arriving import pin
from threefold.core.roles import Role
from threefold.store.ledger import ledger
from threefold.store.tables import Deed, Letter, PracticeSession, Seat, Turn
from threefold.web.security import Keys


async def test_story_four_eleven_by_pin_one_late_and_minutes_that_are_true(house: House) -> None:
    built = await a_class(house)
    await all_told(house.store, built.cohort)
    practice, lena = built.sessions[1], built.members[11]
    await house.store.write(
        lambda db: db.execute(
            update(PracticeSession).where(PracticeSession.id == practice).values(shape=[3, 20, 10, 5, 15, 0])
        )
    )
    tutor = await house.as_(built.tutors[0])
    phones = [await house.as_(person) for person in built.people]

    # The tutor shows a PIN; eleven type it.
    house.now = EVENING - timedelta(minutes=5)
    await tutor.send_form(f"/practice/{practice}/pin", {"asked": "yes"})
    right = pin(Keys(house.settings.secret).digest("pin", str(practice), EVENING.isoformat()))
    assert right in await text(tutor, f"/practice/{practice}/door")
    for phone in phones[:11]:
        assert (await phone.send_form(f"/practice/{practice}/arrival", {"pin": right})).status_code == 303
    await tutor.send_form(f"/practice/{practice}/day/presence", {"presence": "circulating", "triad": ""})
    assert "Eleven are here, one still to come" in await text(tutor, f"/practice/{practice}/day")

    # It begins with eleven of twelve: one triad and two quads.
    house.now = EVENING + timedelta(minutes=3)
    assert "Eleven are here, one is away" in await text(tutor, f"/practice/{practice}/day")
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    assert (await tutor.send_form(f"/practice/{practice}/groups", first_way(page))).status_code == 303
    seated = await groups(house, practice)
    assert sorted(len(members) for members in seated.values()) == [3, 4, 4]
    triad = next(triad for triad, members in seated.items() if len(members) == 3)
    assert lena not in {member for members in seated.values() for member in members}

    # Nine minutes late, while round 1 runs (18:35 to 18:55): second observer of the group of three.
    house.now = EVENING + timedelta(minutes=9, seconds=30)
    assert (await phones[11].send_form(f"/practice/{practice}/arrival", {"pin": right})).status_code == 303
    assert (await groups(house, practice))[triad] == [*seated[triad], lena]
    theirs = await rows(
        house,
        select(Turn.round, Turn.role)
        .join(Seat, Seat.id == Turn.seat_id)
        .where(Turn.triad_id == triad, Seat.membership_id == lena)
        .order_by(Turn.round),
    )
    assert list(map(tuple, theirs)) == [(1, "observer"), (2, "observer"), (3, "observer")]
    board = await text(tutor, f"/practice/{practice}/day")
    assert "Twelve are here" in board
    assert "Lena came 9 min after the start" in board

    # The tutor is on call from 20:00; somebody leaves at 19:50.
    house.now = EVENING + timedelta(minutes=80)
    leaves = next(who for who in built.members if who not in (*seated[triad], lena))
    await tick(tutor, practice, leaves, here=False)
    house.now = EVENING + timedelta(minutes=90)
    await tutor.send_form(f"/practice/{practice}/day/presence", {"presence": "on_call", "triad": ""})

    # Afterwards: late by nine minutes, role minutes exact, guided minutes those with the tutor there.
    house.now = EVENING + timedelta(hours=3)
    record = await text(tutor, f"/practice/{practice}/record")
    assert "Lena 111 9 – 0 0 56 81 0" in record  # 16 of round 1, 20 of rounds 2 and 3
    called = {member: name_of(place).split()[0] for place, member in enumerate(built.members)}
    assert f"{called[leaves]} 80 – 40" in record
    assert f"{called[seated[triad][0]]} 120 – – 20 20 20 90 0" in record
    assert "Nobody saw" not in record

    own = await text(phones[11], f"/practice/{practice}/arrival")
    assert "111 minutes here, 9 min late; a tutor was there for 81 of them." in own
    assert "Round 1: observer, 16 min Round 2: observer, 20 min Round 3: observer, 20 min" in own

    def served(db: Session) -> dict[str, dict[Role, int]]:
        found = ledger(db, cohort_row(db, built.cohort), house.now, leave_out=[built.sessions[0]])
        return {who: dict(roles) for who, roles in found.served.items()}

    kept = await house.store.read(served)
    assert kept[str(lena)] == {Role.OBSERVER: 56}
    assert [kept[str(member)] for member in seated[triad]] == [dict.fromkeys(Role, 20)] * 3
    assert not [one for (one,) in await rows(house, select(Letter.written_at)) if one > EVENING]
    verbs = {verb for (verb,) in await rows(house, select(Deed.verb))}
    assert {"regrouped", "noted what happened", "showed a PIN", "put somebody in"} <= verbs
