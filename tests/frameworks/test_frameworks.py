"""A centre's own frameworks: shown before they are kept, never changed, and taken out as they came in."""

import html
import json
import re
from typing import Any

import httpx
from sqlalchemy import Engine, event, select, update

from tests.builders import a_cohort, a_person
from tests.core.test_framework_document import small
from tests.house import Browser, House
from threefold.core.competency import Framework
from threefold.core.framework_document import read_framework, text_of
from threefold.store.frameworks import shipped
from threefold.store.tables import Cohort, Deed, FrameworkDocument, FrameworkDraft

OURS = "/frameworks/human-connection-1/1.0"


def elm_house(**changes: object) -> str:
    return json.dumps(small() | changes)


def canonical(document: str) -> str:
    read = read_framework(json.loads(document))
    assert isinstance(read, Framework)
    return text_of(read)


async def a_tutor(house: House) -> Browser:
    return await house.as_(await a_person(house.store, "Marion Shaw", staff=True))


async def kept(house: House) -> list[tuple[str, str]]:
    return await house.store.read(
        lambda db: [(row.id, row.version) for row in db.scalars(select(FrameworkDocument).order_by("id", "version"))]
    )


def carried(page: httpx.Response) -> str:
    """The document that the page before keeping carries along."""
    found = re.search(r'name="document" value="([^"]*)"', page.text)
    assert found is not None
    return html.unescape(found[1])


async def test_a_framework_is_seen_as_people_will_see_it_before_anything_is_kept(house: House) -> None:
    tutor = await a_tutor(house)
    page = await tutor.send_form("/frameworks/reading", {"document": elm_house()})
    assert page.status_code == 200
    for words in ("Elm House, version 2026.1", "What we mean by warmth.", "Settled", "Nothing is kept yet", "Three."):
        assert words in page.text
    assert '<dt><a href="#L">Listening</a></dt><dd>One word is little for “Not yet”.' in page.text
    assert await kept(house) == []
    for _ in range(2):  # a double click
        done = await tutor.send_form("/frameworks", {"document": carried(page)})
        assert (done.status_code, done.headers["location"]) == (303, "/frameworks/elm-house/2026.1")
    assert await kept(house) == [("elm-house", "2026.1")]
    deeds = await house.store.read(lambda db: [row.verb for row in db.scalars(select(Deed))])
    assert deeds == ["added a framework"]
    assert "Elm House, version 2026.1" in (await tutor.get("/frameworks/elm-house/2026.1")).text
    again = await tutor.send_form("/frameworks/reading", {"document": elm_house()})
    assert "This very version is here already, word for word" in again.text
    assert 'form="keep"' not in again.text


async def test_a_version_in_other_words_is_refused_kindly_with_the_words_kept(house: House) -> None:
    tutor = await a_tutor(house)
    await tutor.send_form("/frameworks", {"document": elm_house()})
    other = elm_house(name="Oak House")
    for path in ("/frameworks/reading", "/frameworks"):
        page = await tutor.send_form(path, {"document": other})
        assert page.status_code == 422
        sentence = "Version 2026.1 of “elm-house” is here already, in other words. Give it a new version."
        assert f'<a href="#document">{sentence}</a>' in page.text
        assert other in html.unescape(page.text)
    ours = await tutor.send_form("/frameworks", {"document": elm_house(id="human-connection-1")})
    assert "is the id of a framework of ours" in ours.text
    assert await kept(house) == [("elm-house", "2026.1")]
    assert "Oak House" not in (await tutor.get("/frameworks")).text


async def test_everything_to_put_right_is_said_at_once_with_its_place(house: House) -> None:
    tutor = await a_tutor(house)
    document = small() | {"schema": 2}
    del document["competencies"][1]["anchors"]["3"]
    document["competencies"][2]["code"] = "L"
    for path in ("/frameworks/reading", "/frameworks"):
        page = await tutor.send_form(path, {"document": json.dumps(document)})
        assert page.status_code == 422
        assert re.findall(r'<a href="#document">([^<]*)</a>', page.text) == [
            "This file was made for another version: its schema is 2, and we read 1.",
            "W: there is no anchor for level 3. (competencies.1.anchors.3)",
            "The code of competency 3: “L” is taken already; give each its own code. (competencies.2.code)",
        ]
    for unreadable in ("{", "[" * 100_000, "", "[1]"):
        assert (await tutor.send_form("/frameworks/reading", {"document": unreadable})).status_code == 422
    assert await kept(house) == []


async def test_a_framework_comes_in_as_a_file_and_a_huge_one_is_too_large(house: House) -> None:
    tutor = await a_tutor(house)
    fields = {"_token": tutor.form_token, "document": ""}

    async def sent(content: bytes) -> httpx.Response:
        return await tutor.post("/frameworks/reading", data=fields, files={"file": ("own.json", content)})

    page = await sent(b"\xef\xbb\xbf" + elm_house().encode())
    assert (page.status_code, "Elm House, version 2026.1" in page.text) == (200, True)
    rows = [{"code": f"C{n}"} for n in range(10_000)]
    page = await sent(elm_house(competencies=rows).encode())
    assert page.status_code == 422
    assert "There are 201 more to put right further on. Begin with these." in page.text
    assert (await sent(b"[" + b"1," * 25_000_000)).status_code == 413


async def test_what_is_taken_out_comes_in_again_as_it_was(house: House) -> None:
    tutor = await a_tutor(house)
    await tutor.send_form("/frameworks", {"document": elm_house()})
    out = await tutor.get("/frameworks/elm-house/2026.1.json")
    assert out.headers["content-type"] == "application/json"
    assert out.headers["content-disposition"] == 'attachment; filename="elm-house-2026.1.json"'
    assert out.text == canonical(elm_house())
    renamed = json.loads(out.text) | {"version": "2026.2"}
    assert (await tutor.send_form("/frameworks", {"document": json.dumps(renamed)})).status_code == 303
    assert json.loads((await tutor.get("/frameworks/elm-house/2026.2.json")).text) == renamed
    assert (await tutor.get(f"{OURS}.json")).text == text_of(shipped("human-connection-1"))
    assert json.loads((await tutor.get("/frameworks/schema.json")).text)["title"] == "Threefold framework"
    assert (await tutor.get("/frameworks/elm-house/2026.3.json")).status_code == 404


async def test_the_list_groups_versions_and_names_only_cohorts_the_asker_teaches(house: House) -> None:
    mine = await a_cohort(house.store, name="Level 3, Thursdays")
    other = await a_cohort(house.store, name="Level 2, Mondays")
    tutor = await house.as_(mine.tutors[0])
    await tutor.send_form("/frameworks", {"document": elm_house()})
    house.later(minutes=1)
    await tutor.send_form("/frameworks", {"document": elm_house(version="2026.2")})
    change = update(Cohort).where(Cohort.id == other.cohort)
    to = change.values(framework_id="elm-house", framework_version="2026.1")
    await house.store.write(lambda db: db.execute(to))

    page = (await tutor.get("/frameworks")).text
    found = re.findall(r'<a href="/frameworks/([^"]*)">Version.*?<span class="hint">(.*?)</span></li>', page, re.DOTALL)
    named = f'used by <a href="/cohorts/{mine.cohort}">Level 3, Thursdays</a>'
    assert found == [
        ("human-connection-1/1.0", named),
        ("elm-house/2026.2", "not used yet"),
        ("elm-house/2026.1", "used by 1 cohort"),
    ]
    assert page.count("<h2") == 3
    assert "Level 2, Mondays" not in page
    assert "Used by 1 cohort." in (await tutor.get("/frameworks/elm-house/2026.1")).text
    elsewhere = await house.as_(await a_person(house.store, staff=True))
    assert "Used by 1 cohort." in (await elsewhere.get(OURS)).text


async def test_our_own_framework_is_shown_whole(house: House) -> None:
    tutor = await a_tutor(house)
    page = html.unescape((await tutor.get(OURS)).text)
    framework = shipped("human-connection-1")
    for each in framework.competencies:
        missing = [words for words in (each.name, each.about, *each.anchors.values()) if words not in page]
        assert missing == []
        assert [cue.sentence for cue in each.cues if cue.sentence not in page] == []
        assert "; ".join(each.maps) in page
    places = [page.index(f">{domain.name}</h2>") for domain in framework.domains]
    assert places == sorted(places)
    assert "Worth a look" not in page


async def test_frameworks_are_for_staff_and_tutors(house: House) -> None:
    built = await a_cohort(house.store)
    trainee = await house.as_(built.people[0])
    looked = ("/frameworks", OURS, f"{OURS}.json", f"{OURS}/next", f"{OURS}/next/look", "/frameworks/schema.json")
    for path in looked:
        assert (await trainee.get(path)).status_code == 404
    sent = ("/frameworks", "/frameworks/reading", f"{OURS}/next", f"{OURS}/next/draft", f"{OURS}/next/fresh")
    for path in sent:
        for fields in ({"document": elm_house()}, {"do": "look"}, {"document": "{"}):
            assert (await trainee.send_form(path, fields)).status_code == 404
    tutor = await house.as_(built.tutors[0])
    assert (await tutor.get("/frameworks/human-connection-1/9")).status_code == 404
    for path in sent[2:]:
        assert (await tutor.send_form(path.replace("1.0", "9"), {"count": "1"})).status_code == 404
    assert await kept(house) == []
    assert await house.store.read(lambda db: db.scalars(select(FrameworkDraft)).all()) == []


async def test_words_survive_being_signed_out(house: House) -> None:
    visitor = await house.visitor()
    asked = await visitor.send_form("/frameworks", {"document": elm_house()})
    assert asked.headers["location"].startswith("/sign-in?next=/kept/")
    person = await a_person(house.store, staff=True)
    browser = await house.as_(person)
    browser.cookies.set("threefold-kept", visitor.cookies["threefold-kept"])
    page = await browser.get(asked.headers["location"].removeprefix("/sign-in?next="))
    assert 'action="/frameworks"' in page.text
    assert (await browser.send_form("/frameworks", {"document": carried(page)})).status_code == 303
    assert await kept(house) == [("elm-house", "2026.1")]


async def test_a_page_asks_the_database_eight_times_at_most(house: House) -> None:
    built = await a_cohort(house.store)
    tutor = await house.as_(built.tutors[0])
    for number in range(12):
        await tutor.send_form("/frameworks", {"document": elm_house(version=f"1.{number}")})
    asked: list[str] = []

    def note(*said: Any) -> None:
        asked.append(said[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        found = []
        for path in ("/frameworks", "/frameworks/elm-house/1.3", "/frameworks/elm-house/1.3/next", "/calibration"):
            asked.clear()
            assert (await tutor.get(path)).status_code == 200
            found.append(len(asked))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert [count for count in found if count > 8] == []
