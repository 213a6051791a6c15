"""The week in which everything happens that the product writes a letter about."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.commands.samples.centre import TODAY, Centre
from threefold.concerns import actions as concerns
from threefold.core.grouping import Group
from threefold.core.reply import Answer
from threefold.core.wishes import CHOICES
from threefold.demo import lived_in
from threefold.demo.people import TRAINEES
from threefold.store.reseating import Sitting, reseat, sittings_of
from threefold.store.rows import CohortRow, value
from threefold.store.tables import (
    Cohort,
    Encounter,
    Guest,
    Letter,
    Membership,
    Person,
    Piece,
    PracticeSession,
    PracticeWindow,
    Reply,
    Seat,
    Triad,
    Turn,
)
from threefold.web.ids import Ids

INDEX = "index.txt"
TUTOR = "Marion Shaw"
BY_FEED = {"Farid Rahimi", "Grace Liu", "Kit Thomas", "Mira Shah"}  # their calendar reads the feed; no invitations
EXTRA_PRACTICE = {
    "start": "17:00", "end": "19:00", "weeks": "1", "closes_time": "12:00", "place": "Library", "at_once": "1",
    "rounds": "3", "practice": "20", "feedback": "10", "opening": "10", "closing": "10", "most_each": "2",
    "if_two": "go_ahead", "steps_out_until": "2", "do": "open",
}  # fmt: skip


async def live(centre: Centre) -> None:
    """A term is published; then comes a week in which everything happens."""
    centre.told("A term of ten evenings is published. This takes some seconds.")
    centre.now = await centre.store.write(lambda db: _published(db, centre))
    await centre.leave("The tutor published the term: one letter with all dates, then one for each evening.")
    centre.told("Then it changes, in every way there is.")
    centre.now = TODAY
    centre.cohort = await centre.one(select(Cohort.id))
    centre.evenings = await centre.many(select(PracticeSession.id).order_by(PracticeSession.number))
    await centre.clerk.round()
    await centre.leave("On the morning of a weekday tutors hear what there is to see.")
    await _evenings_change(centre)
    await _people_change(centre)
    await _places_change(centre)
    await _somebody_comes(centre)
    await _somebody_is_worried(centre)
    await _a_guest_is_asked(centre)
    await _people_practise_more(centre)
    await _days_go_by(centre)
    kinds = await centre.many(select(Letter.kind).distinct().order_by(Letter.kind))
    centre.lines += ["", f"Every kind: {' '.join(kinds)}", ""]
    (centre.folder / INDEX).write_text("\n".join(centre.lines), encoding="utf-8")


def _published(db: Session, centre: Centre) -> datetime:
    """The demonstration's term is set up and published; when that was."""
    begun, _, _ = lived_in(db, centre.settings, TODAY, invited={*TRAINEES} - BY_FEED)
    return begun.since


async def _evenings_change(centre: Centre) -> None:
    tutor = await centre.person(TUTOR)
    sixth, seventh, eighth = centre.evenings[5:8]
    as_it_is = {"minutes": "120", "place": "Elm House", "link": "", "do": "tell"}
    await centre.press(tutor, f"/practice/{sixth}/change", as_it_is | {"date": "2026-10-29", "start": "19:00"})
    await centre.leave("The tutor moved the evening of 29 October to 19:00, after the clocks have gone back.")
    room = await centre.one(select(Triad.id).where(Triad.practice_id == seventh, Triad.number == 1))
    words = as_it_is | {"date": "2026-11-05", "start": "18:30", f"room-{room}": "The garden room"}
    triads = (await centre.many(select(Triad.id).where(Triad.practice_id == seventh).order_by(Triad.number)))[1:]
    words |= {f"room-{triad}": f"Room {number}" for number, triad in enumerate(triads, start=3)}
    await centre.press(tutor, f"/practice/{seventh}/change", words)
    await centre.leave("The first group of 5 November meets in another room.")
    first, other = await centre.many(
        select(Seat.id).join(Triad).where(Triad.practice_id == seventh, Triad.number.in_((1, 2)), Seat.position == 0)
    )
    await centre.press(tutor, f"/practice/{seventh}/swap", {"one": str(first), "other": str(other), "do": "tell"})
    await centre.leave("Two people of 5 November take each other’s place.")
    await centre.press(tutor, f"/practice/{eighth}/cancellation", {"do": "tell"})
    await centre.leave("The tutor called the evening of 12 November off.")
    words = {"date": "2026-12-03", "start": "18:30", "minutes": "120", "place": "Elm House", "link": ""}
    await centre.press(tutor, f"/cohorts/{centre.cohort}/sessions/new", words)
    await centre.leave("The tutor added an evening on 3 December.")


async def _people_change(centre: Centre) -> None:
    tutor, amara = await centre.person(TUTOR), await centre.person("Amara Okafor")
    seat = await centre.seat_of("Amara Okafor", centre.evenings[8])
    await centre.press(amara, f"/seats/{seat}/withdrawal")
    await centre.leave("Amara said that she can’t make it on 19 November.")
    await centre.press(amara, f"/seats/{seat}/return")
    await centre.leave("Amara can make it after all: a new invitation, since calendars re-open none.")
    await centre.press(amara, "/calendar/choice", {"calendar": "invitations", "shows": "quiet"})
    await centre.leave("Amara wants her calendar to show the time and place only.")
    ben = await centre.member("Ben Hughes")
    words = {"name": "Ben Hughes", "email": "ben.hughes@example.org"}
    await centre.press(tutor, f"/cohorts/{centre.cohort}/people/{ben}", words)
    await centre.leave("Ben’s address was put right: the old one lets go of his evenings, the new one gets them all.")
    await centre.press(tutor, f"/cohorts/{centre.cohort}/people/{await centre.member('Dev Mehta')}/removal")
    await centre.leave("Dev left the group; those he would have met hear who is left.")


async def _places_change(centre: Centre) -> None:
    sixth, farid = centre.evenings[5], await centre.member("Farid Rahimi")
    await centre.store.write(lambda db: _without(db, centre, farid, sixth))
    await centre.press(await centre.person("Farid Rahimi"), f"/practice/{sixth}/standby")
    seat = await centre.seat_of("Grace Liu", sixth)
    await centre.press(await centre.person("Grace Liu"), f"/seats/{seat}/withdrawal", {"choice": f"cover-{farid}"})
    await centre.clerk.round()
    await centre.leave(
        "Farid has no place on 29 October any more, and stands by for it; Grace asks him to come for her."
    )


def _without(db: Session, centre: Centre, member: UUID, practice: UUID) -> None:
    """The tutor sends somebody’s group on without them."""
    shape = value(CohortRow, db.get_one(Cohort, centre.cohort)).shape
    groups = sittings_of(db, practice)
    for place, one in enumerate(groups):
        if member in one.members:
            left = tuple(str(each) for each in one.members if each != member)
            groups[place] = replace(Sitting.of(Group(left), shape), room=one.room, triad_id=one.triad_id)
    reseat(db, practice, groups, domain=centre.settings.mail_domain, now=centre.now, new_id=Ids(centre.now))


async def _somebody_comes(centre: Centre) -> None:
    tutor = await centre.person(TUTOR)
    words = {"tutor_name": "Joan Ellis", "tutor_email": "joan.ellis@example.com"}
    await centre.press(tutor, f"/cohorts/{centre.cohort}/people/tutors", words)
    await centre.leave("The tutor invited Joan to teach with her.")
    await centre.press(None, "/sign-in", {"email": "esther.cohen@example.com"})
    await centre.leave("Esther asked to sign in.")
    await centre.answers("Hanna Kaya", centre.evenings[9], "DECLINED")
    await centre.leave("Hanna’s calendar said no to 26 November: was that her? Her tutors are told.")
    await centre.answers("Ioan Popescu", centre.evenings[9], "COUNTER")
    await centre.leave("Ioan’s calendar proposed another time for 26 November.")
    proposal = await centre.one(select(Reply.id).where(Reply.answer == Answer.COUNTER.value))
    await centre.press(tutor, f"/practice/{centre.evenings[9]}/proposals/{proposal}")
    await centre.leave("The tutor kept the time: Ioan’s calendar gets the evening once more, as it was.")


async def _somebody_is_worried(centre: Centre) -> None:
    email = await centre.one(select(Person.email).where(Person.name == TUTOR))
    ids, now = Ids(centre.now), centre.now
    await centre.store.write(lambda db: concerns.name_reader(db, email, by=None, now=now, new_id=ids))
    await centre.press(await centre.person("Grace Liu"), "/concerns", {"words": "Somebody here has gone very quiet."})
    await centre.clerk.round()
    await centre.leave("Somebody is worried about someone: whoever reads that hears that something is waiting.")


async def _a_guest_is_asked(centre: Centre) -> None:
    tutor, guests, last = await centre.person(TUTOR), f"/cohorts/{centre.cohort}/guests", centre.evenings[9]
    words = {"name": "Robin Vale", "email": "robin.vale@example.net", "until": "2026-12-12", "most": "3"}
    await centre.press(tutor, guests, words)
    robin = f"{guests}/{await centre.one(select(Guest.id))}"
    group = await centre.one(select(Triad.id).where(Triad.practice_id == last, Triad.number == 1))
    words = {"practice": str(last), "round": f"{group}:2", "brief": "You are Sol, who has moved back home."}
    await centre.press(tutor, f"{robin}/encounters", words)
    await centre.press(tutor, f"{robin}/link", {"until": "2026-12-12"})
    await centre.leave("The tutor invited Robin, an actor, to be the client of a round on 26 November.")
    await centre.press(tutor, f"{robin}/encounters/{await centre.one(select(Encounter.id))}/ending")
    await centre.clerk.round()
    await centre.leave("Robin need not come after all.")


async def _people_practise_more(centre: Centre) -> None:
    tutor = await centre.person(TUTOR)
    amara, ben, chloe, grace, esther = [
        await centre.person(name)
        for name in ("Amara Okafor", "Ben Hughes", "Chloé Martin", "Grace Liu", "Esther Cohen")
    ]
    windows = f"/cohorts/{centre.cohort}/windows"
    await centre.press(tutor, windows, EXTRA_PRACTICE | {"date": "2026-11-10", "way": "joined"})
    await centre.clerk.round()
    await centre.leave("The tutor opened a time for extra practice on 10 November.")
    extra = await centre.one(select(PracticeSession.id).where(PracticeSession.window_id.is_not(None)))
    await centre.press(amara, f"/practice/{extra}/triads")
    triad = await centre.one(select(Triad.id).where(Triad.practice_id == extra))
    await centre.press(ben, f"/triads/{triad}/seats")
    await centre.press(chloe, f"/triads/{triad}/seats")
    await centre.press(esther, f"/practice/{extra}/waiting")
    await centre.leave("Amara started a triad, Ben and Chloé joined her; Esther wants to hear when a place comes free.")
    await centre.press(ben, f"/seats/{await centre.seat_of('Ben Hughes', extra)}/stepping-out")
    await centre.clerk.round()
    await centre.leave("Ben stepped out: his place is kept for Esther, who had asked to be told.")
    matched = {"date": "2026-11-11", "way": "matched", "closes_date": "2026-10-30"}
    await centre.press(tutor, windows, EXTRA_PRACTICE | matched)
    window = await centre.one(select(PracticeWindow.id).where(PracticeWindow.way == "matched"))
    await centre.press(grace, f"/windows/{window}/offer", {"wants": "1", "at-2026-11-11T17:00": "free"})
    await centre.press(tutor, f"/windows/{window}/triads")
    await centre.clerk.round()
    await centre.leave("Times could be offered for 11 November; only Grace did, so there was no triad for her.")


async def _days_go_by(centre: Centre) -> None:
    joy = await centre.person("Joy Adeyemi")
    ways = {choice.kind.value: "now" for choice in CHOICES.values() if not choice.for_tutors}
    await centre.press(joy, "/me/letters", ways | {"feedback-wanted": "digest"})
    seat = await centre.seat_of("Priya Nair", centre.evenings[5])
    await centre.press(await centre.person("Priya Nair"), f"/seats/{seat}/withdrawal")
    await centre.leave("Priya said that she can’t make it on 29 October.")
    await centre.clerk.round()
    await centre.leave("Her tutors hear of it a little later, if she has not taken it back by then.")
    triad, author = await _unreflected(centre)
    member = await centre.one(select(Membership.id).where(Membership.person_id == author))
    path = f"/feedback/{triad[0]}/{triad[1]}/nudges"
    await centre.press(await centre.person(TUTOR), path, {"member": str(member)})
    await centre.leave("The tutor asked somebody herself for what has not come in from last week.")
    await centre.press(author, f"/feedback/{triad[0]}/{triad[1]}/skip")
    for day, hour, why in (
        (23, 7, "On the morning after an evening people are asked for feedback."),
        (24, 7, "A day later, those who have not written are asked once more."),
        (26, 8, "On Monday comes what people wanted once a week, and the tutors’ own."),
        (27, 9, "Two days before an evening people are reminded."),
        (28, 9, "What is left of the week: feedback that was waited for is ready to read."),
        (28, 19, "A day before the evening Farid has not answered: Grace and the tutors hear so."),
    ):
        centre.now = datetime(2026, 10, day, hour, tzinfo=UTC)
        await centre.clerk.round()
        await centre.leave(why)


async def _unreflected(centre: Centre) -> tuple[tuple[UUID, int], UUID]:
    """A round held a week ago that its counsellor has not looked back on, and who that is."""
    row = await centre.store.read(
        lambda db: db.execute(
            select(Turn.triad_id, Turn.round, Membership.person_id)
            .join(Seat, Seat.id == Turn.seat_id)
            .join(Membership, Membership.id == Seat.membership_id)
            .outerjoin(
                Piece,
                (Piece.triad_id == Turn.triad_id)
                & (Piece.round == Turn.round)
                & (Piece.author_id == Seat.membership_id),
            )
            .where(Seat.practice_id == centre.evenings[3], Turn.role == "counsellor", Piece.id.is_(None))
            .order_by(Turn.triad_id, Turn.round)
        ).first()
    )
    if row is None:
        raise RuntimeError("everybody has looked back")
    return (row.triad_id, row.round), row.person_id
