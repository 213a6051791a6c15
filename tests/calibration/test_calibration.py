"""Practice rating: one's own answer beside a reasoned key, kept for oneself; tutors see who has done it."""

import html
import re
from uuid import UUID

from sqlalchemy import select

from tests.builders import a_cohort, a_person, an_id
from tests.house import House
from threefold.calibration.queries import still_to_rate
from threefold.calibration.scenes import framework, scenes
from threefold.store.sessions import Me
from threefold.store.tables import Deed, VignetteRating

QUIZ = "/calibration/quiz-night"
KEYS = {scene.code: [key.why for key in scene.keys] for scene in scenes()}


def asker(house: House, person: UUID) -> Me:
    return Me(
        person, "Name", "n@example.com", None, an_id(), house.now, is_staff=False, is_tutor=False, is_trainee=True
    )


async def ratings(house: House) -> dict[tuple[UUID, str, str], int]:
    return await house.store.read(
        lambda db: {(row.person_id, row.vignette, row.code): row.level for row in db.scalars(select(VignetteRating))}
    )


async def test_a_scene_is_rated_before_its_key_is_shown(house: House) -> None:
    built = await a_cohort(house.store)
    amara = built.people[0]
    trainee = await house.as_(amara)
    page = html.unescape((await trainee.get(QUIZ)).text)
    assert [line.words for line in scenes()[0].dialogue if line.words not in page] == []
    assert [anchor for code in ("HC2", "SK4") for anchor in anchors(code) if anchor not in page] == []
    assert [why for why in KEYS["quiz-night"] if why in page] == []
    assert '" checked' not in page
    done = await trainee.send_form(f"{QUIZ}/ratings", {"HC2.level": "3", "SK4.level": "2"})
    assert (done.status_code, done.headers["location"]) == (303, QUIZ)
    page = html.unescape((await trainee.get(QUIZ)).text)
    assert [why for why in KEYS["quiz-night"] if why not in page] == []
    assert re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)<", page)[:4] == [
        ("You chose", "Helping"),
        ("The key says", "Beginning"),
        ("You chose", "Beginning"),
        ("The key says the same", "Beginning"),
    ]
    assert await ratings(house) == {(amara, "quiz-night", "HC2"): 3, (amara, "quiz-night", "SK4"): 2}
    deeds = await house.store.read(lambda db: [(row.verb, row.subject) for row in db.scalars(select(Deed))])
    assert deeds == [("rated a practice scene", {"scene": "quiz-night"})]


def anchors(code: str) -> list[str]:
    competency = framework().of(code)
    assert competency is not None
    return list(competency.anchors.values())


async def test_one_may_try_again_and_the_last_rating_is_kept(house: House) -> None:
    built = await a_cohort(house.store)
    amara = built.people[0]
    trainee = await house.as_(amara)
    first = {"HC2.level": "3", "SK4.level": "2"}
    for _ in range(2):  # a double click
        await trainee.send_form(f"{QUIZ}/ratings", first)
    page = html.unescape((await trainee.get(f"{QUIZ}/again")).text)
    assert [why for why in KEYS["quiz-night"] if why in page] == []
    await trainee.send_form(f"{QUIZ}/ratings", {"HC2.level": "2", "SK4.level": "2"})
    assert await ratings(house) == {(amara, "quiz-night", "HC2"): 2, (amara, "quiz-night", "SK4"): 2}
    deeds = await house.store.read(lambda db: len(list(db.scalars(select(Deed)))))
    assert deeds == 2


async def test_a_scene_without_an_answer_says_so_beside_it_and_keeps_the_other(house: House) -> None:
    built = await a_cohort(house.store)
    trainee = await house.as_(built.people[0])
    for level in ("", "0", "5", "not-seen", "²"):
        page = await trainee.send_form(f"{QUIZ}/ratings", {"HC2.level": "4", "SK4.level": level})
        assert page.status_code == 422
        assert re.findall(r'<a href="#([^"]+)">([^<]*)</a>', page.text) == [
            ("SK4", "Open questions: choose what is closest to what you read."),
        ]
        assert page.text.count('" checked') == 1
        assert [why for why in KEYS["quiz-night"] if why in html.unescape(page.text)] == []
    assert await ratings(house) == {}


async def test_how_many_scenes_are_still_to_rate(house: House) -> None:
    built = await a_cohort(house.store)
    trainee, me = await house.as_(built.people[0]), asker(house, built.people[0])
    left = [await house.store.read(lambda db: still_to_rate(db, me))]
    for scene in scenes():
        fields = {f"{code}.level": "2" for code in scene.codes}
        await trainee.send_form(f"/calibration/{scene.code}/ratings", fields)
        left.append(await house.store.read(lambda db: still_to_rate(db, me)))
    assert left == [4, 3, 2, 1, 0]
    assert await house.store.read(lambda db: still_to_rate(db, asker(house, built.people[1]))) == 4
    assert "You’ve rated all four scenes" in (await trainee.get("/calibration")).text


async def test_tutors_see_who_has_practised_and_never_which_levels(house: House) -> None:
    built = await a_cohort(house.store)
    amara, ben = await house.as_(built.people[0]), await house.as_(built.people[1])
    for scene in scenes():
        await amara.send_form(f"/calibration/{scene.code}/ratings", {f"{code}.level": "4" for code in scene.codes})
    await ben.send_form(f"{QUIZ}/ratings", {"HC2.level": "1", "SK4.level": "1"})
    tutor = await house.as_(built.tutors[0])
    page = (await tutor.get(f"/calibration/cohorts/{built.cohort}")).text
    rows = re.findall(r'<th scope="row">([^<]*)</th><td>(.*?)</td>', page)
    assert [(name, re.sub(r"<[^>]*>", "", said)) for name, said in rows] == [
        ("Amara Okafor", "All of them"),
        ("Ben Hughes", "1 of 4"),
        ("Chloe Martin", "Not yet"),
        ("Dev Mehta", "Not yet"),
        ("Esther Cohen", "Not yet"),
        ("Farid Rahimi", "Not yet"),
    ]
    assert [name for name in framework().levels.values() if name in page] == []
    other = await a_cohort(house.store, name="Another cohort")
    for browser in (amara, await house.as_(other.tutors[0])):
        assert (await browser.get(f"/calibration/cohorts/{built.cohort}")).status_code == 404


async def test_a_scene_that_is_not_there(house: House) -> None:
    browser = await house.as_(await a_person(house.store))
    for path in ("/calibration/nowhere", "/calibration/nowhere/again", "/calibration/cohorts"):
        assert (await browser.get(path)).status_code == 404
    assert (await browser.send_form("/calibration/nowhere/ratings", {"HC2.level": "1"})).status_code == 404
    visitor = await house.visitor()
    assert (await visitor.get(QUIZ)).headers["location"] == f"/sign-in?next={QUIZ}"


async def test_the_group_is_set_beside_the_key_once_five_have_rated_and_nobody_alone(house: House) -> None:
    built = await a_cohort(house.store, trainees=7)
    tutor, path = await house.as_(built.tutors[0]), f"/calibration/cohorts/{built.cohort}"
    for chosen, person in zip("3322", built.people, strict=False):
        await (await house.as_(person)).send_form(f"{QUIZ}/ratings", {"HC2.level": chosen, "SK4.level": "2"})
    assert "This is shown once 5 people have rated a scene" in (await tutor.get(path)).text
    await (await house.as_(built.people[4])).send_form(f"{QUIZ}/ratings", {"HC2.level": "1", "SK4.level": "2"})
    page = (await tutor.get(path)).text
    rows = re.findall(
        r'<tr><th scope="row">[^<]*</th><td>([^<]*)</td><td>([^<]*)</td><td>(\d+)</td><td>(\d+)</td>', page
    )
    assert rows == [("Empathy", "2 of 5", "2", "1"), ("Open questions", "5 of 5", "0", "0")]
    assert (await (await house.as_(built.people[0])).get(path)).status_code == 404


async def test_practising_is_offered_until_every_scene_is_rated(house: House) -> None:
    built = await a_cohort(house.store)
    ben = await house.as_(built.people[1])
    assert "Practise rating" in (await ben.get("/feedback")).text
    for scene in scenes():
        answers = {f"{code}.level": "2" for code in scene.codes}
        assert (await ben.send_form(f"/calibration/{scene.code}/ratings", answers)).status_code == 303
    assert "Practise rating" not in (await ben.get("/feedback")).text
