"""The command `threefold letters`: every kind of letter the product sends, as files, in the order they would leave.

A made-up centre whose term crosses a clock change lives through a week of it: its people press the buttons of the real
pages, the clerk and the courier do what they always do, and only the clock is set by hand.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import click
from litestar import Litestar
from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.app import build_app
from threefold.clerk import Clerk
from threefold.commands.edge import complain, say
from threefold.concerns import actions as concerns
from threefold.core.grouping import Group
from threefold.core.reply import Answer, reply_address
from threefold.core.wishes import CHOICES
from threefold.demo import lived_in
from threefold.demo.people import TRAINEES
from threefold.logs import start_logging
from threefold.mail.carriers import FolderCarrier
from threefold.mail.courier import Courier
from threefold.mail.inbound import Arrived
from threefold.mail.letters import Postroom
from threefold.practice.incoming import Incoming
from threefold.settings import Settings
from threefold.store import migrations
from threefold.store.engine import Store
from threefold.store.reseating import Sitting, reseat, sittings_of
from threefold.store.rows import CohortRow, value
from threefold.store.sessions import begin
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
from threefold.web.security import Keys, new_token
from threefold.web.templates import environment

TODAY = datetime(2026, 10, 22, 11, 0, tzinfo=UTC)  # a Thursday in London, three days before the clocks go back
TUTOR = "Marion Shaw"
BY_FEED = {"Farid Rahimi", "Grace Liu", "Kit Thomas", "Mira Shah"}  # their calendar reads the feed; no invitations
EXTRA_PRACTICE = {
    "start": "17:00", "end": "19:00", "weeks": "1", "closes_time": "12:00", "place": "Library", "at_once": "1",
    "rounds": "3", "practice": "20", "feedback": "10", "opening": "10", "closing": "10", "most_each": "2",
    "if_two": "go_ahead", "steps_out_until": "2", "do": "open",
}  # fmt: skip
INDEX = "index.txt"


@click.command("letters")
@click.option(
    "--samples",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="An empty folder, or one to be made: 000001.eml and so on, and index.txt that says what each is.",
)
def letters(folder: Path) -> None:
    """Every kind of letter there is, as files: open them with your own mail program and calendar.

    They come from a made-up centre whose term crosses a clock change; nobody in it exists, and nothing is sent.
    """
    start_logging(level=logging.ERROR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = next(folder.iterdir(), None)
    except OSError as refused:
        complain.print(f"{folder} cannot be used: {refused.strerror}.")
        sys.exit(2)
    if taken is not None:
        complain.print(f"{folder} is not empty. Name a folder that is, or one to be made.")
        sys.exit(2)
    with TemporaryDirectory(prefix="threefold-letters-", ignore_cleanup_errors=True) as home:
        asyncio.run(write_samples(folder, Path(home), complain.print))
    count = len(list(folder.glob("*.eml")))
    say.print(f"{count} letters are in {folder}; {INDEX} says what each of them is.")


async def write_samples(folder: Path, home: Path, told: Callable[[str], object]) -> None:
    """Write the letters and their index into `folder`. `home` is for the centre itself; `told` hears how far it is."""
    settings = Settings(
        data_folder=home,
        base_url="https://practice.elmhouse.example",
        secret="made-up-people-have-no-secrets-0123456789",  # noqa: S106 - and this is theirs
        sender="practice@elmhouse.example",
        centre="Elm House",
        contact="The office, 01632 960000, office@elmhouse.example",
        replies=True,
    )
    migrations.upgrade(settings.database)
    store = Store.open(settings.database)
    try:
        await Centre(store, settings, folder, told).live()
    finally:
        store.close_now()


@dataclass
class Centre:
    """The made-up centre, its clock, and what has happened so far."""

    store: Store
    settings: Settings
    folder: Path
    told: Callable[[str], object]
    now: datetime = TODAY
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app: Litestar = build_app(self.settings, self.store, clock=lambda: self.now)
        self.postroom = Postroom(self.settings, environment())
        carrier = FolderCarrier(self.folder)
        self.courier = Courier(self.store, [carrier], sender=self.settings.sender, clock=lambda: self.now)
        self.clerk = Clerk(self.store, self.postroom, clock=lambda: self.now)
        self.browsers: dict[UUID, str] = {}

    async def live(self) -> None:
        """A term is published; then comes a week in which everything happens."""
        self.told("A term of ten evenings is published. This takes some seconds.")
        self.now = await self.store.write(self._built)
        await self.leave("The tutor published the term: one letter with all dates, then one for each evening.")
        self.told("Then it changes, in every way there is.")
        self.now = TODAY
        self.cohort = await self.one(select(Cohort.id))
        self.evenings = await self.many(select(PracticeSession.id).order_by(PracticeSession.number))
        await self.clerk.round()
        await self.leave("On the morning of a weekday tutors hear what there is to see.")
        await self.evenings_change()
        await self.people_change()
        await self.places_change()
        await self.somebody_comes()
        await self.somebody_is_worried()
        await self.a_guest_is_asked()
        await self.people_practise_more()
        await self.days_go_by()
        kinds = await self.many(select(Letter.kind).distinct().order_by(Letter.kind))
        self.lines += ["", f"Every kind: {' '.join(kinds)}", ""]
        (self.folder / INDEX).write_text("\n".join(self.lines), encoding="utf-8")

    def _built(self, db: Session) -> datetime:
        begun, _, _ = lived_in(db, self.settings, TODAY, invited={*TRAINEES} - BY_FEED)
        return begun.since

    # --- what happens ---------------------------------------------------------------------------------------------

    async def evenings_change(self) -> None:
        tutor = await self.person(TUTOR)
        sixth, seventh, eighth = self.evenings[5:8]
        as_it_is = {"minutes": "120", "place": "Elm House", "link": "", "do": "tell"}
        await self.press(tutor, f"/practice/{sixth}/change", as_it_is | {"date": "2026-10-29", "start": "19:00"})
        await self.leave("The tutor moved the evening of 29 October to 19:00, after the clocks have gone back.")
        room = await self.one(select(Triad.id).where(Triad.practice_id == seventh, Triad.number == 1))
        words = as_it_is | {"date": "2026-11-05", "start": "18:30", f"room-{room}": "The garden room"}
        triads = (await self.many(select(Triad.id).where(Triad.practice_id == seventh).order_by(Triad.number)))[1:]
        words |= {f"room-{triad}": f"Room {number}" for number, triad in enumerate(triads, start=3)}
        await self.press(tutor, f"/practice/{seventh}/change", words)
        await self.leave("The first group of 5 November meets in another room.")
        first, other = await self.many(
            select(Seat.id)
            .join(Triad)
            .where(Triad.practice_id == seventh, Triad.number.in_((1, 2)), Seat.position == 0)
        )
        await self.press(tutor, f"/practice/{seventh}/swap", {"one": str(first), "other": str(other), "do": "tell"})
        await self.leave("Two people of 5 November take each other’s place.")
        await self.press(tutor, f"/practice/{eighth}/cancellation", {"do": "tell"})
        await self.leave("The tutor called the evening of 12 November off.")
        words = {"date": "2026-12-03", "start": "18:30", "minutes": "120", "place": "Elm House", "link": ""}
        await self.press(tutor, f"/cohorts/{self.cohort}/sessions/new", words)
        await self.leave("The tutor added an evening on 3 December.")

    async def people_change(self) -> None:
        tutor, amara = await self.person(TUTOR), await self.person("Amara Okafor")
        seat = await self.seat_of("Amara Okafor", self.evenings[8])
        await self.press(amara, f"/seats/{seat}/withdrawal")
        await self.leave("Amara said that she can’t make it on 19 November.")
        await self.press(amara, f"/seats/{seat}/return")
        await self.leave("Amara can make it after all: a new invitation, since calendars re-open none.")
        await self.press(amara, "/calendar/choice", {"calendar": "invitations", "shows": "quiet"})
        await self.leave("Amara wants her calendar to show the time and place only.")
        ben = await self.member("Ben Hughes")
        words = {"name": "Ben Hughes", "email": "ben.hughes@example.org"}
        await self.press(tutor, f"/cohorts/{self.cohort}/people/{ben}", words)
        await self.leave("Ben’s address was put right: the old one lets go of his evenings, the new one gets them all.")
        await self.press(tutor, f"/cohorts/{self.cohort}/people/{await self.member('Dev Mehta')}/removal")
        await self.leave("Dev left the group; those he would have met hear who is left.")

    async def places_change(self) -> None:
        sixth, farid = self.evenings[5], await self.member("Farid Rahimi")
        await self.store.write(lambda db: self._without(db, farid, sixth))
        await self.press(await self.person("Farid Rahimi"), f"/practice/{sixth}/standby")
        seat = await self.seat_of("Grace Liu", sixth)
        await self.press(await self.person("Grace Liu"), f"/seats/{seat}/withdrawal", {"choice": f"cover-{farid}"})
        await self.clerk.round()
        await self.leave(
            "Farid has no place on 29 October any more, and stands by for it; Grace asks him to come for her."
        )

    def _without(self, db: Session, member: UUID, practice: UUID) -> None:
        """The tutor sends somebody’s group on without them."""
        shape = value(CohortRow, db.get_one(Cohort, self.cohort)).shape
        groups = sittings_of(db, practice)
        for place, one in enumerate(groups):
            if member in one.members:
                left = tuple(str(each) for each in one.members if each != member)
                groups[place] = replace(Sitting.of(Group(left), shape), room=one.room, triad_id=one.triad_id)
        reseat(db, practice, groups, domain=self.settings.mail_domain, now=self.now, new_id=Ids(self.now))

    async def somebody_comes(self) -> None:
        tutor = await self.person(TUTOR)
        words = {"tutor_name": "Joan Ellis", "tutor_email": "joan.ellis@example.com"}
        await self.press(tutor, f"/cohorts/{self.cohort}/people/tutors", words)
        await self.leave("The tutor invited Joan to teach with her.")
        await self.press(None, "/sign-in", {"email": "esther.cohen@example.com"})
        await self.leave("Esther asked to sign in.")
        await self.answers("Hanna Kaya", self.evenings[9], "DECLINED")
        await self.leave("Hanna’s calendar said no to 26 November: was that her? Her tutors are told.")
        await self.answers("Ioan Popescu", self.evenings[9], "COUNTER")
        await self.leave("Ioan’s calendar proposed another time for 26 November.")
        proposal = await self.one(select(Reply.id).where(Reply.answer == Answer.COUNTER.value))
        await self.press(tutor, f"/practice/{self.evenings[9]}/proposals/{proposal}")
        await self.leave("The tutor kept the time: Ioan’s calendar gets the evening once more, as it was.")

    async def somebody_is_worried(self) -> None:
        email = await self.one(select(Person.email).where(Person.name == TUTOR))
        ids, now = Ids(self.now), self.now
        await self.store.write(lambda db: concerns.name_reader(db, email, by=None, now=now, new_id=ids))
        await self.press(await self.person("Grace Liu"), "/concerns", {"words": "Somebody here has gone very quiet."})
        await self.clerk.round()
        await self.leave("Somebody is worried about someone: whoever reads that hears that something is waiting.")

    async def a_guest_is_asked(self) -> None:
        tutor, guests, last = await self.person(TUTOR), f"/cohorts/{self.cohort}/guests", self.evenings[9]
        words = {"name": "Robin Vale", "email": "robin.vale@example.net", "until": "2026-12-12", "most": "3"}
        await self.press(tutor, guests, words)
        robin = f"{guests}/{await self.one(select(Guest.id))}"
        group = await self.one(select(Triad.id).where(Triad.practice_id == last, Triad.number == 1))
        words = {"practice": str(last), "round": f"{group}:2", "brief": "You are Sol, who has moved back home."}
        await self.press(tutor, f"{robin}/encounters", words)
        await self.press(tutor, f"{robin}/link", {"until": "2026-12-12"})
        await self.leave("The tutor invited Robin, an actor, to be the client of a round on 26 November.")
        await self.press(tutor, f"{robin}/encounters/{await self.one(select(Encounter.id))}/ending")
        await self.clerk.round()
        await self.leave("Robin need not come after all.")

    async def people_practise_more(self) -> None:
        tutor = await self.person(TUTOR)
        amara, ben, chloe, grace, esther = [
            await self.person(name)
            for name in ("Amara Okafor", "Ben Hughes", "Chloé Martin", "Grace Liu", "Esther Cohen")
        ]
        windows = f"/cohorts/{self.cohort}/windows"
        await self.press(tutor, windows, EXTRA_PRACTICE | {"date": "2026-11-10", "way": "joined"})
        await self.clerk.round()
        await self.leave("The tutor opened a time for extra practice on 10 November.")
        extra = await self.one(select(PracticeSession.id).where(PracticeSession.window_id.is_not(None)))
        await self.press(amara, f"/practice/{extra}/triads")
        triad = await self.one(select(Triad.id).where(Triad.practice_id == extra))
        await self.press(ben, f"/triads/{triad}/seats")
        await self.press(chloe, f"/triads/{triad}/seats")
        await self.press(esther, f"/practice/{extra}/waiting")
        await self.leave(
            "Amara started a triad, Ben and Chloé joined her; Esther wants to hear when a place comes free."
        )
        await self.press(ben, f"/seats/{await self.seat_of('Ben Hughes', extra)}/stepping-out")
        await self.clerk.round()
        await self.leave("Ben stepped out: his place is kept for Esther, who had asked to be told.")
        matched = {"date": "2026-11-11", "way": "matched", "closes_date": "2026-10-30"}
        await self.press(tutor, windows, EXTRA_PRACTICE | matched)
        window = await self.one(select(PracticeWindow.id).where(PracticeWindow.way == "matched"))
        await self.press(grace, f"/windows/{window}/offer", {"wants": "1", "at-2026-11-11T17:00": "free"})
        await self.press(tutor, f"/windows/{window}/triads")
        await self.clerk.round()
        await self.leave("Times could be offered for 11 November; only Grace did, so there was no triad for her.")

    async def days_go_by(self) -> None:
        joy = await self.person("Joy Adeyemi")
        ways = {choice.kind.value: "now" for choice in CHOICES.values() if not choice.for_tutors}
        await self.press(joy, "/me/letters", ways | {"feedback-wanted": "digest"})
        seat = await self.seat_of("Priya Nair", self.evenings[5])
        await self.press(await self.person("Priya Nair"), f"/seats/{seat}/withdrawal")
        await self.leave("Priya said that she can’t make it on 29 October.")
        await self.clerk.round()
        await self.leave("Her tutors hear of it a little later, if she has not taken it back by then.")
        triad, author = await self.unreflected()
        member = await self.one(select(Membership.id).where(Membership.person_id == author))
        path = f"/feedback/{triad[0]}/{triad[1]}/nudges"
        await self.press(await self.person(TUTOR), path, {"member": str(member)})
        await self.leave("The tutor asked somebody herself for what has not come in from last week.")
        await self.press(author, f"/feedback/{triad[0]}/{triad[1]}/skip")
        for day, hour, why in (
            (
                23,
                7,
                "On the morning after an evening people are asked for feedback.",
            ),
            (24, 7, "A day later, those who have not written are asked once more."),
            (26, 8, "On Monday comes what people wanted once a week, and the tutors’ own."),
            (27, 9, "Two days before an evening people are reminded."),
            (28, 9, "What is left of the week: feedback that was waited for is ready to read."),
            (28, 19, "A day before the evening Farid has not answered: Grace and the tutors hear so."),
        ):
            self.now = datetime(2026, 10, day, hour, tzinfo=UTC)
            await self.clerk.round()
            await self.leave(why)

    # --- how it happens -------------------------------------------------------------------------------------------

    async def leave(self, why: str) -> None:
        """Eleven minutes later the courier takes what is due; the index says why."""
        self.now += timedelta(minutes=11)
        before = set(self.folder.glob("*.eml"))
        while await self.courier.round():
            pass
        new = sorted(set(self.folder.glob("*.eml")) - before)
        if new:
            self.lines += ["", why] if self.lines else [why]
        self.lines += [_in_a_line(path) for path in new]

    async def press(self, person: UUID | None, path: str, fields: Mapping[str, str] | None = None) -> None:
        """Send a form of one of our own pages, as somebody's browser would."""
        headers = {"origin": self.settings.base_url, "sec-fetch-site": "same-origin"}
        form = dict(fields or {})
        if person is not None:
            token = await self._signed_in(person)
            headers["cookie"] = f"__Host-threefold={token}"
            form["_token"] = Keys(self.settings.secret).form_token(token)
        status = await _asked(self.app, self.settings.base_url, path, headers, urlencode(form).encode())
        if status != 303:
            raise RuntimeError(f"{path} answered {status}")

    async def _signed_in(self, person: UUID) -> str:
        if person not in self.browsers:
            token, id, now = new_token(), Ids(self.now)(), self.now
            await self.store.write(
                lambda db: begin(db, id=id, person_id=person, token=token, browser="Firefox on Linux", now=now)
            )
            self.browsers[person] = token
        return self.browsers[person]

    async def answers(self, name: str, practice: UUID, how: str) -> None:
        """Somebody's calendar answers an invitation by mail."""
        seat_id = await self.seat_of(name, practice)
        seat = await self.one(select(Seat).where(Seat.id == seat_id))
        email = await self.one(select(Person.email).where(Person.name == name))
        to = reply_address(self.settings.secret, self.settings.sender, seat_id)
        content = _reply(seat.uid, seat.sequence, email, to, how, self.now)
        await Incoming(self.store, self.postroom, lambda: self.now).take(Arrived(content, (to,), email))

    # --- who and where ----------------------------------------------------------------------------------------------

    async def one(self, asked: Any) -> Any:
        return await self.store.read(lambda db: db.scalars(asked.limit(1)).one())

    async def many(self, asked: Any) -> Sequence[Any]:
        return await self.store.read(lambda db: db.scalars(asked).all())

    async def person(self, name: str) -> UUID:
        return UUID(str(await self.one(select(Person.id).where(Person.name == name))))

    async def member(self, name: str) -> UUID:
        return UUID(str(await self.one(select(Membership.id).join(Person).where(Person.name == name))))

    async def seat_of(self, name: str, practice: UUID) -> UUID:
        asked = select(Seat.id).where(
            Seat.practice_id == practice, Seat.membership_id == await self.member(name), Seat.given_up_at.is_(None)
        )
        return UUID(str(await self.one(asked)))

    async def unreflected(self) -> tuple[tuple[UUID, int], UUID]:
        """A round held a week ago that its counsellor has not looked back on, and who that is."""
        row = await self.store.read(
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
                .where(Seat.practice_id == self.evenings[3], Turn.role == "counsellor", Piece.id.is_(None))
                .order_by(Turn.triad_id, Turn.round)
            ).first()
        )
        if row is None:
            raise RuntimeError("everybody has looked back")
        return (row.triad_id, row.round), row.person_id


def _in_a_line(path: Path) -> str:
    """000001.eml  To: Amara Okafor  Your practice sessions, …  (REQUEST)"""
    message = BytesParser(_class=EmailMessage, policy=SMTP).parsebytes(path.read_bytes())
    methods = [part.get_param("method") for part in message.walk() if part.get_content_type() == "text/calendar"]
    calendar = f"  (calendar: {methods[0]})" if methods else ""
    return f"{path.name}  {message['To']}  {message['Subject']}{calendar}"


async def _asked(app: Litestar, base: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
    """The status with which the application answers one form."""
    host = urlsplit(base).netloc
    words = {"host": host, "content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
    statuses: list[int] = []
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(parts, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in {**words, **headers}.items()],
        "client": ("127.0.0.1", 1),
        "server": (host, 443),
    }
    await app(scope, receive, send)
    return statuses[0]


def _reply(uid: str, sequence: int, attendee: str, organizer: str, how: str, now: datetime) -> bytes:
    """What a calendar sends back: REPLY for a "no", COUNTER with another time."""
    method = "COUNTER" if how == "COUNTER" else "REPLY"
    answer = "TENTATIVE" if how == "COUNTER" else how
    event = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Some calendar//EN", f"METHOD:{method}", "BEGIN:VEVENT",
        f"UID:{uid}", f"SEQUENCE:{sequence}", f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}", "DTSTART:20261126T193000Z",
        "DTEND:20261126T213000Z", f"ATTENDEE;PARTSTAT={answer}:mailto:{attendee}", f"ORGANIZER:mailto:{organizer}",
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = attendee, organizer, answer.capitalize()
    message["Message-ID"] = f"<{re.sub(r'[^a-z0-9]', '', uid)[:20]}.{method.lower()}@example.com>"
    message.set_content("An answer to your invitation.")
    message.add_alternative("\r\n".join(event), subtype="calendar", params={"method": method})
    return message.as_bytes()
