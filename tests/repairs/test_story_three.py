"""Story 3: somebody drops out three hours before; the least is changed, and only those hear whom it concerns."""

from sqlalchemy import select

from tests.builders import an_id, cohort_row
from tests.house import House
from tests.mail.server import mail_server
from tests.repairs.terms import ask, event_of, groups, places, told, use, words_of
from tests.web.test_rights import contents
from threefold.core.roles import Role
from threefold.mail.carriers import MailServer, SmtpCarrier
from threefold.mail.courier import Courier
from threefold.store.courses import course_now
from threefold.store.tables import Deed, Person, PlanVersion
from threefold.store.versions import groups_in


async def test_somebody_drops_out_three_hours_before(house: House) -> None:
    made = await told(house, trainees=15)
    tonight = made.sessions[1]
    house.later(hours=26, minutes=30)  # Thursday 8 October, 15:30 in London; the session begins at 18:30
    x, partners = made.members[0], [made.members[13], made.members[14]]
    before, groups_before = await places(house, tonight), await groups(house, tonight)
    emails = await house.store.read(lambda db: {row.id: row.email for row in db.scalars(select(Person))})
    x_mail, partner_mails = emails[made.people[0]], {emails[made.people[13]], emails[made.people[14]]}
    assert frozenset((x, *partners)) in groups_before

    # X opens the link of the letter as often as their mail scanner likes, and nothing changes; the button says it.
    kit, link = await house.as_(made.people[0]), f"/seats/{made.seats[1][x]}/withdrawal"
    tutor = await house.as_(made.tutors[0])
    assert (await kit.get("/me")).status_code == 200
    untouched = await contents(house)
    assert {(await kit.get(link)).status_code, (await kit.head(link)).status_code} == {200}
    assert await contents(house) == untouched
    assert (await kit.send_form(link)).status_code == 303

    # The tutor's page has taken it in: three ways, the one that changes fewest first, each with what it does.
    page = await tutor.get(f"/cohorts/{made.cohort}/repair?practice={tonight}")
    words = words_of(page)
    assert "Amara can’t make Thursday 8 October" in words
    assert words.index("First way: nobody changes groups") < words.index("Second way: 8 people change groups")
    assert "Third way: 8 people change groups" in words
    assert "A tutor observes Noor and Owen in the session of Thursday 8 October." in words
    assert words.count("No meeting repeats that did not before.") == 3
    assert words.count("Amara has 2 h fewer in the course; nobody else’s hours change.") == 3
    assert "Noor with Owen and Amara → with Owen, a tutor observes" in words

    # Who would hear is shown, and nobody has yet.
    looked = await use(tutor, made, page, do="look")
    assert "2 letters would go out" in words_of(looked)
    assert "To Noor Aziz" in words_of(looked)
    house.later(minutes=1)
    chosen_at = house.now
    assert (await use(tutor, made, page)).status_code == 303
    after = await places(house, tonight)
    assert x not in after
    assert await groups(house, tonight) == groups_before - {frozenset((x, *partners))} | {frozenset(partners)}
    assert {who: after[who] for who in after if who not in partners} == {
        who: before[who] for who in after if who not in partners
    }, "all others sit as they did, to the row"
    assert [after[who][3] for who in partners] == [before[who][3] for who in partners]

    # Ten minutes later the letters leave: three, with X's entry cancelled and the two others' changed in place.
    house.later(minutes=10)
    async with mail_server() as box:
        server = MailServer.from_url(f"smtp://127.0.0.1:{box.port}")
        courier = Courier(house.store, [SmtpCarrier(server)], sender=house.settings.sender, clock=lambda: house.now)
        while await courier.round():
            pass
        await courier.stop()
        left = dict(box.arrived)
    assert (len(box.arrived), set(left)) == (3, {x_mail, *partner_mails})
    assert event_of(left[x_mail]) == ("CANCEL", before[x][3], 1)
    assert {event_of(left[mail]) for mail in partner_mails} == {("REQUEST", before[who][3], 1) for who in partners}

    # What is owed is noted, and comes out of what was held: X was in no role that evening.
    deed = await house.store.read(lambda db: db.scalars(select(Deed).where(Deed.verb == "repaired the plan")).one())
    assert deed.subject["owed"] == {str(who): {"observer": 20} for who in partners}
    assert deed.subject["people"] == [str(x)]
    house.later(days=1)
    course = await house.store.read(lambda db: course_now(db, cohort_row(db, made.cohort), house.now))
    assert course.problem.served[str(x)] == dict.fromkeys(Role, 20), "the first evening alone"
    assert course.problem.served[str(partners[0])] == {Role.COUNSELLOR: 40, Role.CLIENT: 40, Role.OBSERVER: 20}

    # The plan before it is kept and readable.
    kept = await house.store.read(lambda db: db.scalars(select(PlanVersion)).one())
    assert (kept.number, kept.why, kept.made_at, kept.made_by) == (1, "date", chosen_at, made.tutors[0])
    assert {frozenset(each.members) for each in groups_in(kept.before)[tonight]} == groups_before
    history = words_of(await tutor.get(f"/cohorts/{made.cohort}/versions"))
    assert "1. Somebody couldn’t come on one date Marion Shaw" in history
    assert "Amara with Noor and Owen → no place" in history


async def test_a_double_click_repairs_once_and_an_old_page_says_that_the_term_has_changed(house: House) -> None:
    made = await told(house, trainees=9)
    tutor = await house.as_(made.tutors[0])
    page = await ask(tutor, made, "date", made.sessions[1], made.members[0])
    other = await ask(tutor, made, "date", made.sessions[1], made.members[4])
    for _ in range(2):
        answer = await use(tutor, made, page)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/cohorts/{made.cohort}/versions")
    assert len(await house.store.read(lambda db: db.scalars(select(PlanVersion)).all())) == 1
    before = await groups(house, made.sessions[1])
    stale = await use(tutor, made, other)
    assert stale.status_code == 422
    assert "The term has changed while you looked, so nothing was done. These ways are reckoned anew." in stale.text
    assert "Use this" in words_of(stale)
    assert await groups(house, made.sessions[1]) == before
    made_up = await tutor.send_form(
        f"/cohorts/{made.cohort}/repair",
        {"scope": "date", "practice": str(made.sessions[1]), "who": str(an_id()), "way": "x", "steps": "999999"},
    )
    assert made_up.status_code == 422
