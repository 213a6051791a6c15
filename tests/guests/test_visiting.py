"""A guest's own pages: the secret in their address is the only key, and looking changes nothing."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.builders import a_cohort, a_person, an_id
from tests.guests.visits import FELT, Visit, a_guest, guest_row, page_of, text_of
from tests.house import House
from tests.web.test_rights import contents
from threefold.core.identity import token_digest
from threefold.core.meeting import link_for
from threefold.core.sign_in import MOST_PER_NETWORK
from threefold.store.tables import Deed, Encounter, Letter, LinkTry, PracticeSession, metadata
from threefold.web.cached import Kept

CLASS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
UNKNOWN = "/guest/" + "0" * 64


async def coming(house: House) -> tuple[Visit, str]:
    """A guest who is asked to the first two rounds tomorrow, with their link."""
    visit = await a_guest(house)
    assert (await visit.ask(1, (0, 1), (0, 2))).status_code == 303
    return visit, await visit.send_link()


async def test_looking_changes_nothing_however_often_a_scanner_does(house: House) -> None:
    visit, link = await coming(house)
    one = (await visit.encounters())[0]
    before = await contents(house)
    for path in (link, f"{link}?done=accepted", f"{link}/encounters/{one.id}", UNKNOWN):
        for _ in range(2):
            looked = await visit.guest.get(path)
            peeked = await visit.guest.head(path)
            assert (peeked.status_code, peeked.content) == (looked.status_code, b"")
    for what in ("answer", "stop", "felt", "steps"):
        assert (await visit.guest.get(f"{link}/encounters/{one.id}/{what}")).status_code in {404, 405}
    assert await contents(house) == before


async def test_the_page_is_kept_nowhere_and_leads_nowhere_with_its_address(house: House) -> None:
    visit, link = await coming(house)
    await house.store.write(
        lambda db: db.execute(metadata.tables["practice_session"].update().values(link="https://meet.example/room"))
    )
    await visit.says(link, "accepted")
    answer = await visit.guest.get(link)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers
    assert answer.text.count("https://meet.example/room") == 1, "only with what they said yes to"
    assert 'href="https://meet.example/room" rel="noreferrer noopener"' in answer.text


async def test_where_each_group_has_an_address_of_its_own_a_guest_gets_that_of_theirs(house: House) -> None:
    visit, link = await coming(house)
    pattern = metadata.tables["practice_session"].update().values(link="https://meet.example/{room}")
    await house.store.write(lambda db: db.execute(pattern))
    await visit.says(link, "accepted")
    triad = (await visit.encounters())[0].triad_id
    page = (await visit.guest.get(link)).text
    assert f'href="{link_for("https://meet.example/{room}", triad)}"' in page
    assert "{room}" not in page


async def test_whoever_is_signed_in_with_the_same_browser_does_not_stand_on_it(house: House) -> None:
    visit, link = await coming(house)
    plain = await page_of(visit.guest, link)
    own = await page_of(visit.tutor, link)
    assert [word in own for word in ("Marion Shaw", "Sign out")] == [False, False]
    assert own.replace(visit.tutor.form_token, "") == plain
    one = (await visit.encounters())[0]
    answer = await visit.tutor.send_form(f"{link}/encounters/{one.id}/answer", {"answer": "accepted"})
    assert answer.headers["location"] == f"{link}?done=accepted"


async def test_forms_are_taken_from_our_own_pages_only(house: House) -> None:
    visit, link = await coming(house)
    one = (await visit.encounters())[0]
    for headers in (
        {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"},
        {"origin": "null", "sec-fetch-site": "none"},
        {"sec-fetch-site": "same-site"},
    ):
        browser = await house.visitor(**headers)
        answer = await browser.send_form(f"{link}/encounters/{one.id}/answer", {"answer": "accepted"})
        assert answer.status_code == 403, headers
    assert [each.answer for each in await visit.encounters()] == [None, None]


async def test_a_link_that_does_not_open_shows_one_kind_page_and_does_nothing(house: House) -> None:
    visit, link = await coming(house)
    one = (await visit.encounters())[0]
    house.later(minutes=2)
    fresh = await visit.send_link()
    assert fresh != link
    pages = {"unknown": await visit.guest.get(UNKNOWN), "replaced": await visit.guest.get(link)}
    assert (await visit.guest.get(fresh)).status_code == 200
    pages["another's"] = await visit.guest.get(f"{fresh}/encounters/{an_id()}")
    await visit.tutor.send_form(f"{visit.base}/ending")
    pages["ended"] = await visit.guest.get(fresh)
    other = await a_guest(house, visit.built, name="Sam Poole")
    expired = await other.send_link("2026-10-07")
    house.now = datetime(2026, 10, 7, 23, 0, tzinfo=UTC)  # midnight in London
    pages["expired"] = await other.guest.get(expired)
    assert {name: page.status_code for name, page in pages.items()} == {
        "unknown": 404, "replaced": 404, "another's": 404, "ended": 410, "expired": 410,
    }  # fmt: skip
    assert len({page.text for page in pages.values()}) == 1
    assert "the link in that one works" in pages["unknown"].text
    assert "office@elmhouse.example" in pages["unknown"].text
    before = await contents(house)
    for path in (link, fresh, expired, UNKNOWN):
        for what, words in (
            ("answer", {"answer": "accepted"}),
            ("stop", {}),
            ("felt", FELT),
            ("steps", {"steps": "own"}),
        ):
            answer = await visit.guest.send_form(f"{path}/encounters/{one.id}/{what}", words)
            assert answer.status_code in {404, 410}, (path, what)
    assert await contents(house) == before


async def test_an_encounter_of_another_guest_is_not_there(house: House) -> None:
    visit, _ = await coming(house)
    one = (await visit.encounters())[0]
    other = await a_guest(house, visit.built, name="Sam Poole")
    link = await other.send_link()
    before = await contents(house)
    for what, words in (("answer", {"answer": "declined"}), ("stop", {}), ("felt", FELT), ("steps", {"steps": "own"})):
        assert (await other.guest.send_form(f"{link}/encounters/{one.id}/{what}", words)).status_code == 404
    assert (await other.guest.get(f"{link}/encounters/{one.id}")).status_code == 404
    assert await contents(house) == before


async def test_guessing_has_to_wait_and_a_link_that_is_somebodys_opens_all_the_same(house: House) -> None:
    visit, link = await coming(house)
    guesses = [hashlib.sha256(bytes([number])).hexdigest() for number in range(MOST_PER_NETWORK + 1)]
    found = [(await visit.guest.get(f"/guest/{guess}")).status_code for guess in guesses]
    assert found == [404] * MOST_PER_NETWORK + [429]
    waits = await visit.guest.get(UNKNOWN)
    assert (waits.status_code, waits.headers["retry-after"]) == (429, "3600")
    assert (await visit.guest.get(link)).status_code == 200
    # Another process of the same installation knows of it too.
    house.app.state.house = replace(house.app.state.house, kept=Kept())
    assert (await visit.guest.get(UNKNOWN)).status_code == 429
    noted = await house.store.read(lambda db: db.scalars(select(LinkTry)).all())
    assert len(noted) == MOST_PER_NETWORK
    assert len({row.network_digest for row in noted}) == 1
    house.later(hours=1, minutes=1)
    assert (await visit.guest.get(UNKNOWN)).status_code == 404
    assert len(await house.store.read(lambda db: db.scalars(select(LinkTry)).all())) == 1


async def test_the_store_holds_no_link_and_a_letter_forgets_it_once_it_was_used(house: House) -> None:
    visit, link = await coming(house)
    token = link.removeprefix("/guest/")
    assert (await guest_row(visit)).link_digest == token_digest(token)
    await visit.left()
    assert token in text_of((await visit.letters())[0])
    assert (await visit.says(link, "accepted")).status_code == 303

    def everywhere(db: object) -> str:
        return "".join(
            repr(row)
            for table in metadata.sorted_tables
            for row in db.execute(select(table)).all()  # type: ignore[attr-defined] # a session, as every unit gets
        )

    assert [letter.message for letter in await visit.letters()] == [b""]
    kept = await house.store.read(everywhere)
    assert [token[place : place + 16] in kept for place in range(0, 64, 16)] == [False] * 4
    deeds = await house.store.read(lambda db: db.scalars(select(Deed.subject)).all())
    assert all(UUID(str(value)) for deed in deeds for name, value in deed.items() if name in {"guest", "encounter"})


async def test_a_fresh_link_takes_the_place_of_one_that_has_not_left(house: House) -> None:
    visit, link = await coming(house)
    house.later(minutes=1)
    fresh = await visit.send_link("2026-11-01")
    rows = await house.store.read(lambda db: db.scalars(select(Letter).where(Letter.kind == "guest-link")).all())
    assert sorted((row.stopped_at is None, bool(row.message)) for row in rows) == [(False, False), (True, True)]
    assert (await visit.guest.get(link)).status_code == 404
    assert "until Sunday 1 November" in await page_of(visit.guest, fresh)


async def test_yes_and_no_may_be_changed_until_it_begins_and_twice_is_once(house: House) -> None:
    visit, link = await coming(house)
    for said in ("accepted", "accepted", "declined", "declined", "accepted"):
        answer = await visit.says(link, said)
        assert answer.headers["location"] == f"{link}?done={said}"
    verbs = await house.store.read(lambda db: db.scalars(select(Deed.verb).where(Deed.by.is_(None))).all())
    assert sorted(verbs) == ["a guest accepted", "a guest accepted", "a guest declined"]
    wrong = await visit.says(link, "perhaps")
    assert (wrong.status_code, "Choose yes or no." in wrong.text) == (422, True)
    house.now = CLASS + timedelta(minutes=15)
    late = await visit.says(link, "declined")
    assert (late.status_code, "This has begun already" in late.text) == (422, True)
    assert [each.answer for each in await visit.encounters()] == ["accepted", None]


async def test_a_yes_to_what_was_called_off_or_given_to_somebody_else_gets_kind_words(house: House) -> None:
    visit, link = await coming(house)
    one, two = await visit.encounters()
    await visit.says(link, "declined", 0)
    other = await a_guest(house, visit.built, name="Sam Poole")
    assert (await other.ask(1, (0, 1))).status_code == 303
    late = await visit.says(link, "accepted", 0)
    assert (late.status_code, "Somebody else was asked in the meantime" in late.text) == (422, True)
    await visit.tutor.send_form(f"{visit.base}/encounters/{two.id}/ending")
    off = await visit.says(link, "accepted", 1)
    assert (off.status_code, "This has been called off." in off.text) == (422, True)
    assert "You need not come." in await page_of(visit.guest, link)
    assert one.answer is None
    session = metadata.tables["practice_session"]
    await house.store.write(
        lambda db: db.execute(
            session.update().where(session.c.id == visit.built.sessions[1]).values(cancelled_at=house.now)
        )
    )
    theirs = await other.send_link()
    cancelled = await other.says(theirs, "accepted")
    assert (cancelled.status_code, "This has been called off." in cancelled.text) == (422, True)


async def test_stop_is_for_while_they_are_there_and_counts_the_first_time(house: House) -> None:
    visit, link = await coming(house)
    await visit.says(link, "accepted", 0)
    one, two = await visit.encounters()
    early = await visit.guest.send_form(f"{link}/encounters/{one.id}/stop")
    assert (early.status_code, "only for while you are there" in early.text) == (422, True)
    house.now = CLASS + timedelta(minutes=20)
    for _ in range(2):
        assert (await visit.guest.send_form(f"{link}/encounters/{one.id}/stop")).status_code == 303
        house.later(minutes=1)
    assert (await visit.guest.send_form(f"{link}/encounters/{two.id}/stop")).status_code == 422, "not answered"
    assert [each.stopped_at for each in await visit.encounters()] == [CLASS + timedelta(minutes=20), None]


async def test_the_four_questions_are_all_answered_or_rather_not_and_words_have_no_place(house: House) -> None:
    visit, link = await coming(house)
    await visit.says(link, "accepted")
    one = (await visit.encounters())[0]
    path = f"{link}/encounters/{one.id}"
    assert "This page is for afterwards" in await page_of(visit.guest, path)
    assert (await visit.guest.send_form(f"{path}/felt", FELT)).status_code == 422
    house.now = CLASS + timedelta(minutes=36)
    missing = await visit.guest.send_form(f"{path}/felt", {"felt": "yes", "heard": "4", "pace": "9"})
    assert missing.status_code == 422
    for said in ("I could be myself: choose an answer", "The pace suited me: choose", "I’d come back to that: choose"):
        assert said in missing.text
    assert "I felt heard: choose" not in missing.text
    assert 'name="heard" value="4" checked' in missing.text, "what was chosen stays"
    none = await visit.guest.send_form(f"{path}/steps", {"leaving": "yes"})
    assert (none.status_code, "One is enough" in none.text) == (422, True)
    for words in (FELT, {**FELT, "heard": "1", "did": "Told me about a divorce."}):
        assert (await visit.guest.send_form(f"{path}/felt", words)).status_code == 303
    row = (await visit.encounters())[0]
    assert (row.felt, row.felt_at) == ({"heard": 1, "myself": 3, "pace": 2, "return": None}, house.now)
    columns = {column.name for column in Encounter.__table__.columns}
    assert not {name for name in columns if "words" in name or "note" in name or "why" in name}


async def test_what_was_read_stays_as_it_is(house: House) -> None:
    visit, link = await coming(house)
    await visit.says(link, "accepted")
    one = (await visit.encounters())[0]
    house.now = CLASS + timedelta(minutes=36)
    path = f"{link}/encounters/{one.id}"
    await visit.guest.send_form(f"{path}/felt", FELT)
    opening = metadata.tables["opening"]
    triad, person = visit.built.triads[1][0], visit.built.people[1]
    await house.store.write(
        lambda db: db.execute(opening.insert().values(triad_id=triad, round=1, at=house.now, by=person))
    )
    assert "Ben has read your answers" in await page_of(visit.guest, path)
    assert (await visit.guest.send_form(f"{path}/felt", {**FELT, "heard": "1"})).status_code == 303
    assert (await visit.encounters())[0].felt == {"heard": 4, "myself": 3, "pace": 2, "return": None}


@pytest.mark.parametrize("words", ["Robin Vale", "robin.vale@stage.example"])
async def test_no_trainee_learns_a_guests_surname_or_address(house: House, words: str) -> None:
    visit, link = await coming(house)
    await visit.says(link, "accepted")
    triad = visit.built.triads[1][0]
    house.now = CLASS + timedelta(minutes=40)
    one = (await visit.encounters())[0]
    await visit.guest.send_form(f"{link}/encounters/{one.id}/felt", FELT)
    for person in visit.built.people[:4]:
        browser = await house.as_(person)
        for path in (
            "/", "/calendar", "/feedback", "/growth", "/portfolio", "/portfolio.csv", "/portfolio.json",
            f"/practice/{visit.built.sessions[1]}", f"/feedback/{triad}/1", f"/feedback/{triad}/1/form",
            f"/feedback/{triad}/1/steps/1", f"/observation/{triad}/1", visit.base,
        ):  # fmt: skip
            assert words not in (await browser.get(path)).text, path
    letters = await house.store.read(lambda db: db.scalars(select(Letter)).all())
    assert not [row.kind for row in letters if row.recipient != visit.email and words.encode() in row.message]


async def test_a_stranger_and_a_guest_who_signs_in_find_nothing(house: House) -> None:
    visit, _ = await coming(house)
    guest = await guest_row(visit)
    other = await a_cohort(house.store, name="Another cohort")
    for person in (guest.person_id, await a_person(house.store, staff=True), other.tutors[0], visit.built.people[0]):
        browser = await house.as_(person)
        for path in (visit.base, f"/cohorts/{visit.built.cohort}/guests", f"{visit.base}/minutes.csv"):
            assert (await browser.get(path)).status_code == 404
    moved = await house.store.read(lambda db: db.scalars(select(PracticeSession.id)).all())
    assert moved
