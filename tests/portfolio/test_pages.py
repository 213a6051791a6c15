"""Take it with you: chosen dates and kinds to look over, to print, as CSV and as JSON, all of the same rows."""

import csv
import io
import json
import re
from html import unescape

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import NAMES, Class, a_cohort, an_id
from tests.growth.terms import CODES, Term, Told, after, felt, levels, tell, term_of
from tests.house import Browser, House
from tests.web.queries import counted
from threefold.core.pasted import csv_cell
from threefold.store.tables import Addendum, Answer, Clearance, Deed, Focus, Naming, Note

PRIVATE = ("I was nervous", "a live note", "not right at all", "Concern")
FORMS = ("/portfolio", "/portfolio/print", "/portfolio.csv", "/portfolio.json")


async def a_term(house: House) -> tuple[Class, Term]:
    """Three weeks of Amara's rounds, the last of them not opened, with everything private beside them."""
    built = await a_cohort(house.store, trainees=9, weeks=4)
    term = await term_of(house, built)
    now = after(house, 3)
    told = [
        Told(
            observer=levels(CODES, 3, 2, None),
            own=levels(CODES, 2, 2, None),
            client=felt(4),
            tutor=(built.tutor_members[0], levels(CODES, 3, 3, None)) if week == 0 else None,
            opened=week < 2,
            words={"helped": f"=Waiting, in week {week + 1}", "to_try": "Name the time."},
        )
        for week in range(3)
    ]
    ids = await tell(house, term, told, now)
    _, triad, number, _, observer = term.rounds[0]

    def beside(db: Session) -> None:
        db.add(Addendum(id=an_id(), piece_id=ids[2], words="And softer.", at=now))
        db.add(Answer(piece_id=ids[2], kind="unease", words="not right at all", at=now))
        db.add(Clearance(triad_id=triad, round=number, at=now, by=built.tutor_members[0]))
        db.add(Focus(triad_id=triad, round=number, membership_id=term.member, words="Keep the silence.", at=now))
        db.add(
            Note(
                id=an_id(), triad_id=triad, round=number, author_id=observer, seconds=9, words="a live note",
                noted_at=now, received_at=now,
            )
        )  # fmt: skip

    await house.store.write(beside)
    return built, term


async def amara(house: House, built: Class) -> Browser:
    return await house.as_(built.people[0])


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def rows_of(browser: Browser, query: str = "") -> list[dict[str, object]]:
    document = json.loads((await browser.get(f"/portfolio.json{query}")).content)
    assert (document["schema"], document["version"]) == ("threefold-portfolio", 1)
    return list(document["rows"])


async def test_the_page_the_csv_and_the_json_hold_the_same_rows(house: House) -> None:
    built, _ = await a_term(house)
    browser = await amara(house, built)
    for query in ("", "?since=2026-10-08&until=2026-10-08&kind=observers", "?since=2026-10-01&kind=levels&kind=own"):
        rows = await rows_of(browser, query)
        assert rows
        answer = await browser.get(f"/portfolio.csv{query}")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        sent = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert sent[1:] == [[csv_cell(str(cell)) for cell in row.values()] for row in rows]
        page = (await browser.get(f"/portfolio/print{query}")).text
        shown = [
            (item, unescape(what).partition(" (")[0].strip(), unescape(words))
            for item, article in re.findall(r'<article[^>]* id="(EV-\d+)"(.*?)</article>', page, re.DOTALL)
            for what, words in re.findall(r'<dt>(.*?)</dt><dd class="pre">(.*?)</dd>', strip_spans(article), re.DOTALL)
        ]
        assert shown == [(row["item"], row["what"], row["words"]) for row in rows]


def strip_spans(html: str) -> str:
    return re.sub(r"</?span[^>]*>", "", html)


async def test_nothing_private_or_unopened_is_in_any_form_of_it(house: House) -> None:
    built, _ = await a_term(house)
    browser = await amara(house, built)
    for form in FORMS:
        content = (await browser.get(form)).text
        assert [words for words in (*PRIVATE, "in week 3", "nervous", "unease", "clear") if words in content] == [], (
            form
        )
    words = [row["words"] for row in await rows_of(browser)]
    assert "And softer." in words
    assert "Keep the silence." in words
    assert words.count("=Waiting, in week 1") == 3, "Amara’s, the observer’s and the tutor’s"


async def test_others_are_initials_until_they_agree_and_again_once_they_take_it_back(house: House) -> None:
    built, term = await a_term(house)
    browser = await amara(house, built)
    observer = built.members.index(term.rounds[0][4])
    name = NAMES[observer]
    letters = " ".join(f"{word[0]}." for word in name.split())

    async def by() -> set[object]:
        everything = "".join([(await browser.get(form)).text for form in FORMS])
        assert [one for one in NAMES[1:9] if one in everything and one != name] == []
        return {
            row["by"] for row in await rows_of(browser) if row["round"] == term.rounds[0][2] and row["session"] == 1
        }

    assert {"Amara Okafor", letters, "M. S."} <= await by()
    assert name not in await by()

    theirs = await house.as_(built.people[observer])
    assert 'href="/portfolio/naming"' in (await theirs.get("/me")).text
    assert "You stand as initials" in (await theirs.get("/portfolio/naming")).text
    for _ in range(2):
        answer = await theirs.send_form("/portfolio/naming")
        assert (answer.status_code, answer.headers["location"]) == (303, "/portfolio/naming")
    assert "Your name may be seen" in (await theirs.get("/portfolio/naming")).text
    assert name in await by()
    assert letters not in await by()

    for _ in range(2):
        assert (await theirs.send_form("/portfolio/naming/withdrawal")).status_code == 303
    assert name not in await by()

    def kept(db: Session) -> tuple[list[str], list[Naming]]:
        return sorted(db.scalars(select(Deed.verb))), list(db.scalars(select(Naming)))

    assert await house.store.read(kept) == (["agreed-to-be-named", "took-back-being-named"], [])


async def test_choosing_shows_what_is_in_it_and_leads_to_all_three_forms(house: House) -> None:
    built, _ = await a_term(house)
    browser = await amara(house, built)
    page = (await browser.get("/portfolio")).text
    assert "7 items of evidence" in page
    assert 'name="since" type="date" value="2026-10-01"' in page
    query = "since=2026-10-08&until=2026-10-17&kind=observers&kind=levels"
    page = (await browser.get(f"/portfolio?{query}")).text
    assert "3 items of evidence" not in page
    links = [unescape(link) for link in re.findall(r'href="(/portfolio[./][a-z]+\?[^"]+)"', page)]
    assert links == [f"{form}?{query}" for form in FORMS[1:]]
    for link in links:
        assert (await browser.get(link)).status_code == 200
    assert (
        "Nothing of these kinds lies between these dates."
        in (await browser.get("/portfolio?since=2026-09-01&until=2026-09-02&kind=own")).text
    )


async def test_a_choice_that_cannot_be_says_everything_at_once_and_keeps_what_was_chosen(house: House) -> None:
    built, _ = await a_term(house)
    browser = await amara(house, built)
    for form in FORMS:
        answer = await browser.get(f"{form}?since=soon&until=2026-10-02")
        assert answer.status_code == 422
        said = text_of(answer.text)
        assert "There’s a problem" in said
        assert said.count("Enter a date like 2026-10-01, or leave this empty.") == 2
        assert said.count("Choose at least one kind to take with you.") == 2
        assert 'value="soon"' in answer.text
        assert 'value="2026-10-02"' in answer.text


async def test_contents_and_cross_reference_lead_to_their_items(house: House) -> None:
    built, _ = await a_term(house)
    page = (await (await amara(house, built)).get("/portfolio/print")).text
    items = re.findall(r'<article[^>]* id="(EV-\d+)"', page)
    assert items == [f"EV-{number}" for number in range(1, 8)]
    contents = page[page.index('id="h-contents"') : page.index('id="h-refs"')]
    assert re.findall(r'href="#(EV-\d+)"', contents) == items
    references = page[page.index('id="h-refs"') : page.index('id="h-items"')]
    assert [text_of(one) for one in re.findall(r'<th scope="row">(.*?)</th>', references)] == [
        "HC2 Empathic understanding",
        "HC8 Boundaries and frame",
        "CPCAB 1",
        "CPCAB 2",
        "CPCAB 7",
        "SCoPEd professional",
        "SCoPEd relationship",
        "SCoPEd self-awareness and reflection",
    ]
    assert set(re.findall(r'href="#(EV-\d+)"', references)) <= set(items)


async def test_before_anything_was_read_there_is_nothing_to_take(house: House) -> None:
    built = await a_cohort(house.store)
    browser = await amara(house, built)
    assert "Nothing to take with you yet" in (await browser.get("/portfolio")).text
    assert await rows_of(browser) == []
    assert (await browser.get("/portfolio.csv")).text.count("\n") == 1


async def test_what_was_not_asked_of_somebody_is_not_asked_often(house: House) -> None:
    built, _ = await a_term(house)
    browser = await amara(house, built)
    for form in FORMS:
        with counted() as statements:
            await browser.get(form)
        assert len(statements) <= 8, statements
