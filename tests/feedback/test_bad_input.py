"""What bad input gets: nothing that was forged exists, nothing that is wrong is lost, and it is said all at once."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import a_cohort, an_id
from tests.feedback.rounds import FELT, NOTICED, REFLECTED, Round, a_round, version_in
from tests.house import House
from threefold.store.tables import Addendum, Answer, Focus, Opening, Piece, PieceBefore, Rating

HUGE = 10**30
ODD = "a\x00b\x07 \U0001f642 \u202e“"


async def pieces(house: House) -> list[tuple[str, dict[str, str], list[tuple[str, int | None]]]]:
    def work(db: Session) -> list[tuple[str, dict[str, str], list[tuple[str, int | None]]]]:
        return [
            (
                piece.kind,
                dict(piece.words),
                sorted(
                    (code, level)
                    for code, level in db.execute(select(Rating.code, Rating.level).where(Rating.piece_id == piece.id))
                ),
            )
            for piece in db.scalars(select(Piece).order_by(Piece.sent_at, Piece.id))
        ]

    return await house.store.read(work)


async def sends_whole(held: Round, **changes: str | list[str]) -> Any:
    """Ben's form in one go, as no page of ours sends it."""
    fields = {**NOTICED, **changes}
    version = version_in((await held.observer.get(f"{held.path}/steps/1")).text)
    return await held.observer.send_form(f"{held.path}/piece", {**fields, "version": version})


@pytest.mark.parametrize("level", ["0", "5", "-1", "1.5", "٣", "²", "3 ", "three", ""])
async def test_a_rating_outside_the_scale_is_no_rating(house: House, level: str) -> None:
    held = await a_round(house)
    for answer in (
        await sends_whole(held, **{"HC8.level": level}),
        await held.counsellor.send_form(f"{held.path}/piece", {**REFLECTED, "HC8.level": level, "version": "0"}),
    ):
        assert answer.status_code == 422
        assert "Boundaries: choose what is closest, or “Not seen this time”." in answer.text
        assert "<title>Error: " in answer.text
    felt = await held.client.send_form(f"{held.path}/piece", {**FELT, "pace": level, "version": "0"})
    assert felt.status_code == 422
    assert "The pace suited me: choose an answer, or “Rather not say”." in felt.text
    assert FELT["did"] in felt.text
    assert await pieces(house) == []


@pytest.mark.parametrize("level", ["1", "4"])
async def test_an_extreme_without_a_moment_is_refused_by_the_server_and_every_word_is_there_again(
    house: House, level: str
) -> None:
    held = await a_round(house)
    answer = await sends_whole(held, **{"HC2.level": level, "HC2.moment": " ", "helped": "", "to_try": "Kept words."})
    assert answer.status_code == 422
    for said in ("Empathy: add one moment you saw or heard", "Write one thing that helped", "Kept words."):
        assert said in answer.text
    assert await pieces(house) == []
    step = (await held.observer.get(f"{held.path}/steps/4")).text
    assert "Kept words.</textarea>" in step


async def test_what_was_never_asked_is_left_aside_and_the_last_of_two_answers_holds(house: House) -> None:
    held = await a_round(house)
    changes: dict[str, str | list[str]] = {"HC2.level": ["2", "3"], "HC8.cue": "none-such"}
    forged = {"HC99.level": "4", "SK8.level": "4", "for_tutor": "Forged"}
    answer = await sends_whole(held, **changes, **forged)
    assert answer.status_code == 303, answer.text
    ((kind, words, ratings),) = await pieces(house)
    assert (kind, ratings) == ("observer", [("HC10", None), ("HC2", 3), ("HC8", 2)])
    assert sorted(words) == ["helped", "to_try"]


@pytest.mark.parametrize("version", ["", "-1", "abc", "9" * 40, "٣", "1e9"])
async def test_a_forged_version_loses_nothing(house: House, version: str) -> None:
    held = await a_round(house)
    await held.felt()
    answer = await held.client.send_form(f"{held.path}/piece", {**FELT, "did": "Other words.", "version": version})
    assert answer.status_code == 409
    assert "Other words." in answer.text
    assert FELT["did"] in answer.text
    ((_, words, _),) = await pieces(house)
    assert words == {"did": FELT["did"]}


async def test_control_characters_go_and_everything_else_stays(house: House) -> None:
    held = await a_round(house)
    answer = await sends_whole(held, helped=ODD, **{"HC2.moment": ODD})
    assert answer.status_code == 303, answer.text
    ((_, words, _),) = await pieces(house)
    assert words["helped"] == "ab \U0001f642 “"
    page = await held.observer.get(f"{held.path}/steps/4")
    draft = {"helped": ODD, "to_try": "x", "version": version_in(page.text)}
    kept = await held.observer.send_form(f"{held.path}/draft", draft, headers={"accept": "application/json"})
    assert kept.status_code == 200
    assert (await held.observer.get(f"{held.path}/steps/4")).status_code == 200


@pytest.mark.parametrize("body", [b"helped=%ED%A0%80&to_try=%FF", b"\xff\xfe\x00", b"=&=&&&", b"%", b"a" * 70_000])
async def test_a_form_that_no_browser_sends_is_answered(house: House, body: bytes) -> None:
    held = await a_round(house)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    token = f"_token={held.observer.form_token}&".encode()
    for path in ("piece", "draft", "steps/1"):
        answer = await held.observer.post(f"{held.path}/{path}", content=token + body, headers=headers)
        assert answer.status_code in {200, 303, 400, 409, 422}, (path, answer.status_code)
    assert await pieces(house) == []


async def test_a_forged_round_role_or_piece_does_not_exist(house: House) -> None:
    held = await a_round(house)
    other = await a_cohort(house.store, name="Another")
    await held.felt()
    piece = await house.store.read(lambda db: db.scalars(select(Piece.id)).one())
    here = held.path.removesuffix("/1")
    for round_ in (f"{here}/0", f"{here}/4", f"{here}/-1", f"{here}/{HUGE}", f"/feedback/{an_id()}/1", f"{here}/one",
                   "/feedback/not-an-id/1", f"/feedback/{other.triads[0][0]}/1"):  # fmt: skip
        for part in ("", "/form", "/check", "/steps/1"):
            assert (await held.observer.get(round_ + part)).status_code == 404, round_ + part
        for part in ("/piece", "/draft", "/skip", "/opening", "/focus", "/clearance", "/steps/1"):
            answer = await held.observer.send_form(round_ + part, {**NOTICED, "version": "0"})
            assert answer.status_code == 404, round_ + part
        live = round_.replace("/feedback/", "/observation/")
        for part in ("", "/notes"):
            assert (await held.observer.get(live + part)).status_code == 404, live + part
        for part in ("/start", "/stamps", "/finish", "/notes", f"/notes/{an_id()}", f"/notes/{an_id()}/removal"):
            assert (await held.observer.send_form(live + part, {"code": "HC2"})).status_code == 404, live + part
    for step in ("0", "5", "-1", str(HUGE)):
        assert (await held.observer.get(f"{held.path}/steps/{step}")).status_code == 404
        answer = await held.observer.send_form(f"{held.path}/steps/{step}", {"helped": "x", "version": "0"})
        assert answer.status_code == 404, step
    # Each role has its own form, and no other's.
    for browser, part in ((held.client, "/steps/1"), (held.client, "/check"), (held.observer, "/form")):
        assert (await browser.get(held.path + part)).status_code == 404, part
    for browser, part in ((held.observer, "/opening"), (held.client, "/skip"), (held.counsellor, "/steps/1")):
        assert (await browser.send_form(held.path + part, {"version": "0"})).status_code == 404, part
    for who in (held.observer, held.stranger, held.tutor):
        answer = await who.send_form(f"/feedback/pieces/{piece}/answer", {"kind": "thanks"})
        assert answer.status_code == 404
        answer = await who.send_form(f"/feedback/pieces/{piece}/addenda", {"words": "x"})
        assert answer.status_code == 404
    assert (await held.client.send_form(f"/feedback/pieces/{an_id()}/addenda", {"words": "x"})).status_code == 404
    (kept,) = await pieces(house)
    assert kept[1] == {"did": FELT["did"]}


async def test_an_answer_of_no_kind_a_long_one_and_a_focus_that_was_never_offered(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    await held.felt()
    await held.reflected()
    await held.opened()
    piece = await house.store.read(lambda db: db.scalar(select(Piece.id).where(Piece.kind == "client")))
    to = f"/feedback/pieces/{piece}/answer"
    long = "long " * 201
    for fields, said in (
        ({"kind": "complaint", "words": "x"}, "Choose what you’d like to do."),
        ({"kind": "question", "words": long}, "1,000 characters"),
        ({"kind": "unease", "words": "  "}, "Write what you’d like to say."),
    ):
        answer = await held.counsellor.send_form(to, fields)
        assert (answer.status_code, said in answer.text) == (422, True), fields
        assert fields["words"].strip() in answer.text, "the words are there again"
    for fields, said in (
        ({"choice": "forged", "words": ""}, "Choose one thing, or write your own."),
        ({"choice": "else", "words": long}, "240 characters"),
        ({"choice": "else", "words": "\x00\x07"}, "Choose one thing, or write your own."),
    ):
        answer = await held.counsellor.send_form(f"{held.path}/focus", fields)
        assert (answer.status_code, said in answer.text) == (422, True), fields
    assert (
        long.strip() in (await held.counsellor.send_form(f"{held.path}/focus", {"choice": "else", "words": long})).text
    )
    assert await house.store.read(lambda db: [*db.scalars(select(Answer)), *db.scalars(select(Focus))]) == []


async def test_an_addition_that_is_empty_too_long_or_too_early(house: House) -> None:
    held = await a_round(house)
    await held.felt()
    piece = await house.store.read(lambda db: db.scalars(select(Piece.id)).one())
    to = f"/feedback/pieces/{piece}/addenda"
    early = await held.client.send_form(to, {"words": "One more thing."})
    assert (early.status_code, "you can still change it" in early.text) == (422, True)
    await held.observed()
    await held.reflected()
    await held.opened()
    for words, said in (("", "Write what you’d like to add."), ("w" * 2001, "It has 2,001 now.")):
        answer = await held.client.send_form(to, {"words": words})
        assert (answer.status_code, said in answer.text) == (422, True)
        assert words in answer.text
    assert await house.store.read(lambda db: db.scalars(select(Addendum)).all()) == []


@pytest.mark.parametrize("way", ["piece", "steps"])
async def test_an_edit_that_comes_after_it_was_opened_is_refused_with_its_words_ready_to_be_added(
    house: House, way: str
) -> None:
    """Ben has the form open; Amara opens what he sent; then he presses the button."""
    held = await a_round(house)
    await held.felt()
    await held.observed()
    await held.reflected()
    before = await pieces(house)
    version = version_in((await held.observer.get(f"{held.path}/steps/4")).text)
    await held.opened()
    late = {"helped": "You waited, and your shoulders dropped.", "to_try": NOTICED["to_try"], "version": version}
    for _ in range(2):
        answer = await held.observer.send_form(f"{held.path}/{way if way == 'piece' else 'steps/4'}", late)
        assert answer.status_code == 422
        assert "Amara has opened this, so it stays as it is." in answer.text
        assert "You waited, and your shoulders dropped.</textarea>" in answer.text
        assert f"{NOTICED['to_try']}</textarea>" not in answer.text, "only what is new"
    assert await pieces(house) == before
    action = answer.text.split('action="/feedback/pieces/')[1].split('"')[0]
    id_ = answer.text.split('name="id" value="')[1][:36]
    for _ in range(2):
        added = await held.observer.send_form(f"/feedback/pieces/{action}", {"words": late["helped"], "id": id_})
        assert (added.status_code, added.headers["location"]) == (303, f"{held.path}#added")
    assert (await held.counsellor.get(held.path)).text.count("your shoulders dropped") == 1


async def test_the_client_and_the_counsellor_hear_the_same_and_keep_their_words(house: House) -> None:
    held = await a_round(house)
    await held.felt()
    await held.observed()
    await held.reflected()
    versions = [version_in((await browser.get(f"{held.path}/form")).text) for browser in (held.client, held.counsellor)]
    await held.opened()
    late = await held.client.send_form(
        f"{held.path}/piece", {**FELT, "pace": "4", "did": "Smiled.", "version": versions[0]}
    )
    assert (late.status_code, "Smiled.</textarea>" in late.text) == (422, True)
    assert "The pace suited me: Very much" in late.text
    own = await held.counsellor.send_form(
        f"{held.path}/piece", {**REFLECTED, "helped": "I hummed.", "version": versions[1]}
    )
    assert (own.status_code, "I hummed.</textarea>" in own.text) == (422, True)
    assert "You’ve opened this round, so your reflection stays as it is." in own.text
    again = await held.client.send_form(f"{held.path}/piece", {**FELT, "version": versions[0]})
    assert (again.status_code, again.headers["location"]) == (303, held.path), "a double send of what is there already"


async def test_two_devices_that_send_at_once_make_one_piece_and_the_other_hears_of_it(house: House) -> None:
    held = await a_round(house)
    version = version_in((await held.client.get(f"{held.path}/form")).text)
    phone = await house.as_(held.built.people[2])
    first = await held.client.send_form(f"{held.path}/piece", {**FELT, "version": version})
    second = await phone.send_form(f"{held.path}/piece", {**FELT, "did": "Said my name.", "version": version})
    assert (first.status_code, second.status_code) == (303, 409)
    for words in (FELT["did"], "Said my name."):
        assert words in second.text
    kept = version_in(second.text)
    chosen = await phone.send_form(f"{held.path}/piece", {**FELT, "did": "Said my name.", "version": kept})
    assert chosen.status_code == 303
    ((_, kept_words, _),) = await pieces(house)
    assert kept_words == {"did": "Said my name."}
    (before,) = await house.store.read(lambda db: db.scalars(select(PieceBefore)).all())
    assert before.words == {"did": FELT["did"]}, "and what stood there before is kept"


async def test_nothing_of_it_opens_anything(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    for browser in (held.observer, held.client, held.tutor, held.stranger):
        assert (await browser.send_form(f"{held.path}/opening")).status_code == 404
    assert (await held.counsellor.send_form(f"{held.path}/opening")).status_code == 303
    assert await house.store.read(lambda db: db.scalars(select(Opening)).all()) == []
