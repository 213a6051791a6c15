"""What a round is looked at for, what is taken along from one to the next, and tutors who drop in."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import a_cohort
from tests.feedback.rounds import FELT, NOTICED, REFLECTED, Round, a_round, version_in
from tests.house import House
from threefold.store.rounds import Held, held_rounds
from threefold.store.rows import CohortRow, PracticeRow, TriadRow, value
from threefold.store.tables import Cohort, Focus, Piece, PieceBefore, PracticeSession, Triad, Withdrawal

EIGHT = ("HC1", "HC2", "HC3", "HC4", "HC5", "HC6", "HC8", "HC10")
FIRST, SECOND = EIGHT[:4], EIGHT[4:]


async def rounds(house: House) -> list[Held]:
    def work(db: Session) -> list[Held]:
        triads = db.scalars(
            select(Triad)
            .join(PracticeSession, PracticeSession.id == Triad.practice_id)
            .order_by(PracticeSession.starts_at, Triad.number)
        )
        return held_rounds(
            db,
            [
                (
                    value(TriadRow, triad),
                    value(PracticeRow, practice),
                    value(CohortRow, db.get_one(Cohort, practice.cohort_id)),
                )
                for triad in triads
                for practice in [db.get_one(PracticeSession, triad.practice_id)]
            ],
            house.now,
        )

    return await house.store.read(work)


async def asked_of(house: House, member: UUID) -> list[tuple[str, ...]]:
    return [held.asked for held in await rounds(house) if held.counsellor.member == member]


async def test_somebody_who_is_away_goes_on_where_they_were(house: House) -> None:
    made = await a_cohort(house.store, competencies=EIGHT, weeks=4)
    amara = made.members[0]
    assert await asked_of(house, amara) == [FIRST, SECOND, FIRST, SECOND]
    away = made.seats[1][amara]
    await house.store.write(
        lambda db: db.add(Withdrawal(seat_id=away, at=house.now, by=made.people[0], taken_back_at=None))
    )
    assert await asked_of(house, amara) == [FIRST, SECOND, SECOND, FIRST], "the second one is not held"
    await house.store.write(
        lambda db: setattr(db.get_one(PracticeSession, made.sessions[0]), "cancelled_at", house.now)
    )
    assert await asked_of(house, amara) == [FIRST, FIRST, FIRST, SECOND]


async def test_over_a_term_everybody_is_looked_at_for_every_skill_as_often_as_there_is_room(house: House) -> None:
    """Eight skills, four a round, five rounds each: every skill comes twice at least, and the tutor is told so."""
    made = await a_cohort(house.store, competencies=EIGHT, weeks=5)
    for member in made.members:
        asked = await asked_of(house, member)
        assert [len(one) for one in asked] == [4] * 5
        assert {code: sum(code in one for one in asked) for code in EIGHT} == dict.fromkeys(FIRST, 3) | dict.fromkeys(
            SECOND, 2
        )
    tutor = await house.as_(made.tutors[0])
    page = (await tutor.get(f"/cohorts/{made.cohort}/coverage")).text
    assert "2 times or more for everybody and every skill" in page


async def test_sessions_that_have_begun_keep_what_they_were_looked_at_for(house: House) -> None:
    made = await a_cohort(house.store, weeks=2)
    tutor = await house.as_(made.tutors[0])
    path = f"/cohorts/{made.cohort}/framework"
    house.now = datetime(2026, 10, 1, 18, 20, tzinfo=UTC)  # round 1 is over
    form = {
        "framework": "human-connection-1@1.0",
        "competencies": ["HC1", "HC3", "HC5"],
        "labels": "counsellor",
        "safeguarding_lead": "Marion Shaw, 01632 960001",
        "contract": "",
    }
    for _ in range(2):
        assert (await tutor.send_form(path, form)).status_code == 303
    assert await asked_of(house, made.members[0]) == [("HC2", "HC8", "HC10"), ("HC1", "HC3", "HC5")]
    before = await house.store.read(lambda db: db.get_one(Cohort, made.cohort).looked_before)
    assert before == [[house.now.isoformat(), "human-connection-1", "1.0", ["HC2", "HC8", "HC10"]]], "once"


async def read_round(held: Round) -> str:
    await held.observed()
    await held.felt()
    await held.reflected()
    return await held.opened()


async def test_what_is_taken_along_is_looked_for_next_time_and_asked_about(house: House) -> None:
    held = await a_round(house)

    def eight_from_now_on(db: Session) -> None:
        cohort = db.get_one(Cohort, held.built.cohort)
        cohort.looked_before = [[house.now.isoformat(), "human-connection-1", "1.0", cohort.competencies]]
        cohort.competencies = list(EIGHT)

    await house.store.write(eight_from_now_on)
    page = await read_round(held)
    assert "Which skill does it belong to?" in page
    choice = {"choice": "else", "words": "Say less", "code": "HC8"}
    assert (await held.counsellor.send_form(f"{held.path}/focus", choice)).status_code == 303
    amara = held.built.members[0]
    assert await asked_of(house, amara) == [("HC2", "HC8", "HC10"), (*SECOND[:2], "HC8", "HC10"), (*FIRST, "HC8")]

    coming = next(one for one in await rounds(house) if one.counsellor.member == amara and one.practice_number == 2)
    house.now = coming.clock.ends_at
    form = await held.counsellor.get(f"{coming.path}/form")
    assert "You took this into the round: <b>Say less</b>" in form.text
    observer = next(one for one in coming.observers)
    browser = await house.as_(held.built.people[held.built.members.index(observer.member)])
    assert "asked to have this watched: <b>Say less</b>" in (await browser.get(f"{coming.path}/steps/1")).text
    answers = {f"{code}.level": "3" for code in coming.asked}
    sent = {**answers, "helped": "I waited.", "to_try": "Wait on.", "moved": "some", "version": version_in(form.text)}
    assert (await held.counsellor.send_form(f"{coming.path}/piece", sent)).status_code == 303
    assert "Did it move? <b>A little</b>" in (await held.tutor.get(coming.path)).text

    refused = await held.counsellor.send_form(f"{held.path}/focus", {"choice": "else", "words": "Something new"})
    assert refused.status_code == 422
    assert "You’ve taken this into a session already" in refused.text
    (focus,) = await house.store.read(lambda db: db.scalars(select(Focus)).all())
    assert (focus.words, focus.code) == ("Say less", "HC8")


async def test_a_tutor_who_drops_in_is_a_second_observer_whom_nobody_waits_for(house: House) -> None:
    held = await a_round(house)
    assert "Write what you saw" in (await held.tutor.get(held.path)).text
    for step, begins in enumerate(("HC2.", "HC8.", "HC10.", "helped to_try"), start=1):
        page = (await held.tutor.get(f"{held.path}/steps/{step}")).text
        part = {n: v for n, v in NOTICED.items() if n.startswith(begins) or n in begins.split()}
        form = {**part, "version": version_in(page)}
        assert (await held.tutor.send_form(f"{held.path}/steps/{step}", form)).status_code == 303
    version = version_in((await held.tutor.get(f"{held.path}/check")).text)
    assert (await held.tutor.send_form(f"{held.path}/piece", {"version": version})).status_code == 303
    (found,) = [one for one in await rounds(house) if one.path == held.path]
    (tutor,) = [one for one in found.people if one.is_tutor]
    assert (tutor.name, tutor.visits, str(tutor.member) in found.expected) == ("Marion Shaw", True, False)
    page = await read_round(held)
    assert "What Marion noticed" in page
    assert "What Ben noticed" in page
    assert (await held.stranger.get(f"{held.path}/steps/1")).status_code == 404


async def test_what_a_piece_said_before_it_was_changed_is_kept(house: House) -> None:
    held = await a_round(house)
    await held.felt()
    page = (await held.client.get(f"{held.path}/form")).text
    changed = {**FELT, "did": "Waited for me.", "version": version_in(page)}
    assert (await held.client.send_form(f"{held.path}/piece", changed)).status_code == 303
    (before,) = await house.store.read(lambda db: db.scalars(select(PieceBefore)).all())
    (piece,) = await house.store.read(lambda db: db.scalars(select(Piece)).all())
    assert (piece.words, before.words) == ({"did": "Waited for me."}, {"did": FELT["did"]})
    assert [(each["code"], each["level"]) for each in before.ratings] == [
        ("heard", 4),
        ("myself", 3),
        ("pace", 2),
        ("return", None),
    ]


async def test_a_form_for_a_session_that_was_cancelled_says_so_and_gives_the_words_back(house: House) -> None:
    held = await a_round(house)
    version = version_in((await held.client.get(f"{held.path}/form")).text)
    draft = {**FELT, "version": version}
    accepts = {"accept": "application/json"}
    assert (await held.client.send_form(f"{held.path}/draft", draft, headers=accepts)).status_code == 200
    practice = held.built.sessions[0]
    await house.store.write(lambda db: setattr(db.get_one(PracticeSession, practice), "cancelled_at", house.now))
    again = await held.client.send_form(f"{held.path}/draft", draft, headers=accepts)
    sentence = "This practice session was cancelled, so there is nothing to send."
    assert (again.status_code, again.json()) == (410, {"closed": True, "sentence": sentence})
    for answer in (
        await held.client.get(f"{held.path}/form"),
        await held.client.send_form(f"{held.path}/piece", {**REFLECTED, **draft}),
    ):
        assert answer.status_code == 410
        assert "This session was cancelled" in answer.text
        assert FELT["did"] in answer.text
    assert (await held.stranger.get(f"{held.path}/form")).status_code == 404


async def test_tutors_see_what_has_been_seen_of_whom(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    page = await held.tutor.get(f"/cohorts/{held.built.cohort}/coverage")
    assert page.status_code == 200
    assert "2 of 18 have been seen" in page.text, "Amara for two of three; the third was not seen this time"
    assert (await held.counsellor.get(f"/cohorts/{held.built.cohort}/coverage")).status_code == 404
    assert "3 times or more for everybody and every skill" in page.text, "each counsels three times, for three skills"
    house.later(days=16)
    tutor = await house.as_(held.built.tutors[0])
    later = (await tutor.get(f"/cohorts/{held.built.cohort}/coverage")).text
    assert "<b>Amara Okafor</b>: Client choice" in later, "looked for three times, seen in none"
