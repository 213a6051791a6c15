"""Guests for their tutors: who comes, when, what they answered; the way in for a guest is `guests.visiting`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy.orm import Session

from threefold.core.guests import MOST_BRIEF, MOST_DAY, USUAL_DAY, Standing, invitation, last_moment, works_until
from threefold.core.pasted import csv_file
from threefold.core.refusal import Problem, Refusal
from threefold.core.said import clock
from threefold.guests import actions, encounters, queries
from threefold.guests.encounters import Booked, Choice
from threefold.guests.queries import Invited, Meeting
from threefold.guests.telling import digest_of, link_letter
from threefold.guests.visiting import routes as visiting
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.tables import Encounter
from threefold.store.within import NotYours
from threefold.web.access import Right, cohort_for, encounter_for, guest_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

T = TypeVar("T")
COHORT = "/cohorts/{cohort_id:uuid}/guests"
GUEST = f"{COHORT}/{{guest_id:uuid}}"
MOST_ROUNDS = 12  # asked at once
DONE = {
    "asked": "Asked. They hear of it in a few minutes, if they have their link.",
    "sent": "Their link is on its way. An earlier one has stopped working.",
    "off": "Called off. They hear of it in a few minutes.",
    "ended": "Their link has stopped working, and what lay ahead is called off.",
    "invited": "Taken in. Nothing has been sent yet: choose their rounds, then send them their link.",
}


@dataclass(frozen=True)
class GuestsPage:
    """Everybody who comes to this cohort as a guest."""

    cohort: CohortRow
    guests: list[Invited]


@dataclass(frozen=True)
class GuestPage:
    """One guest, and the rounds of one session to choose from."""

    cohort: CohortRow
    guest: Invited
    meetings: list[Meeting]
    chosen: UUID | None
    choices: list[Choice]

    @property
    def last_day(self) -> str:
        """The last day on which their link works, as a date field has it."""
        return f"{last_moment(self.guest.expires_at).astimezone(ZoneInfo(self.cohort.zone)):%Y-%m-%d}"

    def choice_cards(self, now: datetime) -> list[tuple[str, str, str]]:
        """The rounds as cards: (value, which, who). Those whose counsellor they meet already are left out."""
        met = self.guest.meets(now)
        zone = self.cohort.zone
        return [
            (
                each.value,
                f"Group {each.group}, round {each.round}: {clock(each.starts_at, zone)} to {clock(each.ends_at, zone)}",
                f"{each.counsellor} is {self.cohort.role_labels.counsellor}"
                + (" and has said that they can’t make it" if each.away else "")
                + (f", {each.client} observes instead" if each.client else ""),
            )
            for each in self.choices
            if not each.taken_by and each.counsellor_id not in met
        ]


def load_all(cohort_id: UUID) -> Callable[[Session, Me], GuestsPage]:
    def work(db: Session, me: Me) -> GuestsPage:
        cohort = cohort_for(db, me, cohort_id, Right.TUTOR).cohort
        if cohort.published_at is None:
            raise NotYours  # there are no groups yet that anybody could come to
        return GuestsPage(cohort, queries.invited(db, cohort_id))

    return work


@get(COHORT, **signed_in)
async def show_all(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(load_all(cohort_id))
    return visit.page("guests/list.html", page=page, sent=Form(()), most=USUAL_DAY, most_day=MOST_DAY, problems=())


@post(COHORT, status_code=303, **signed_in)
async def invite(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Take somebody in; they hear nothing before their link is sent."""
    form = await visit.form()
    most = form.whole("most", f"Enter how many a day, from 1 to {MOST_DAY}", least=1, most=MOST_DAY)
    page = await visit.read(load_all(cohort_id))
    who = invitation(form.get("name"), form.get("email"), _day(form), page.cohort.zone, visit.now)
    if isinstance(who, Refusal):
        form.add(who)
    id_ = visit.new_id()
    digest = digest_of(visit.house.keys, id_, visit.now)

    def work(db: Session, me: Me) -> UUID | Refusal:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if isinstance(who, Refusal) or form.refusal:
            return form.refusal or Refusal(())
        return actions.invite(
            db, within, who=who, most_a_day=most, id=id_, digest=digest, by=me, now=visit.now, new_id=visit.new_id
        )

    done = await visit.write(work)
    if isinstance(done, Refusal):
        return visit.refused("guests/list.html", done, page=page, sent=form, most=USUAL_DAY, most_day=MOST_DAY)
    return visit.go(f"/cohorts/{cohort_id}/guests/{done}?done=invited")


def _day(form: Form) -> date | None:
    try:
        return date.fromisoformat(form.get("until").strip())
    except ValueError:
        return None


def load(visit: Visit, cohort_id: UUID, guest_id: UUID, chosen: UUID | None) -> Callable[[Session, Me], GuestPage]:
    def work(db: Session, me: Me) -> GuestPage:
        within, _ = guest_for(db, me, cohort_id, guest_id)
        (guest,) = queries.invited(db, cohort_id, guest_id)
        meetings = queries.meetings(db, cohort_id, visit.now)
        first = chosen or next((each.id for each in meetings if each.starts_at > visit.now), None)
        choices = encounters.choices(db, within.cohort, first, visit.now) if first else []
        return GuestPage(within.cohort, guest, meetings, first, choices)

    return work


async def guest_page(
    visit: Visit, cohort_id: UUID, guest_id: UUID, refusal: Refusal | None = None, sent: Form | None = None
) -> Answer:
    asked = visit.request.query_params
    chosen = (sent or Form(tuple(asked.items()))).id("practice")
    page = await visit.read(load(visit, cohort_id, guest_id, chosen))
    return visit.page(
        "guests/guest.html",
        status=422 if refusal else 200,
        page=page,
        sent=sent or Form(()),
        done="" if refusal else DONE.get(asked.get("done", ""), ""),
        problems=refusal.problems if refusal else (),
        heavy=[each.sentence for each in refusal.problems if each.field == "knowing"] if refusal else [],
        pauses=queries.pauses_of(page.guest.encounters, visit.now),
        Standing=Standing,
    )


@get(GUEST, **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID], guest_id: FromPath[UUID]) -> Answer:
    return await guest_page(visit, cohort_id, guest_id)


@post(f"{GUEST}/encounters", status_code=303, **signed_in)
async def ask(visit: Visited, cohort_id: FromPath[UUID], guest_id: FromPath[UUID]) -> Answer:
    """Ask for one round or several of a session; what would be a lot is said before it is done."""
    form = await visit.form()
    practice_id = form.id("practice")
    brief = form.words("brief", "Write who they are in this, in a few sentences.", most=MOST_BRIEF)
    wanted = set(form.all("round")[:MOST_ROUNDS])
    if not wanted:
        form.problem("round", "Choose at least one round.")

    def work(db: Session, me: Me) -> Refusal | None:
        within, guest = guest_for(db, me, cohort_id, guest_id)
        if guest.ended_at is not None or guest.expires_at <= visit.now:
            return Refusal.because("Their link has stopped working. Send them a fresh one first.")
        offered = encounters.choices(db, within.cohort, practice_id, visit.now) if practice_id else []
        chosen = [each for each in offered if each.value in wanted]
        if len(chosen) < len(wanted):
            form.problem("round", "A round you chose is over, or has changed meanwhile. Choose again.")
        return form.refusal or actions.ask(
            db, within, guest, chosen, brief, knowing=form.all("knowing"), by=me, now=visit.now, new_id=visit.new_id
        )

    refusal = await visit.write(work)
    if refusal:
        return await guest_page(visit, cohort_id, guest_id, refusal, form)
    return visit.go(f"/cohorts/{cohort_id}/guests/{guest_id}?done=asked&practice={practice_id}")


@post(f"{GUEST}/link", status_code=303, **signed_in)
async def send_link(visit: Visited, cohort_id: FromPath[UUID], guest_id: FromPath[UUID]) -> Answer:
    """Send a guest their link, or a fresh one: the one before stops working. A double click sends one."""
    form = await visit.form()
    page = await visit.read(load(visit, cohort_id, guest_id, None))
    guest, cohort = page.guest, page.cohort
    until = works_until(_day(form), cohort.zone, visit.now)
    if isinstance(until, Refusal):
        return await guest_page(visit, cohort_id, guest_id, until, form)
    if guest.ended_at is not None:
        gone = Problem("", "You ended their access. Invite them again to have them back.")
        return await guest_page(visit, cohort_id, guest_id, Refusal((gone,)), form)
    letter = link_letter(
        visit.house.postroom, visit.house.keys, guest, cohort,
        sender=visit.me.name if visit.me else "", until=until, id=visit.new_id(), now=visit.now,
    )  # fmt: skip
    digest = digest_of(visit.house.keys, guest_id, visit.now)

    def work(db: Session, me: Me) -> None:
        _, row = guest_for(db, me, cohort_id, guest_id)
        actions.send_link(db, row, letter, digest=digest, until=until, by=me, now=visit.now, new_id=visit.new_id)

    await visit.write(work)
    return visit.go(f"/cohorts/{cohort_id}/guests/{guest_id}?done=sent")


@post(f"{GUEST}/encounters/{{encounter_id:uuid}}/ending", status_code=303, **signed_in)
async def call_off(
    visit: Visited, cohort_id: FromPath[UUID], guest_id: FromPath[UUID], encounter_id: FromPath[UUID]
) -> Answer:
    """They need not come to this round; whoever observed instead is client again, and hears of it."""

    def work(db: Session, me: Me) -> Refusal | None:
        _, row = encounter_for(db, me, cohort_id, guest_id, encounter_id)
        (found,) = encounters.booked(db, Encounter.id == row.id)
        return actions.call_off(db, cohort_id, found, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([cohort_id], work)
    if refusal:
        return await guest_page(visit, cohort_id, guest_id, refusal)
    return visit.go(f"/cohorts/{cohort_id}/guests/{guest_id}?done=off")


@post(f"{GUEST}/ending", status_code=303, **signed_in)
async def end(visit: Visited, cohort_id: FromPath[UUID], guest_id: FromPath[UUID]) -> Answer:
    """Their link stops working at once."""

    def work(db: Session, me: Me) -> None:
        _, guest = guest_for(db, me, cohort_id, guest_id)
        actions.end(db, guest, by=me, now=visit.now, new_id=visit.new_id)

    await visit.tell([cohort_id], work)
    return visit.go(f"/cohorts/{cohort_id}/guests/{guest_id}?done=ended")


@get(f"{GUEST}/minutes.csv", **signed_in)
async def minutes(visit: Visited, cohort_id: FromPath[UUID], guest_id: FromPath[UUID]) -> Answer:
    """What a guest is paid for: planned and held minutes of what they said yes to. No trainee stands in it."""

    def work(db: Session, me: Me) -> list[list[str]]:
        guest_for(db, me, cohort_id, guest_id)
        found = queries.invited(db, cohort_id, guest_id)
        if not found:
            raise NotYours
        return [_line(each, visit) for each in found[0].encounters if _counts(each, visit)]

    heads = ["Date", "From", "To", "Time zone", "Minutes planned", "Minutes held"]
    return Response(
        csv_file([heads, *await visit.read(work)]),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="minutes.csv"', "cache-control": "private, no-store"},
    )


def _counts(each: Booked, visit: Visit) -> bool:
    """What they had said yes to, also where it was called off since: whether that is paid is the centre's affair."""
    return each.answer == "accepted" and each.standing(visit.now) is not Standing.UNANSWERED


def _line(each: Booked, visit: Visit) -> list[str]:
    held = each.held(visit.now)
    return [
        f"{each.meets.on(each.zone):%Y-%m-%d}",
        clock(each.starts_at, each.zone),
        clock(each.ends_at, each.zone),
        each.zone,
        str(each.minutes),
        "" if held is None else str(held),
    ]


routes = [show_all, invite, show, ask, send_link, call_off, end, minutes, *visiting]
