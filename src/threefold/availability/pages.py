"""When somebody could practise, said once for all their cohorts: the painted week, dates unlike it, their own calendar,
and what they need of a room. All of it is about the asker alone; no address here holds anybody else's id.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from sqlalchemy.orm import Session

from threefold.availability import actions, fetching, forms, queries, reading
from threefold.availability.actions import Conflict, Kept
from threefold.availability.queries import Mine
from threefold.core.availability import ALL_HOURS, Busy, Day, Need, day_in_words, hour_of, hours_of, in_words
from threefold.core.refusal import Refusal
from threefold.core.said import clock
from threefold.store.sessions import Me
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

HERE = "/availability"
DONE = {
    "saved": "Saved.",
    "dates": "Noted. Your usual week holds on every other date.",
    "usual": "Your usual week holds on that date again.",
    "back": "It’s back.",
    "zone": "Your hours are on that clock now.",
    "needs": "Noted. Whoever gives out rooms sees it, and no other trainee.",
    "calendar": "Read. Times your calendar takes count as not free.",
    "gone": "Your calendar is gone from here, and what it took is yours again.",
}
NEEDS = (
    (Need.STEP_FREE, "A way in without steps", ""),
    (Need.HEARING_LOOP, "A hearing loop", ""),
    (Need.QUIET, "A quiet room", "away from music, traffic or other groups"),
    (Need.NEAR_EXIT, "A seat near the way out", ""),
)
CHANGED = "This was changed in another window. Below is what you sent; save it again to keep it instead."


@dataclass(frozen=True)
class Shown:
    """The week as the page shows it: for each day and hour what is said; and the form as it was sent, if it was."""

    mine: Mine
    days: tuple[Day, ...]
    hours: range
    one_offs: tuple[tuple[date, str, str], ...]  # when, what is said of it, what the clocks do

    @property
    def words(self) -> str:
        return in_words(self.days)

    @property
    def hours_name(self) -> str:
        return forms.name_of(self.hours)

    def ticked(self, how: str, day: int, hour: int) -> bool:
        return hour_of(self.days[day], hour).value == how

    @property
    def elsewhere(self) -> bool:
        """Whether a session stands on another clock than one's own."""
        return any(each.zone != self.mine.zone for each in self.mine.planned)


def shown(visit: Visit, mine: Mine, sent: Form | None) -> Shown:
    """The week as it is kept; where one was sent and refused, as it was sent."""
    days = mine.days
    if sent is not None and sent.has("hours"):
        days = forms.read_week(sent).over(days)
    wide = visit.request.query_params.get("hours") == "all" or (sent is not None and sent.get("hours") == "all")
    dates = tuple((on, day_in_words(day), clock.value) for on, day, clock in mine.one_offs)
    return Shown(mine, days, ALL_HOURS if wide else hours_of(days), dates)


async def availability_page(visit: Visit, refusal: Refusal | None = None, sent: Form | None = None) -> Answer:
    asked = visit.request.query_params
    mine = await visit.read(lambda db, me: queries.mine(db, me, visit.now))
    done = "" if refusal else DONE.get(asked.get("done", ""), "")
    return visit.page(
        "availability/show.html",
        status=422 if refusal else 200,
        page=shown(visit, mine, sent),
        sent=sent or Form(()),
        needs=NEEDS,
        done=done,
        undo=undo(asked) if done else None,
        problems=refusal.problems if refusal else (),
    )


def undo(asked: Any) -> tuple[tuple[str, str], ...] | None:
    """The fields that bring back a date that was let go of just now."""
    return (("on", asked["on"]), ("was", asked.get("was", ""))) if "on" in asked else None


@get(HERE, **signed_in)
async def show(visit: Visited) -> Answer:
    return await availability_page(visit)


@post(f"{HERE}/week", status_code=303, **signed_in)
async def keep_week(visit: Visited) -> Answer:
    """The usual week: sent by the list's button, or stroke by stroke by the grid, which is answered as JSON."""
    form = await visit.form()
    painted, version = forms.read_week(form), _version(form)

    def work(db: Session, me: Me) -> tuple[str, Kept]:
        zone = queries.zone_of(db, me, visit.now)
        return zone, actions.keep_week(db, me, painted, version, zone=zone, now=visit.now)

    zone, kept = await visit.write(work)
    if "application/json" in visit.request.headers.get("accept", ""):
        if isinstance(kept, Conflict):
            theirs = {**forms.fields_of(kept.days, painted.hours), "hours": forms.name_of(painted.hours)}
            return Response({"conflict": True, "version": kept.version, "theirs": theirs}, status_code=409)
        said = {"saved_at": clock(visit.now, zone), "version": kept.version, "words": in_words(kept.days)}
        return Response(said, status_code=200)
    if isinstance(kept, Conflict):
        return await availability_page(visit, Refusal.because(CHANGED, "week"), form)
    return visit.go(f"{HERE}?done=saved")


@post(f"{HERE}/zone", status_code=303, **signed_in)
async def move(visit: Visited) -> Answer:
    """The same hours, on the clock that one's details name."""

    def work(db: Session, me: Me) -> None:
        actions.move_to_zone(db, me, queries.home_zone(db, me, visit.now), now=visit.now)

    await visit.write(work)
    return visit.go(f"{HERE}?done=zone")


@post(f"{HERE}/dates", status_code=303, **signed_in)
async def say_dates(visit: Visited) -> Answer:
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | None:
        zone = queries.zone_of(db, me, visit.now)
        dates = forms.read_dates(Form(form.fields), zone=zone, today=visit.now.astimezone(ZoneInfo(zone)).date())
        if isinstance(dates, Refusal):
            return dates
        return actions.paint_dates(db, me, dates, zone=zone, now=visit.now)

    refusal = await visit.write(work)
    if refusal:
        return await availability_page(visit, refusal, form)
    return visit.go(f"{HERE}?done=dates#dates")


@post(f"{HERE}/dates/ending", status_code=303, **signed_in)
async def forget_date(visit: Visited) -> Answer:
    """The usual week again, for one date; the page that follows can undo it."""
    on = forms.read_date(await visit.form())

    def work(db: Session, me: Me) -> Day | None:
        return actions.forget_date(db, me, on) if on else None

    was = await visit.write(work)
    if on is None or was is None:
        return visit.go(f"{HERE}#dates")
    return visit.go(f"{HERE}?done=usual&on={on.isoformat()}&was={forms.day_as_words(was)}#dates")


@post(f"{HERE}/dates/return", status_code=303, **signed_in)
async def restore_date(visit: Visited) -> Answer:
    form = await visit.form()
    on, day = forms.read_date(form), forms.read_day(form.get("was"))

    def work(db: Session, me: Me) -> None:
        zone = queries.home_zone(db, me, visit.now)
        if on and _is_near(on, visit.now.date()):
            actions.restore_date(db, me, on, day, zone=zone, now=visit.now)

    await visit.write(work)
    return visit.go(f"{HERE}?done=back#dates")


# --- one's own calendar -----------------------------------------------------------------------------------------


@post(f"{HERE}/calendar", status_code=303, **signed_in)
async def give_calendar(visit: Visited) -> Answer:
    """An address, which is read again now and then, or a file, which is read once."""
    form = await visit.form()
    address, file = fetching.tidied(form.get("address")), form.files.get("calendar")
    zone = await visit.read(lambda db, me: queries.zone_of(db, me, visit.now))  # nobody else has us ask anywhere
    busy: Busy | Refusal
    if file is not None:
        address, busy = "", await reading.read(file.content, zone, visit.house.settings, visit.now)
    elif address:
        busy = await reading.read_at(address, zone, visit.house.settings, visit.now)
    else:
        busy = Refusal.because("Enter the address of your calendar, or choose a file", "address")
    if isinstance(busy, Refusal):
        return await availability_page(visit, busy, form)
    found = busy
    await visit.write(lambda db, me: actions.keep_calendar(db, me, address, found, now=visit.now, new_id=visit.new_id))
    return visit.go(f"{HERE}?done=calendar#calendar-card")


@post(f"{HERE}/calendar/reading", status_code=303, **signed_in)
async def read_again(visit: Visited) -> Answer:
    """Read the calendar again now; one that was read a moment ago is not asked for once more."""
    found = await visit.read(lambda db, me: (me.id, queries.due_now(db, me, visit.now)))
    person_id, due = found
    if due is not None:
        busy = await reading.read_at(due.address, due.zone, visit.house.settings, visit.now)
        await visit.write(lambda db, _me: actions.keep_reading(db, person_id, due.address, busy, now=visit.now))
    return visit.go(f"{HERE}#calendar-card")


@post(f"{HERE}/calendar/ending", status_code=303, **signed_in)
async def forget_calendar(visit: Visited) -> Answer:
    await visit.write(lambda db, me: actions.forget_calendar(db, me, now=visit.now, new_id=visit.new_id))
    return visit.go(f"{HERE}?done=gone#calendar-card")


@post(f"{HERE}/needs", status_code=303, **signed_in)
async def say_needs(visit: Visited) -> Answer:
    form = await visit.form()
    needs = {Need(value) for value in form.all("needs") if value in {need.value for need in Need}}
    await visit.write(lambda db, me: actions.say_needs(db, me, needs, now=visit.now, new_id=visit.new_id))
    return visit.go(f"{HERE}?done=needs#needs")


def _is_near(on: date, today: date) -> bool:
    return -2 <= (on - today).days <= 800


def _version(form: Form) -> int:
    typed = form.get("version").strip()
    return int(typed[:9]) if typed.isascii() and typed.isdigit() else 0


routes = [
    *(show, keep_week, move, say_dates, forget_date, restore_date, say_needs),
    *(give_calendar, read_again, forget_calendar),
]
