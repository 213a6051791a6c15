"""“Since the start” tells tutors that a group asked for them, and that a guest pressed stop; neither says why."""

from datetime import timedelta

from tests.day.test_day import EVENING, a_class, text
from tests.guests.visits import a_guest
from tests.house import House


def since(page: str) -> str:
    return page.partition("Since the start")[2].partition("The whole record")[0].strip()


async def test_a_group_that_asked_for_its_tutor_stays_to_be_read(house: House) -> None:
    built = await a_class(house, trainees=6)
    tutor, ben = await house.as_(built.tutors[0]), await house.as_(built.people[1])
    board, to = f"/practice/{built.sessions[1]}/day", f"/triads/{built.triads[1][0]}/please-come"
    assert since(await text(tutor, board)) == ""
    house.later(minutes=20)
    assert (await ben.send_form(to)).status_code == 303
    house.later(minutes=1)
    assert (await tutor.send_form(f"{to}/coming")).status_code == 303
    house.later(minutes=9)
    assert (await ben.send_form(to)).status_code == 303
    house.later(minutes=1)
    assert (await ben.send_form(f"{to}/withdrawal")).status_code == 303
    for path in (board, f"{board}/live"):
        assert since(await text(tutor, path)) == (
            "19:01 Group 1 needs nobody after all 19:00 Group 1 asked for a tutor to come"
            " 18:51 Marion is on the way to Group 1 18:50 Group 1 asked for a tutor to come"
        )
    assert (await ben.get(board)).status_code == 404


async def test_a_guest_who_stopped_is_told_by_first_name_and_without_a_reason(house: House) -> None:
    built = await a_class(house, trainees=6)
    house.now = EVENING - timedelta(days=2)
    visit = await a_guest(house, built)
    assert (await visit.ask(1, (0, 2))).status_code == 303
    link = await visit.send_link()
    await visit.says(link, "accepted")
    (row,) = await visit.encounters()
    house.now = EVENING + timedelta(minutes=50)
    assert (await visit.guest.send_form(f"{link}/encounters/{row.id}/stop")).status_code == 303
    tutor, ben = await house.as_(built.tutors[0]), await house.as_(built.people[1])
    page = await text(tutor, f"/practice/{built.sessions[1]}/day")
    assert since(page) == "19:20 Robin (guest) has stopped in Group 1, round 2"
    assert "Vale" not in page
    assert "has stopped" not in await text(ben, f"/practice/{built.sessions[1]}")
