"""No word is lost: drafts, two windows, double clicks, a sign-in that ran out, and words that try to be markup."""

import asyncio
import re

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tests.feedback.rounds import FELT, NOTICED, REFLECTED, a_round, version_in
from tests.house import House
from threefold.store.tables import Deed, Letter, Piece, PieceDraft, Rating, SignInSession

HOSTILE = '<script>alert(1)</script> \u202eيسرا\u202c \U0001f600 =HYPERLINK("x");\'\r\nBcc: x@example.com'


async def counts(house: House) -> tuple[int, int, int, int]:
    def work(db: Session) -> tuple[int, int, int, int]:
        sent = select(func.count()).where(Deed.verb == "sent feedback")
        return (
            db.scalar(select(func.count()).select_from(Piece)) or 0,
            db.scalar(select(func.count()).select_from(Rating)) or 0,
            db.scalar(select(func.count()).select_from(PieceDraft)) or 0,
            db.scalar(sent) or 0,
        )

    return await house.store.read(work)


async def test_what_is_typed_is_kept_and_there_again_on_another_day(house: House) -> None:
    held = await a_round(house)
    json = {"accept": "application/json"}
    answer = await held.observer.send_form(
        f"{held.path}/draft", {"HC2.level": "4", "HC2.moment": "She waited", "version": "0"}, headers=json
    )
    assert (answer.status_code, answer.json()) == (200, {"saved_at": "19:20", "version": 1})
    again = await held.observer.send_form(
        f"{held.path}/draft", {"HC2.level": "4", "HC2.moment": "She waited", "version": "0"}, headers=json
    )
    assert again.json() == {"saved_at": "19:20", "version": 1}  # the same words saved twice are one save
    house.later(days=2)
    page = (await held.observer.get(f"{held.path}/steps/1")).text
    assert "She waited</textarea>" in page
    assert 'value="4" checked' in page
    assert version_in(page) == "1"


async def test_two_windows_are_both_shown_and_the_author_chooses(house: House) -> None:
    held = await a_round(house)
    first = {**FELT, "did": "From one window", "version": "0"}
    second = {**FELT, "did": "From the other window", "version": "0"}
    json = {"accept": "application/json"}
    assert (await held.client.send_form(f"{held.path}/draft", first, headers=json)).status_code == 200
    answer = await held.client.send_form(f"{held.path}/draft", second, headers=json)
    assert (answer.status_code, answer.json()) == (
        409,
        {"conflict": True, "version": 1, "theirs": {**FELT, "did": "From one window"}},
    )
    page = await held.client.send_form(f"{held.path}/piece", second)
    assert page.status_code == 409
    assert "From one window" in page.text
    assert "From the other window" in page.text
    assert (await counts(house))[0] == 0
    answer = await held.client.send_form(f"{held.path}/piece", {**second, "version": version_in(page.text)})
    assert answer.status_code == 303
    assert "From the other window" in (await held.client.get(held.path)).text


async def test_a_second_window_does_not_overwrite_what_was_sent(house: House) -> None:
    held = await a_round(house)
    await held.felt()
    answer = await held.client.send_form(f"{held.path}/piece", {**FELT, "did": "Older words", "version": "0"})
    assert answer.status_code == 409
    assert "Stayed with the silence." in answer.text


async def test_steps_in_two_windows_that_say_different_things_are_both_kept(house: House) -> None:
    held = await a_round(house)
    await held.observer.send_form(f"{held.path}/steps/1", {"HC2.level": "3", "version": "0"})
    await held.observer.send_form(f"{held.path}/steps/2", {"HC8.level": "2", "version": "0"})
    page = (await held.observer.get(f"{held.path}/check")).text
    assert "<p>Helping</p>" in page
    assert "<p>Beginning</p>" in page


async def test_a_double_click_sends_once(house: House) -> None:
    held = await a_round(house)
    for _ in range(2):
        answer = await held.client.send_form(f"{held.path}/piece", {**FELT, "version": "0"})
        assert (answer.status_code, answer.headers["location"]) == (303, held.path)
        answer = await held.counsellor.send_form(f"{held.path}/piece", {**REFLECTED, "version": "0"})
        assert answer.status_code == 303
    await held.observed()
    answer = await held.observer.send_form(f"{held.path}/piece", {"version": "4"})
    assert answer.status_code == 303
    assert await counts(house) == (3, 10, 0, 3)


async def test_a_sign_in_that_ran_out_keeps_every_word(house: House) -> None:
    held = await a_round(house)
    await house.store.write(lambda db: db.execute(delete(SignInSession)))
    answer = await held.client.send_form(f"{held.path}/piece", {**FELT, "version": "0"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=/kept/")
    kept = answer.headers["location"].split("next=")[1]
    back = await house.as_(held.built.people[2])
    for name, value in answer.cookies.items():
        back.cookies.set(name, value)
    page = (await back.get(kept)).text
    assert "Stayed with the silence." in page
    assert (await back.send_form(f"{held.path}/piece", {**FELT, "version": "0"})).status_code == 303


async def test_the_first_and_the_last_level_ask_for_a_moment_and_keep_what_is_there(house: House) -> None:
    held = await a_round(house)
    for level in ("1", "4"):
        page = (await held.observer.get(f"{held.path}/steps/1")).text
        answer = await held.observer.send_form(
            f"{held.path}/steps/1", {"HC2.level": level, "HC2.moment": "", "version": version_in(page)}
        )
        assert answer.status_code == 422
        assert "<title>Error: Feedback for Amara, step 1 of 4" in answer.text
        wanted = "Empathy: add one moment you saw or heard, so Amara can learn from it."
        assert f'<a href="#HC2.moment">{wanted}</a>' in answer.text
        assert 'id="HC2.moment"' in answer.text
        assert f'value="{level}" checked' in answer.text
    page = (await held.observer.get(f"{held.path}/steps/1")).text
    cue = {"HC2.cue": ["own-story"], "HC2.level": "3", "version": version_in(page)}
    answer = await held.observer.send_form(f"{held.path}/steps/1", cue)
    assert '<a href="#HC2.said">Empathy: say what Amara said or did' in answer.text


async def test_everything_still_wanted_is_said_at_once(house: House) -> None:
    held = await a_round(house)
    answer = await held.observer.send_form(f"{held.path}/piece", {"version": "0"})
    assert answer.status_code == 422
    links = re.findall(r'<li><a href="#([^"]+)">', answer.text)
    assert links == ["HC2", "HC8", "HC10", "helped", "to_try"]
    assert all(f'id="{link}"' in answer.text for link in links)
    answer = await held.client.send_form(f"{held.path}/piece", {"heard": "4", "did": "Waited", "version": "0"})
    assert re.findall(r'<li><a href="#([^"]+)">', answer.text) == ["myself", "pace", "return"]
    assert "Waited</textarea>" in answer.text
    answer = await held.counsellor.send_form(f"{held.path}/piece", {"helped": "Slow", "version": "0"})
    assert re.findall(r'<li><a href="#([^"]+)">', answer.text) == ["HC2", "HC8", "HC10", "to_try"]
    assert "Slow</textarea>" in answer.text


async def test_hostile_words_arrive_whole_and_harmless(house: House) -> None:
    held = await a_round(house)
    await held.observed(**{"HC2.moment": HOSTILE, "helped": HOSTILE})
    await held.felt(did=HOSTILE)
    await held.reflected(helped=HOSTILE)
    page = await held.opened()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4
    assert "=HYPERLINK(&#34;x&#34;);&#39;\nBcc: x@example.com" in page
    letter = await house.store.read(lambda db: db.scalars(select(Letter).where(Letter.kind == "feedback-ready")).one())
    assert b"HYPERLINK" not in letter.message
    assert b"You waited" not in letter.message


async def test_the_check_page_shows_every_answer_before_anything_is_sent(house: House) -> None:
    held = await a_round(house)
    for step, begins in enumerate(("HC2.", "HC8.", "HC10."), start=1):
        part = {name: value for name, value in NOTICED.items() if name.startswith(begins)}
        version = version_in((await held.observer.get(f"{held.path}/steps/{step}")).text)
        answer = await held.observer.send_form(f"{held.path}/steps/{step}", {**part, "version": version})
        assert answer.headers["location"] == f"{held.path}/steps/{step + 1}"
    page = (await held.observer.get(f"{held.path}/check")).text
    assert "Nothing has been sent yet." in page
    assert [
        word for word in ("Helping", "Beginning", "Not seen this time", "“It sounds lonely.”") if word not in page
    ] == []
    assert await counts(house) == (0, 0, 1, 0)


async def test_a_change_from_the_check_page_comes_back_to_it(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    page = (await held.observer.get(f"{held.path}/check")).text
    links = re.findall(r'href="([^"]+/steps/[0-9]+[?]then=check)"', page)
    assert [link.rpartition("/")[2] for link in links] == [f"{n}?then=check" for n in (1, 2, 3, 4, 4)]
    page = (await held.observer.get(links[0])).text
    fields = {"HC2.level": "4", "then_check": "yes", "version": version_in(page)}
    assert 'name="then_check" value="yes"' in page
    answer = await held.observer.send_form(f"{held.path}/steps/1", fields)
    assert (answer.status_code, 'name="then_check" value="yes"' in answer.text) == (422, True)
    more = {**fields, "HC2.moment": "She waited.", "version": version_in(answer.text)}
    answer = await held.observer.send_form(f"{held.path}/steps/1", more)
    assert answer.headers["location"] == f"{held.path}/check"
    page = (await held.observer.get(f"{held.path}/check")).text
    assert "<p>Deepening</p>" in page
    assert "She waited." in page


async def test_clicks_at_the_same_moment_do_everything_once(house: House) -> None:
    held = await a_round(house)
    await asyncio.gather(*(held.client.send_form(f"{held.path}/piece", {**FELT, "version": "0"}) for _ in range(4)))
    json = {"accept": "application/json"}
    typed = {"HC2.level": "3", "version": "0"}
    saved = await asyncio.gather(
        *(held.observer.send_form(f"{held.path}/draft", typed, headers=json) for _ in range(4))
    )
    assert [answer.json() for answer in saved] == [{"saved_at": "19:20", "version": 1}] * 4
    await held.observed()
    for path in ("skip", "opening"):
        answers = await asyncio.gather(*(held.counsellor.send_form(f"{held.path}/{path}") for _ in range(4)))
        assert [answer.status_code for answer in answers] == [303] * 4
    assert await counts(house) == (3, 7, 0, 2)
