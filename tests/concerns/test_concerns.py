"""A worry about someone: told to its own readers, kept apart from everything else."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from typing import Any
from uuid import UUID

from msgspec import structs
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.builders import BEFORE, Class, a_cohort, a_person, an_id
from tests.house import Browser, House
from threefold.clerk import Clerk
from threefold.mail.letters import Postroom
from threefold.store.tables import Concern, ConcernLook, ConcernReader, Deed, KeptForm, Letter, metadata
from threefold.web.templates import environment

WORDS = "Dev has stopped eating with us and said on Tuesday that nothing matters.\nI am not sure."
NOTE = "Rang Amara at five; seeing Dev tomorrow."


async def a_reader(house: House, *people: UUID) -> None:
    await house.store.write(
        lambda db: db.add_all(ConcernReader(person_id=person, since=BEFORE, by=None) for person in people)
    )


async def all_of(house: House, asked: Any) -> Sequence[Any]:
    return await house.store.read(lambda db: db.scalars(asked).all())


async def tell(browser: Browser, words: str = WORDS, **more: str) -> str:
    """Send it as the form does; where it leads."""
    answer = await browser.send_form("/concerns", {"words": words, "id": str(an_id()), **more})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def round_of(house: House) -> list[Letter]:
    """The letters a round of the clerk writes to those who read concerns."""
    before = set(await all_of(house, select(Letter.id)))
    await Clerk(house.store, Postroom(house.settings, environment()), clock=lambda: house.now).round()
    found = await all_of(house, select(Letter).order_by(Letter.id))
    return [letter for letter in found if letter.id not in before and letter.kind == "concern-waiting"]


async def made(house: House) -> tuple[Class, UUID, UUID]:
    """A cohort, and Jo and Ann who read concerns; neither teaches."""
    jo, ann = await a_person(house.store, "Jo Reed"), await a_person(house.store, "Ann Vale")
    await a_reader(house, jo, ann)
    return await a_cohort(house.store), jo, ann


# --- before the form ------------------------------------------------------------------------------------------


async def test_the_page_says_who_reads_it_by_when_and_whom_to_call_before_there_is_a_form(house: House) -> None:
    built, *_ = await made(house)
    page = unescape((await (await house.as_(built.people[0])).get("/concerns/new")).text)
    said = [
        "This page is not watched round the clock",
        'tel:999">999',
        'tel:116123">116 123',
        "Marion Shaw, 01632 960001",  # the group's own words
        "Ann and Jo</b> read it, and nobody else.",
        "by 17:00 on the next working day",
        "Thursday 8 October, 17:00</time> UK time",
        "It is kept apart from feedback. It is never in anybody’s feedback, search, portfolio or export",
        "<textarea",
    ]
    places = [page.find(words) for words in said]
    assert -1 not in places, said[places.index(-1)]
    assert places == sorted(places)


async def test_a_centre_elsewhere_names_its_own_numbers_in_one_place(house: House) -> None:
    built, *_ = await made(house)
    house.app.state.house = replaced(house, call_now=("Emergencies: 112", "TelefonSeelsorge: 0800 111 0 111"))
    browser = await house.as_(built.people[0])
    for path in ("/concerns/new", "/help", await tell(browser)):
        page = (await browser.get(path)).text
        assert 'tel:112">112' in page, path
        assert 'tel:08001110111">0800 111 0 111' in page, path
        assert "116 123" not in page, path


async def test_the_way_there_stands_in_the_foot_of_every_page(house: House) -> None:
    built, *_ = await made(house)
    for person, path in ((built.people[0], "/"), (built.tutors[0], "/cohorts"), (built.people[0], "/help")):
        page = (await (await house.as_(person)).get(path)).text
        assert '<a href="/concerns/new">Worried about someone?</a>' in page.partition("<footer")[2]


async def test_with_nobody_to_read_there_is_no_form_and_what_is_sent_all_the_same_is_not_lost(house: House) -> None:
    built = await a_cohort(house.store)
    amara = await house.as_(built.people[0])
    page = await amara.get("/concerns/new")
    assert "<textarea" not in page.text
    assert "Marion Shaw, 01632 960001" in page.text
    answer = await amara.send_form("/concerns", {"words": WORDS, "id": str(an_id())})
    assert answer.status_code == 422
    assert "Nobody is named here to read this" in answer.text
    assert "nothing matters" in answer.text
    assert await all_of(house, select(Concern.id)) == []


async def test_another_group_is_not_there_and_a_forged_one_keeps_the_words(house: House) -> None:
    built, *_ = await made(house)
    other = await a_cohort(house.store, name="Another cohort")
    amara = await house.as_(built.people[0])
    assert (await amara.get(f"/concerns/new?cohort={other.cohort}")).status_code == 404
    assert (await amara.get("/concerns/new?cohort=mine")).status_code == 404
    assert f'value="{built.cohort}" selected' in (await amara.get(f"/concerns/new?cohort={built.cohort}")).text
    answer = await amara.send_form("/concerns", {"words": WORDS, "cohort": str(other.cohort)})
    assert answer.status_code == 422
    assert "Choose one of your groups, or none." in answer.text
    assert "nothing matters" in answer.text
    assert "Another cohort" not in answer.text


async def test_nothing_written_and_far_too_much_are_said_beside_the_field(house: House) -> None:
    built, *_ = await made(house)
    amara = await house.as_(built.people[0])
    for words, said in (("  ", "Write what worries you."), ("x" * 8001, "Shorten this to 8,000 characters.")):
        answer = await amara.send_form("/concerns", {"words": words})
        assert answer.status_code == 422
        assert said in answer.text
        assert "<title>Error: " in answer.text


# --- its author -----------------------------------------------------------------------------------------------


async def test_the_author_gets_a_receipt_and_sees_where_it_stands_but_never_a_note(house: House) -> None:
    built, jo, _ = await made(house)
    amara, reader = await house.as_(built.people[0]), await house.as_(jo)
    where = await tell(amara, cohort=str(built.cohort))
    receipt = (await amara.get(where)).text
    assert "<h1>It is with Ann and Jo</h1>" in receipt
    assert ">Thursday 8 October 17:00</time> UK time" in receipt
    assert "Received." in (await amara.get("/concerns")).text
    await reader.send_form(f"{where}/looks")
    assert "It is with Ann and Jo" in (await amara.get(where)).text, "a look alone promises nothing"
    await reader.send_form(f"{where}/acknowledgement")
    await reader.send_form(f"{where}/notes", {"words": NOTE})
    assert "Jo Reed has read it" in (await amara.get(where)).text
    await reader.send_form(f"{where}/closure")
    assert "It was closed on Wednesday 7 October" in (await amara.get("/concerns")).text
    for path in (where, "/concerns", "/concerns/new"):
        page = (await amara.get(path)).text
        assert "nothing matters" not in page, "nobody reads it on the author's screen"
        assert NOTE not in page


async def test_a_double_click_is_one_concern_and_going_back_to_write_more_loses_nothing(house: House) -> None:
    built, *_ = await made(house)
    amara, same = await house.as_(built.people[0]), str(an_id())
    first = await amara.send_form("/concerns", {"words": WORDS, "id": same})
    again = await amara.send_form("/concerns", {"words": WORDS, "id": same})
    assert first.headers["location"] == again.headers["location"]
    more = await amara.send_form("/concerns", {"words": f"{WORDS} More.", "id": same})
    assert more.headers["location"] != first.headers["location"]
    ben = await house.as_(built.people[1])
    foreign = await ben.send_form("/concerns", {"words": "Chloe.", "id": same})
    assert foreign.headers["location"] != first.headers["location"], "a forged id overwrites nothing"
    assert sorted(await all_of(house, select(Concern.words))) == sorted([WORDS, f"{WORDS} More.", "Chloe."])


async def test_words_typed_after_the_sign_in_ended_come_back_and_then_lie_in_one_place_only(house: House) -> None:
    built, *_ = await made(house)
    amara = await house.as_(built.people[0])
    token = amara.cookies.get("threefold")
    amara.cookies.delete("threefold")
    answer = await amara.send_form("/concerns", {"words": WORDS})
    kept = answer.headers["location"].partition("next=")[2]
    amara.cookies.set("threefold", token or "")
    back = (await amara.get(kept)).text
    assert "nothing matters" in back
    assert 'action="/concerns"' in back
    assert len(await all_of(house, select(KeptForm.id))) == 1
    await tell(amara)
    assert await all_of(house, select(KeptForm.id)) == []


# --- its readers ----------------------------------------------------------------------------------------------


async def test_a_reader_opens_acknowledges_notes_and_closes_and_every_look_is_a_row(house: House) -> None:
    built, jo, ann = await made(house)
    where = await tell(await house.as_(built.people[0]), cohort=str(built.cohort))
    reader, second = await house.as_(jo), await house.as_(ann)
    listed = (await reader.get("/concerns")).text
    assert "1 concern waits to be read" in listed
    assert "Amara" not in listed
    for _ in range(2):
        assert "nothing matters" not in (await reader.get(where)).text, "asking by GET opens nothing"
    assert await all_of(house, select(ConcernLook.id)) == []
    assert (await reader.send_form(f"{where}/looks")).headers["location"] == where
    for _ in range(2):
        page = unescape((await reader.get(where)).text)
        assert "said on Tuesday that nothing matters." in page
        assert "Amara Okafor is worried about someone" in page
    assert await all_of(house, select(ConcernLook.by)) == [jo]
    assert "nothing matters" not in (await second.get(where)).text
    house.later(minutes=31)
    assert "nothing matters" not in (await reader.get(where)).text
    await second.send_form(f"{where}/looks")
    page = (await second.get(where)).text.partition("Who has opened it")[2]
    assert ["Jo Reed" in page, "Ann Vale" in page, page.count("<li>")] == [True, True, 2 + page.count("<li><a")]
    await second.send_form(f"{where}/notes", {"words": NOTE, "id": (twice := str(an_id()))})
    await second.send_form(f"{where}/notes", {"words": NOTE, "id": twice})
    await second.send_form(f"{where}/acknowledgement")
    await reader.send_form(f"{where}/acknowledgement")
    page = (await second.get(where)).text
    assert page.count(NOTE) == 1
    assert "Ann Vale has read it" in page, "the first to say so is the one who did"
    await second.send_form(f"{where}/closure")
    assert "Every concern has been read" in (await second.get("/concerns")).text
    empty = await second.send_form(f"{where}/notes", {"words": " "})
    assert (empty.status_code, "Write what you’d like to note." in empty.text) == (422, True)


async def test_a_note_too_long_comes_back_whole_even_when_the_look_was_over_and_that_is_a_look(house: House) -> None:
    built, jo, _ = await made(house)
    where = await tell(await house.as_(built.people[0]))
    reader = await house.as_(jo)
    answer = await reader.send_form(f"{where}/notes", {"words": NOTE + "x" * 8000})
    assert (answer.status_code, NOTE in answer.text) == (422, True)
    assert "Shorten this to 8,000 characters." in answer.text
    assert await all_of(house, select(ConcernLook.by)) == [jo]


async def test_for_everybody_else_there_is_nothing_and_looking_leaves_no_trace(house: House) -> None:
    built, *_ = await made(house)
    where = await tell(await house.as_(built.people[0]), cohort=str(built.cohort))
    elsewhere = (await a_cohort(house.store, name="Another")).tutors[0]
    for person in (built.tutors[0], built.people[3], elsewhere, await a_person(house.store, staff=True)):
        browser = await house.as_(person)
        nothing = await browser.get(f"/concerns/{an_id()}")
        assert nothing.status_code == 404
        for path in (where, "/concerns/readers"):
            answer = await browser.get(path)
            assert (answer.status_code, answer.content) == (404, nothing.content), path
        for what in ("looks", "acknowledgement", "notes", "closure"):
            assert (await browser.send_form(f"{where}/{what}", {"words": "x"})).status_code == 404, what
        assert (await browser.send_form("/concerns/readers", {"email": "x@example.com"})).status_code == 404
        assert (await browser.send_form(f"/concerns/readers/{person}/ending")).status_code == 404
        assert where not in (await browser.get("/concerns")).text
    author = await house.as_(built.people[0])
    for what in ("looks", "acknowledgement", "notes", "closure"):
        assert (await author.send_form(f"{where}/{what}", {"words": "x"})).status_code == 404, what
    rows = await house.store.read(
        lambda db: (db.scalars(select(ConcernLook.id)).all(), db.scalars(select(Concern)).one())
    )
    assert (rows[0], rows[1].acknowledged_at, rows[1].closed_at) == ([], None, None)


async def test_a_reader_names_another_and_lets_one_go_but_never_the_last(house: House) -> None:
    built, jo, ann = await made(house)
    reader = await house.as_(jo)
    marion = await house.store.read(
        lambda db: db.scalars(
            select(metadata.tables["person"].c.email).where(metadata.tables["person"].c.id == built.tutors[0])
        ).one()
    )
    unknown = await reader.send_form("/concerns/readers", {"email": "nobody@example.com"})
    assert (unknown.status_code, "Nobody here has this address." in unknown.text) == (422, True)
    assert (await reader.send_form("/concerns/readers", {"email": "no address"})).status_code == 422
    assert (await reader.send_form("/concerns/readers", {"email": marion.upper()})).status_code == 303
    page = (await reader.get("/concerns/readers")).text
    assert "3 people read concerns here" in page
    for person in (ann, built.tutors[0]):
        assert (await reader.send_form(f"/concerns/readers/{person}/ending")).status_code == 303
    last = await reader.send_form(f"/concerns/readers/{jo}/ending")
    assert (last.status_code, "Name somebody else first" in last.text) == (422, True)
    assert (await (await house.as_(ann)).get("/concerns/readers")).status_code == 404
    verbs = await all_of(house, select(Deed.verb))
    assert sorted(verbs) == ["ended a reader of concerns"] * 2 + ["named a reader of concerns"]


# --- letters --------------------------------------------------------------------------------------------------


async def test_readers_hear_only_that_something_is_waiting_once_and_once_more_when_the_time_is_over(
    house: House,
) -> None:
    built, jo, ann = await made(house)
    where = await tell(await house.as_(built.people[0]), cohort=str(built.cohort))
    first = await round_of(house)
    assert {(letter.person_id, letter.cohort_id, letter.subject) for letter in first} == {
        (person, None, "Something is waiting for you in Threefold") for person in (jo, ann)
    }
    assert len(first) == 2
    assert await round_of(house) == []
    house.now = BEFORE.replace(month=10, day=8, hour=15, minute=59)  # a minute to five in London
    assert await round_of(house) == []
    house.later(minutes=1)
    second = await round_of(house)
    assert [letter.subject for letter in second] == ["Something is still waiting for you in Threefold"] * 2
    house.later(days=3)
    assert await round_of(house) == []
    for letter in (*first, *second):
        said = letter.message.decode()
        for leak in ("Amara", "Dev", "nothing matters", "worried", "oncern", where[10:], "Level 3"):
            assert leak not in re.sub(r"Message-ID: .*", "", said), leak
        assert "/waiting" in said
    await (await house.as_(jo)).send_form(f"{where}/acknowledgement")
    assert (await (await house.as_(jo)).get("/waiting")).headers["location"] == "/concerns"


async def test_what_is_acknowledged_in_time_asks_nobody_again_and_a_new_reader_hears_of_what_waits(
    house: House,
) -> None:
    built, jo, ann = await made(house)
    amara = await house.as_(built.people[0])
    where = await tell(amara)
    await round_of(house)
    await (await house.as_(jo)).send_form(f"{where}/acknowledgement")
    await tell(amara, "Something else.")
    kay = await a_person(house.store, "Kay Lund")
    await a_reader(house, kay)
    assert sorted(letter.person_id for letter in await round_of(house)) == sorted([jo, ann, kay])
    house.later(days=2)
    assert len(await round_of(house)) == 3, "about the second only"


async def test_a_wish_turns_nothing_of_it_off(house: House) -> None:
    built, jo, _ = await made(house)
    await house.store.write(
        lambda db: db.execute(
            metadata.tables["wish"].insert().values(person_id=jo, kind="concern-waiting", how="off", since=BEFORE)
        )
    )
    await tell(await house.as_(built.people[0]))
    assert jo in [letter.person_id for letter in await round_of(house)]


# --- nowhere else ---------------------------------------------------------------------------------------------


async def test_the_words_lie_in_one_column_only_and_the_audit_says_nothing_of_it(house: House) -> None:
    built, jo, _ = await made(house)
    where = await tell(await house.as_(built.people[0]), cohort=str(built.cohort))
    reader = await house.as_(jo)
    for what in ("looks", "acknowledgement", "notes", "closure"):
        await reader.send_form(f"{where}/{what}", {"words": NOTE})
    await round_of(house)

    def holding(words: str, db: Session) -> list[str]:
        return [
            f"{table.name}.{column.name}"
            for table in metadata.sorted_tables
            for column in table.columns
            if any(words in repr(value) for value in db.scalars(select(column)))
        ]

    assert await house.store.read(lambda db: holding("nothing matters", db)) == ["concern.words"]
    assert await house.store.read(lambda db: holding("seeing Dev", db)) == ["concern_note.words"]
    assert await house.store.read(lambda db: db.scalar(select(func.count()).select_from(Deed))) == 0


def replaced(house: House, **changes: Any) -> Any:
    """What is behind the application, with other settings."""
    behind = house.app.state.house
    return replace(behind, settings=structs.replace(behind.settings, **changes))
