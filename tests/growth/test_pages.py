"""Story 7, growth: what people noticed over a term, from what has been opened alone; every sentence with its rounds."""

import csv
import io
import json
import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort
from tests.growth.terms import CODES, Term, Told, after, felt, levels, tell, term_of
from tests.house import Browser, House
from tests.web.queries import counted
from threefold.core.framework_document import text_of as text_of_framework
from threefold.store import counselled
from threefold.store.frameworks import shipped
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, FrameworkDocument, metadata

WEEKS = 7
RISING = (2, 2, 2, 3, 3, 3, 3)


async def a_term(house: House, *, opened: int = WEEKS) -> tuple[Class, Term]:
    """Seven weeks, so many of them opened: Empathy rises, Boundaries stays low, Client choice is never seen."""
    built = await a_cohort(house.store, trainees=9, weeks=WEEKS + 1)
    term = await term_of(house, built)
    now = after(house, WEEKS)
    told = [
        Told(
            observer=levels(CODES, RISING[week], 2, None),
            own=levels(CODES, 1, 2, None),
            client=felt(4),
            tutor=(built.tutor_members[0], levels(CODES, 2, 2, None)) if week == 1 else None,
            opened=week < opened,
        )
        for week in range(WEEKS)
    ]
    await tell(house, term, told, now)
    return built, term


async def amara(house: House, built: Class) -> Browser:
    return await house.as_(built.people[0])


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def test_three_sentences_each_with_the_rounds_it_rests_on(house: House) -> None:
    built, term = await a_term(house)
    page = (await (await amara(house, built)).get("/growth")).text
    said = text_of(page)
    assert "How you’re growing, Amara" in said
    assert "7 rounds, 15 pieces of feedback from" in said
    assert "Empathy has moved most. At first others saw it around “Beginning”, lately around “Helping”." in said
    assert "Your own view of Empathy is harder than others’. In 7 of 7 rounds" in said
    assert "Boundaries could use some practice. Lately, others often saw “Beginning”." in said
    short = page[page.index('id="h-short"') : page.index('id="h-burn"')]
    assert re.findall(r'<a href="(#c-\w+)"><b>', short) == ["#c-HC2", "#c-HC2", "#c-HC8"]
    for code in CODES:
        assert f'id="c-{code}"' in page
    for session in range(1, WEEKS + 1):
        assert term.path(session) in short
    for link in set(re.findall(r'href="(/feedback/[^"#]+)', short)):
        assert (await (await amara(house, built)).get(link)).status_code == 200
    card = text_of(page[page.index("What would you like to work on?") : page.index(f'href="{term.path(WEEKS)}#next"')])
    assert card.count("Name the time.") == 2
    assert "from your own words" in card


async def test_the_charts_and_their_tables_and_the_csv_say_the_same(house: House) -> None:
    built, _ = await a_term(house)
    browser = await amara(house, built)
    page = (await browser.get("/growth")).text
    answer = await browser.get("/growth.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    sent = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert sent[0] == ["Session", "Round", "Date", "Code", "What", "Seen by", "Level"]
    cards = re.findall(r'<li class="card" id="([cq])-(\w+)">(.*?)</li>\n?(?=<li|</ul)', page, re.DOTALL)
    assert [code for _, code, _ in cards] == [*CODES, "heard", "myself", "pace", "return"]
    in_tables = []
    for _, code, card in cards:
        for row in re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", card):
            session, day, by, level = [text_of(cell) for cell in re.split(r"</t[hd]>(?:<td>)?", row)[:4]]
            in_tables.append((session, code, by, level))
            assert re.search(r"\d+ \w{3}", day)
        marks = len(re.findall(r'<use href="#g-', card))
        rows = [one for one in in_tables if one[1] == code]
        assert marks == sum(level not in {"Not seen this time", "Rather not say"} for *_, level in rows)
    assert [(row[0], row[3], row[5], row[6]) for row in sent[1:]] == in_tables
    assert len(in_tables) == 3 * (WEEKS + WEEKS + 1) + 4 * WEEKS
    assert {"#g-own", "#g-observer", "#g-client", "#g-tutor"} <= set(re.findall(r'href="(#g-\w+)"', page))
    assert page.count('class="bd"') == 2 * 3, "for two skills there are six by three people from session 5 on"


async def test_after_a_change_of_framework_what_was_rated_before_keeps_its_name(house: House) -> None:
    built, _ = await a_term(house)
    ours = shipped("human-connection-1")
    seen, own = ours.of("HC2"), [each for each in ours.competencies if each.code not in CODES][:3]
    assert seen is not None
    framework = replace(ours, id="elm-house", version="1", name="Elm House", competencies=tuple(own))

    def work(db: Session) -> None:
        document = json.loads(text_of_framework(framework))
        db.add(
            FrameworkDocument(
                id="elm-house", version="1", document=document, added_at=house.now, added_by=built.tutors[0]
            )
        )
        cohort = db.get_one(Cohort, built.cohort)
        cohort.looked_before = [[house.now.isoformat(), "human-connection-1", "1.0", list(CODES)]]
        cohort.framework_id, cohort.framework_version = "elm-house", "1"
        cohort.competencies = [each.code for each in own]

    await house.store.write(work)
    page = text_of((await (await amara(house, built)).get("/growth")).text)
    assert seen.short in page
    assert "HC2" not in page
    noticed = await (await house.as_(built.tutors[0])).get(f"/cohorts/{built.cohort}/noticing")
    assert noticed.status_code == 200
    assert "HC8" not in text_of(noticed.text)


async def test_what_has_not_been_opened_counts_for_nothing(house: House) -> None:
    built, term = await a_term(house, opened=2)
    browser = await amara(house, built)
    said = text_of(page := (await browser.get("/growth")).text)
    assert "2 rounds, 5 pieces of feedback from" in said
    assert "5 rounds are ready to read, and not counted here yet." in said
    assert "has moved most" not in said
    assert "own view" not in said
    assert 'class="bd"' not in page.replace('class="sw bd"', "")
    assert [term.path(session) for session in range(3, WEEKS + 1) if term.path(session) in page] == []
    rows = (await browser.get("/growth.csv")).text
    assert {line.split(",")[0] for line in rows.splitlines()[1:]} == {"1", "2"}


async def test_words_for_the_tutors_alone_and_addresses_never_stand_on_the_page(house: House) -> None:
    built, _ = await a_term(house)
    page = (await (await amara(house, built)).get("/growth")).text
    assert "I was nervous" not in page
    assert re.findall(r"[\w.]+@[\w.]+", page) == []


async def test_before_the_first_round_the_page_says_what_will_come(house: House) -> None:
    built = await a_cohort(house.store)
    house.later(days=-10)
    page = text_of((await (await amara(house, built)).get("/growth")).text)
    assert "After your first session you’ll see what people noticed." in page
    assert "You’ve counselled in 0 of 3 rounds planned this term." in page
    assert "In short" not in page
    unplanned = await a_cohort(house.store, name="Not yet", published=False)
    page = text_of((await (await house.as_(unplanned.people[0])).get("/growth")).text)
    assert "After your first session you’ll see what people noticed." in page
    assert (await (await house.as_(unplanned.people[0])).get("/growth.csv")).text.count("\n") == 1


async def test_a_tutor_sees_what_has_come_in_and_is_told_so(house: House) -> None:
    built, _ = await a_term(house, opened=2)
    tutor = await house.as_(built.tutors[0])
    path = f"/growth/{built.members[0]}"
    said = text_of((await tutor.get(path)).text)
    assert "How Amara is growing" in said
    assert "7 rounds, 15 pieces of feedback from" in said
    assert "This counts everything that has come in. Amara sees a round here once they’ve opened it." in said
    assert "Amara’s own view of Empathy is harder than others’." in said
    assert "What would you like to work on?" not in said
    rows = (await tutor.get(f"{path}/growth.csv")).text.splitlines()[1:]
    assert len(rows) == 3 * (WEEKS + WEEKS + 1) + 4 * WEEKS
    assert {line.split(",")[5] for line in rows} == {"Amara", "Observer", "Client", "Tutor"}
    assert f'href="{path}"' in (await tutor.get(f"/cohorts/{built.cohort}/people/{built.members[0]}")).text


@pytest.mark.parametrize("who", ["themselves", "a peer", "another tutor"])
async def test_for_everybody_else_a_trainees_growth_does_not_exist(house: House, who: str) -> None:
    built, other = await a_cohort(house.store), await a_cohort(house.store, name="Another cohort")
    whose = {"themselves": built.people[0], "a peer": built.people[1], "another tutor": other.tutors[0]}
    browser = await house.as_(whose[who])
    for path in (f"/growth/{built.members[0]}", f"/growth/{built.members[0]}/growth.csv"):
        assert (await browser.get(path)).status_code == 404
    assert (await (await house.as_(built.tutors[0])).get(f"/growth/{built.tutor_members[0]}")).status_code == 404


async def test_somebody_in_two_groups_chooses_by_a_link_and_never_a_group_of_others(house: House) -> None:
    built, _ = await a_term(house)
    other = await a_cohort(house.store, name="Saturdays", weeks=1)
    membership = metadata.tables["membership"]
    also = membership.update().where(membership.c.id == other.members[0]).values(person_id=built.people[0])
    await house.store.write(lambda db: db.execute(also))
    browser = await amara(house, built)
    page = (await browser.get("/growth")).text
    assert f'href="/growth?cohort={other.cohort}">Saturdays</a>' in page
    there = text_of((await browser.get(f"/growth?cohort={other.cohort}")).text)
    assert "You’re in Saturdays." in there
    assert "You’ve counselled in 1 of 1 round planned this term." in there
    stranger = await a_cohort(house.store, name="Strangers")
    for cohort in (stranger.cohort, "made-up"):
        assert (await browser.get(f"/growth?cohort={cohort}")).status_code == 404


async def test_the_group_has_to_be_joined_before_anything_is_shown(house: House) -> None:
    built = await a_cohort(house.store, accepted=False)
    answer = await (await amara(house, built)).get("/growth")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cohorts/{built.cohort}/contract?next=/growth")


async def test_the_page_asks_no_more_often_for_a_long_term(house: House) -> None:
    built, _ = await a_term(house)
    for browser, path in (
        (await amara(house, built), "/growth"),
        (await house.as_(built.tutors[0]), f"/growth/{built.members[0]}"),
    ):
        with counted() as statements:
            await browser.get(path)
        assert len(statements) <= 8, statements


class TestPlans:
    """How SQLite goes about the questions: by indexes, never through a whole table."""

    @pytest.fixture
    def kind(self) -> str:
        return "sqlite"

    async def test_no_table_is_read_from_end_to_end(self, house: House) -> None:
        built, _ = await a_term(house)
        browser = await amara(house, built)
        with counted() as statements:
            await browser.get("/growth")
        asked = [one for one in statements if "FROM" in one]

        def plans(db: Session) -> list[str]:
            return [
                f"{row[3]} in {statement[:60]}"
                for statement in asked
                for row in db.connection().exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {statement}", tuple(None for _ in range(statement.count("?")))
                )
            ]

        found = await house.store.read(plans)
        assert found
        assert [step for step in found if step.startswith("SCAN") and "CONSTANT ROW" not in step] == []


async def test_rounds_of_others_in_the_same_triad_are_not_ones_own(house: House) -> None:
    built, term = await a_term(house)
    me = Me(built.people[0], "Amara Okafor", "", None, built.people[0], house.now, False, False, True)

    def work(db: Session) -> list[tuple[object, int]]:
        rounds = counselled.counsels(db, me)
        return [(held.triad_id, held.number) for held in counselled.held_of(db, rounds, house.now)]

    assert await house.store.read(work) == [(triad, number) for _, triad, number, _, _ in term.rounds[:WEEKS]]
