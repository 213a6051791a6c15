"""A framework changed as a new version: an editing sheet that works with scripts off and loses no word."""

import html
import json
import re
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_framework_document import frameworks, small
from tests.frameworks.test_frameworks import OURS, a_tutor, carried, elm_house, kept
from tests.house import Browser, House
from threefold.core.competency import Framework
from threefold.core.framework_document import read_framework
from threefold.core.refusal import Problem, Refusal
from threefold.frameworks.sheet import (
    Kept,
    beside,
    document_from,
    fields_of,
    moved,
    read_sheet,
    sheet_of,
    with_one_more,
)
from threefold.store.frameworks import shipped
from threefold.web.forms import Form

SHEET = "/frameworks/elm-house/2026.1/next"


def fields_in(page: str) -> dict[str, str]:
    """What a browser would send from the sheet as it is shown."""
    sheet = page[page.index('id="sheet"') : page.index("</form>", page.index('id="sheet"'))]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", sheet):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if said["type"] != "checkbox" or " checked" in tag:
            found[said["name"]] = html.unescape(said["value"])
    for name, words in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', sheet, re.DOTALL):
        found[name] = html.unescape(words)
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', sheet, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    found.pop("_token")
    return found


async def with_elm_house(house: House, **changes: object) -> Browser:
    tutor = await a_tutor(house)
    assert (await tutor.send_form("/frameworks", {"document": elm_house(**changes)})).status_code == 303
    return tutor


def summaries(page: httpx.Response) -> list[str]:
    return re.findall(r"<details [^>]*><summary>([^<]*)</summary>", page.text)


async def pressed(tutor: Browser, path: str, fields: dict[str, str], do: str) -> httpx.Response:
    """The page after a button of the sheet was pressed."""
    answer = await tutor.send_form(path, {**fields, "do": do})
    return await tutor.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def test_a_changed_wording_is_a_new_version_and_the_old_one_stays(house: House) -> None:
    tutor = await with_elm_house(house)
    fields = fields_in((await tutor.get(SHEET)).text)
    assert fields["number"] == "2026.2"
    fields |= {
        "competencies.0.anchors.3": "Let the client finish,\r\n and waited.",
        "competencies.0.cues.0.sentence": "Looked at a phone.",
        "competencies.1.maps": "CPCAB: 2\r\nCPCAB: 5\r\n",
        "domains": "room: In the room",
    }
    page = await pressed(tutor, SHEET, fields, "look")
    assert (page.status_code, "Elm House, version 2026.2" in page.text) == (200, True)
    assert await kept(house) == [("elm-house", "2026.1")]
    expected: dict[str, Any] = small() | {
        "schema": 1,
        "version": "2026.2",
        "language": "en-GB",
        "domains": [{"code": "room", "name": "In the room"}],
    }
    for place, one in enumerate(expected["competencies"]):
        one |= {"cues": [], "maps": {}}
        if place == 0:
            one["anchors"]["3"] = "Let the client finish, and waited."
            one["cues"] = [{"code": "looked-at-a", "sentence": "Looked at a phone."}]
        if place == 1:
            one["maps"] = {"CPCAB": ["2", "5"]}
    assert json.loads(carried(page)) == expected
    confirmed = {"document": carried(page), "base": "elm-house/2026.1"}
    for _ in range(2):  # a double click
        assert (await tutor.send_form("/frameworks", confirmed)).status_code == 303
    assert await kept(house) == [("elm-house", "2026.1"), ("elm-house", "2026.2")]
    assert "In the room" not in (await tutor.get("/frameworks/elm-house/2026.1")).text
    assert "In the room" in (await tutor.get("/frameworks/elm-house/2026.2")).text
    again = fields_in((await tutor.get(SHEET)).text)
    assert (again["number"], again["version"], again["domains"]) == ("2026.3", "0", "")


async def test_what_is_typed_is_there_the_next_day_and_is_nobody_elses(house: House) -> None:
    tutor = await with_elm_house(house)
    other = await a_tutor(house)
    fields = fields_in((await tutor.get(SHEET)).text) | {"name": "Elm House, evenings", "competencies.1.out": "yes"}
    saved = await tutor.send_form(f"{SHEET}/draft", fields, headers={"accept": "application/json"})
    assert (saved.status_code, saved.json()) == (200, {"saved_at": "13:00", "version": 1})
    house.later(days=1)
    assert fields_in((await tutor.get(SHEET)).text) == fields | {"version": "1"}
    assert "Go on with your changes" in (await tutor.get("/frameworks")).text
    assert "Go on with your changes" not in (await other.get("/frameworks")).text
    assert fields_in((await other.get(SHEET)).text)["name"] == "Elm House"
    gone = await tutor.send_form(f"{SHEET}/fresh")
    assert (gone.status_code, gone.headers["location"]) == (303, SHEET)
    assert fields_in((await tutor.get(SHEET)).text)["name"] == "Elm House"


async def test_two_windows_notice_each_other_and_neither_loses_a_word(house: House) -> None:
    tutor = await with_elm_house(house)
    opened = fields_in((await tutor.get(SHEET)).text)
    for _ in range(2):  # a double click
        assert (await pressed(tutor, SHEET, opened | {"name": "One"}, "up:1")).status_code == 200
    late = await pressed(tutor, SHEET, opened | {"name": "Two"}, "down:0")
    assert late.status_code == 409
    assert "changed in another window" in late.text
    shown = fields_in(late.text)
    assert (shown["name"], shown["version"]) == ("Two", "1")
    assert fields_in((await tutor.get(SHEET)).text)["name"] == "One"
    asked = await tutor.send_form(f"{SHEET}/draft", opened | {"name": "Three"})
    assert (asked.status_code, asked.json()["version"], asked.json()["theirs"]["name"]) == (409, 1, "One")
    assert (await pressed(tutor, SHEET, shown, "again")).status_code == 200
    assert fields_in((await tutor.get(SHEET)).text) == shown | {"version": "2"}


async def test_competencies_are_moved_added_and_left_out_without_scripts(house: House) -> None:
    tutor = await with_elm_house(house)
    page = await tutor.get(SHEET)
    assert summaries(page) == ["Listening", "Warmth", "Closing"]
    fields = fields_in(page.text) | {"competencies.2.about": "Changed just now"}
    answer = await tutor.send_form(SHEET, {**fields, "do": "up:2"})
    assert answer.headers["location"] == f"{SHEET}?at=1#c-1"
    page = await tutor.get(f"{SHEET}?at=1")
    assert summaries(page) == ["Listening", "Closing", "Warmth"]
    assert re.findall(r'<details [^>]*id="(c-\d)" open', page.text) == ["c-1"]
    assert fields_in(page.text)["competencies.1.about"] == "Changed just now"
    page = await pressed(tutor, SHEET, fields_in(page.text), "down:0")
    assert summaries(page) == ["Closing", "Listening", "Warmth"]
    for edge in ("up:0", "down:2", "up:99", "down:x", "nonsense"):
        page = await pressed(tutor, SHEET, fields_in(page.text), edge)
        assert (page.status_code, summaries(page)) == (200, ["Closing", "Listening", "Warmth"])
    page = await pressed(tutor, SHEET, fields_in(page.text), "add")
    assert summaries(page) == ["Closing", "Listening", "Warmth", "A new competency"]
    fields = fields_in(page.text) | {"competencies.0.out": "yes"}
    page = await pressed(tutor, SHEET, fields, "look")
    assert page.status_code == 422
    fourth = [field for field in re.findall(r'<a href="#([^"]+)">', page.text) if field.startswith("competencies.")]
    assert fourth == [f"competencies.3.{name}" for name in ("code", "name", "short", "about")] + [
        f"competencies.3.anchors.{level}" for level in (1, 2, 3, 4)
    ]
    assert all(f'id="{field}"' in page.text for field in fourth)
    assert summaries(page)[0] == "Closing (left out)"
    shown = fields_in(page.text)
    assert shown == fields | {"version": shown["version"]}  # left out, and not a word of it lost
    words = {"code": "S", "name": "Silence", "short": "Silence", "about": "Letting it be quiet."}
    fields = shown | {f"competencies.3.{name}": said for name, said in words.items()}
    fields |= {f"competencies.3.anchors.{level}": f"Seen at level {level}." for level in (1, 2, 3, 4)}
    page = await pressed(tutor, SHEET, fields, "look")
    assert [one["code"] for one in json.loads(carried(page))["competencies"]] == ["L", "W", "S"]
    assert f'href="{SHEET}"' in page.text


async def test_the_number_of_an_older_version_is_refused_beside_its_field(house: House) -> None:
    tutor = await with_elm_house(house)
    fields = fields_in((await tutor.get(SHEET)).text) | {"number": "2026.1", "name": "Oak House"}
    page = await pressed(tutor, SHEET, fields, "look")
    assert page.status_code == 422
    assert re.findall(r'<a href="#number">([^<]*)</a>', page.text) == [
        "Version 2026.1 of “elm-house” is here already, in other words. Give it a new version."
    ]
    assert fields_in(page.text) == fields | {"version": "1"}
    answer = await tutor.get(f"{SHEET}/look")
    assert (answer.status_code, answer.headers["location"]) == (303, SHEET)


async def test_ones_own_starts_from_ours_with_an_id_and_a_licence_of_its_own(house: House) -> None:
    tutor = await a_tutor(house)
    fields = fields_in((await tutor.get(f"{OURS}/next")).text)
    assert (fields["id"], fields["number"], fields["licence"]) == ("", "1", "")
    page = await pressed(tutor, f"{OURS}/next", fields, "look")
    wanted = [field for field in re.findall(r'<a href="#([^"]+)">', page.text) if field != "main"]
    assert wanted == ["id", "licence"]
    fields = fields_in(page.text)
    fields |= {"id": "elm-house", "name": "Elm House", "licence": "From Human Connection (MIT), changed by us"}
    page = await pressed(tutor, f"{OURS}/next", fields, "look")
    assert (await tutor.send_form("/frameworks", {"document": carried(page)})).status_code == 303
    out = json.loads((await tutor.get("/frameworks/elm-house/1.json")).text)
    ours = json.loads((await tutor.get(f"{OURS}.json")).text)
    changed = {"id", "name", "licence", "version"}
    assert {key: out[key] for key in out if key not in changed} == {k: ours[k] for k in ours if k not in changed}


# --- the sheet itself -------------------------------------------------------------------------------------


def sent(framework: Framework) -> Form:
    """The form a browser would send for an unchanged sheet."""
    return Form(fields_of(sheet_of(framework)))


def colonless(framework: Framework) -> bool:
    return not any(":" in domain.code for domain in framework.domains)


@given(frameworks().filter(colonless), st.integers(-1, 1), st.integers(0, 6))
def test_a_sheet_says_the_framework_it_was_made_from_and_moving_loses_nothing(
    framework: Framework, by: int, place: int
) -> None:
    sheet = read_sheet(sent(framework))
    assert read_framework(document_from(sheet)) == framework
    after = moved(sheet, place, by)
    assert sorted(card.words["code"] for card in after.cards) == sorted(each.code for each in framework.competencies)
    assert moved(after, place + by, -by) == sheet


NAMES = [name for name, _ in fields_of(sheet_of(shipped("human-connection-1")))]


@given(st.dictionaries(st.sampled_from([*NAMES, "competencies.0.out", "competencies.3.out"]), st.text(), max_size=30))
def test_whatever_a_sheet_holds_it_can_be_kept_and_its_problems_find_their_fields(typed: dict[str, str]) -> None:
    form = Form((*fields_of(sheet_of(shipped("human-connection-1"))), *typed.items()))
    sheet = read_sheet(form)
    assert read_sheet(Kept(dict(fields_of(sheet)))) == sheet
    found = read_framework(document_from(sheet))
    if isinstance(found, Refusal):
        fields = {problem.field for problem in beside(sheet, found.problems)}
        out = {f"competencies.{place}" for place, card in enumerate(sheet.cards) if card.left_out}
        assert fields <= {*NAMES, *(name for name, _ in fields_of(sheet)), "competencies", ""}
        assert not any(field.startswith(f"{place}.") for field in fields for place in out)


def test_new_cues_get_codes_of_their_own() -> None:
    form = sent(shipped("human-connection-1"))
    new = [(f"competencies.0.cues.{n}.sentence", words) for n, words in ((3, "Startled."), (4, "¿?"), (5, "¿…?"))]
    sheet = read_sheet(Form((*form.fields, *new)))
    cues = document_from(sheet)["competencies"][0]["cues"]
    assert [cue["code"] for cue in cues] == ["startled", "joked", "promise", "startled-2", "cue", "cue-2"]


def test_problems_stand_beside_the_fields_of_what_was_not_left_out() -> None:
    form = sent(shipped("human-connection-1"))
    sheet = read_sheet(Form((*form.fields, ("competencies.0.out", "yes"))))
    found = beside(
        sheet,
        [
            Problem("competencies.0.maps.CPCAB.1", "a"),
            Problem("competencies.1.cues.2.code", "b"),
            Problem("domains.2.name", "c"),
            Problem("competencies", "d"),
            Problem("", "e"),
        ],
    )
    assert [problem.field for problem in found] == [
        "competencies.1.maps",
        "competencies.2.cues.2.sentence",
        "domains",
        "competencies",
        "",
    ]


def test_a_sheet_holds_sixty_competencies_and_reads_no_more() -> None:
    sheet = sheet_of(shipped("human-connection-1"))
    for _ in range(60):
        sheet = with_one_more(sheet)
    assert len(sheet.cards) == 60
    assert [len(read_sheet(Form((("count", typed),))).cards) for typed in ("99999", "60", "61", "-1", "x", "²")] == [
        0,
        60,
        60,
        0,
        0,
        0,
    ]
