"""What tutors may want to look at: evidence with its rounds, a chat that lets it rest, and never a word to trainees."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import a_cohort, an_id
from tests.house import Browser, House
from tests.noticing.terms import Term, a_term
from tests.web.queries import counted
from threefold.store.tables import Conversation, Deed, Letter, Observation

AMARA, BEN, CHLOE, DEV, ESTHER, FARID = range(6)
CHAT = "I’ve had a chat"


async def looked(house: House, term: Term) -> Browser:
    """Some time after the term's last session, with everything written; its tutor."""
    await term.keep(house.store)
    house.now = term.starts[-1] + timedelta(days=5)
    return await house.as_(term.built.tutors[0])


def page_of(term: Term) -> str:
    return f"/cohorts/{term.built.cohort}/noticing"


async def in_the_way(house: House) -> Term:
    """Two observers in two weeks saw Farid's boundaries get in the way; everybody else is as usual."""
    term = await a_term(house.store, weeks=3)
    for week in range(3):
        for person in range(6):
            (observer,) = term.observers(week, person)
            level = 1 if person == FARID and week in {0, 2} else 2
            term.writes(week, person, observer, "observer", HC2=3, HC8=level)
            term.writes(week, person, person, "self", HC2=3, HC8=2)
    return term


def entries(page: str) -> dict[str, list[str]]:
    """What is said of whom, by their name."""
    found = {}
    for article in re.findall(r"<article.*?</article>", page, re.DOTALL):
        name = re.findall(r"<span>([^<]+)</span></h3>", article)[0]
        found[name] = [re.sub(r"<[^>]+>", "", said) for said in re.findall(r"<div><p>(.*?)</p>", article, re.DOTALL)]
    return found


async def test_an_entry_says_its_evidence_and_leads_to_its_rounds(house: House) -> None:
    term = await in_the_way(house)
    tutor = await looked(house, term)
    page = (await tutor.get(page_of(term))).text
    assert re.findall(r"<h1>([^<]+)</h1>", page) == ["One person you might talk with"]
    assert "Small numbers. Treat as a question, not an answer." in page
    assert entries(page) == {
        "Farid Rahimi": ["Two observers in three weeks chose “Got in the way” for boundaries, each with an example."]
    }
    assert [path for path in (term.path(0, FARID), term.path(2, FARID)) if f'href="{path}"' not in page] == []
    assert f'href="{term.path(1, FARID)}"' not in page
    assert "btn go" not in page


async def test_the_cohorts_own_page_leads_there_and_says_how_many_but_never_who(house: House) -> None:
    term = await in_the_way(house)
    tutor = await looked(house, term)
    overview = (await tutor.get(f"/cohorts/{term.built.cohort}")).text
    assert f'href="{page_of(term)}"' in overview
    assert f'data-number="{page_of(term)}/count"' in overview
    answer = await tutor.get(f"{page_of(term)}/count")
    assert (answer.headers["content-type"], answer.text) == ("text/plain; charset=utf-8", "1 worth a look")
    await chat(tutor, term)
    assert (await tutor.get(f"{page_of(term)}/count")).text == ""


async def test_where_nothing_speaks_for_it_nobody_is_named(house: House) -> None:
    term = await a_term(house.store, weeks=1)
    tutor = await looked(house, term)
    page = (await tutor.get(page_of(term))).text
    assert "Nobody stands out just now" in page
    assert entries(page) == {}


async def chat(tutor: Browser, term: Term, **changes: str) -> int:
    form = {
        "id": str(an_id()),
        "member": str(term.built.members[FARID]),
        "about": "person",
        "words": "",
        "do": "talked",
        **changes,
    }
    return (await tutor.send_form(f"{page_of(term)}/conversations", form)).status_code


async def test_after_a_chat_it_rests_until_something_new_comes_in(house: House) -> None:
    term = await in_the_way(house)
    tutor = await looked(house, term)
    id_ = str(an_id())
    for _ in range(2):  # a double click
        assert await chat(tutor, term, id=id_, words="He knows. We look at endings together.") == 303
    page = (await tutor.get(f"{page_of(term)}?done=talked")).text
    assert "Nobody stands out just now" in page
    assert "It rests until something new comes in." in page
    resting = page.partition("Resting since a chat")[2]
    assert "Farid Rahimi" in resting
    assert resting.count("He knows. We look at endings together.") == 1
    deeds = await house.store.read(lambda db: db.execute(select(Deed.verb, Deed.subject)).all())
    noted = [(verb, subject) for verb, subject in deeds if verb == "noted a conversation"]
    assert noted == [("noted a conversation", {"conversation": id_})]

    house.later(hours=1)
    days = (house.now - term.starts[1]) / timedelta(days=1)
    late = next(person for person in range(6) if person not in {FARID, *term.observers(1, FARID)})
    term.writes(1, FARID, late, "observer", days=days, HC8=1)
    await term.keep(house.store)
    house.later(hours=1)
    page = (await tutor.get(page_of(term))).text
    assert list(entries(page)) == ["Farid Rahimi"]
    assert "He knows. We look at endings together." in page


async def test_a_note_for_tutors_lets_nothing_rest_and_needs_words(house: House) -> None:
    term = await in_the_way(house)
    tutor = await looked(house, term)
    assert await chat(tutor, term, do="noted", words=" ") == 422
    assert await chat(tutor, term, do="noted", words="x" * 1001) == 422
    assert await chat(tutor, term, about="person’s cat") == 422
    assert await chat(tutor, term, do="noted", words="Ask how the week was.") == 303
    page = (await tutor.get(f"{page_of(term)}?done=noted")).text
    assert "Your note is kept." in page
    assert "Ask how the week was." in page
    assert list(entries(page)) == ["Farid Rahimi"]
    kept = await house.store.read(lambda db: list(db.scalars(select(Conversation))))
    assert [(row.words, row.talked_at, row.by) for row in kept] == [
        ("Ask how the week was.", None, term.built.tutors[0])
    ]


async def test_what_is_refused_stands_beside_its_field_with_the_words_kept(house: House) -> None:
    term = await in_the_way(house)
    tutor = await looked(house, term)
    member = term.built.members[FARID]
    form = {"id": str(an_id()), "member": str(member), "about": "person", "words": "y" * 1001, "do": "talked"}
    answer = await tutor.send_form(f"{page_of(term)}/conversations", form)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert f'href="#words-person-{member}">Shorten this to 1,000 characters. It has 1,001 now.' in answer.text
    assert "y" * 1001 in answer.text


async def test_nothing_is_kept_about_somebody_of_another_cohort(house: House) -> None:
    term = await in_the_way(house)
    tutor = await looked(house, term)
    other = await a_cohort(house.store, name="Another cohort")
    for member in (str(other.members[0]), str(an_id()), "nobody", ""):
        assert await chat(tutor, term, member=member) == 404
    assert await house.store.read(lambda db: list(db.scalars(select(Conversation)))) == []


async def test_ratings_to_read_with_care_say_why_and_on_how_much(house: House) -> None:
    term = await a_term(house.store, weeks=3)
    for week in range(3):
        for person in range(6):
            (observer,) = term.observers(week, person)
            one_answer = observer == BEN
            term.writes(
                week, person, observer, "observer", example="" if one_answer else "“It sounds lonely.”",
                HC2=3, HC8=3 if one_answer else 2,
            )  # fmt: skip
            term.writes(week, person, person, "self", HC2=3, HC8=2)
    tutor = await looked(house, term)
    page = (await tutor.get(page_of(term))).text
    assert entries(page) == {
        "Ben Hughes": [
            "“Helping” for everything, three rounds running.",
            "No example of anything seen or heard, three rounds running.",
        ]
    }
    assert "Nobody stands out just now" in page


async def test_a_form_sent_seconds_after_the_live_notes_is_said_with_how_many_can_be_timed(house: House) -> None:
    term = await a_term(house.store, weeks=1)
    (observer,) = term.observers(0, AMARA)
    term.writes(0, AMARA, observer, "observer", HC2=3, HC8=2)
    triad, number = term.counselled[0, AMARA]
    sent = term.starts[0] + timedelta(days=1)

    def noted(db: Session) -> None:
        db.add(
            Observation(
                triad_id=triad,
                round=number,
                author_id=term.built.members[observer],
                started_at=term.starts[0],
                finished_at=sent - timedelta(seconds=14),
            )
        )

    await house.store.write(noted)
    tutor = await looked(house, term)
    (said,) = entries((await tutor.get(page_of(term))).text).values()
    assert said == [
        "One form of one came in within 20 seconds of the live notes being done. Perhaps written on paper first."
    ]


@pytest.mark.parametrize("path", ["noticing", "noticing/count", "agreement", "agreement.csv"])
async def test_trainees_and_strangers_find_nothing_there(house: House, path: str) -> None:
    term = await in_the_way(house)
    await looked(house, term)
    other = await a_cohort(house.store, name="Another cohort")
    for person in (*term.built.people, other.tutors[0]):
        browser = await house.as_(person)
        assert (await browser.get(f"/cohorts/{term.built.cohort}/{path}")).status_code == 404


async def test_no_trainee_page_and_no_letter_says_a_word_of_it(house: House) -> None:
    term = await in_the_way(house)
    tutor = await looked(house, term)
    await chat(tutor, term, words="He knows. We look at endings together.")
    await chat(tutor, term, do="noted", words="Ask how the week was.")
    told = ("noticing", "talk with", "had a chat", "He knows", "Ask how the week", "with care", "agreement")
    for person in (FARID, BEN):
        browser = await house.as_(term.built.people[person])
        paths = ["/", "/calendar", "/feedback", "/me", "/me/letters", "/help", "/privacy", term.path(0, FARID)]
        for path in paths:
            answer = await browser.get(path)
            assert answer.status_code in {200, 303, 404}
            assert [words for words in told if words in answer.text] == [], path
    assert await house.store.read(lambda db: list(db.scalars(select(Letter.kind)))) == []


async def test_the_pages_ask_the_same_few_times_whatever_the_size(house: House) -> None:
    asked = []
    for trainees, weeks in ((6, 1), (8, 4)):
        term = await a_term(house.store, trainees=trainees, weeks=weeks)
        for week in range(weeks):
            for person in range(trainees):
                for observer in term.observers(week, person):
                    term.writes(week, person, observer, "observer", HC2=3, HC8=2)
        tutor = await looked(house, term)
        for path in ("noticing", "noticing/count", "agreement", "agreement.csv"):
            with counted() as statements:
                assert (await tutor.get(f"/cohorts/{term.built.cohort}/{path}")).status_code == 200
            asked.append(len(statements))
    assert asked[:4] == asked[4:]
    assert max(asked) <= 8
