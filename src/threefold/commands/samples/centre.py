"""The made-up centre of the samples: its clock, its people's hands, and the courier that takes what is due."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from litestar import Litestar
from sqlalchemy import select

from threefold.app import build_app
from threefold.clerk import Clerk
from threefold.core.reply import reply_address
from threefold.mail.carriers import FolderCarrier
from threefold.mail.courier import Courier
from threefold.mail.inbound import Arrived
from threefold.mail.letters import Postroom
from threefold.practice.incoming import Incoming
from threefold.settings import Settings
from threefold.store.engine import Store
from threefold.store.sessions import begin
from threefold.store.tables import Membership, Person, Seat
from threefold.web.ids import Ids
from threefold.web.security import Keys, new_token
from threefold.web.templates import environment

TODAY = datetime(2026, 10, 22, 11, 0, tzinfo=UTC)  # a Thursday in London, three days before the clocks go back


@dataclass
class Centre:
    """The made-up centre, its clock, and what has happened so far; `cohort` and `evenings` once there is a term."""

    store: Store
    settings: Settings
    folder: Path
    told: Callable[[str], object]
    now: datetime = TODAY
    lines: list[str] = field(default_factory=list)
    cohort: UUID = field(init=False)
    evenings: Sequence[UUID] = field(init=False)

    def __post_init__(self) -> None:
        self.app: Litestar = build_app(self.settings, self.store, clock=lambda: self.now)
        self.postroom = Postroom(self.settings, environment())
        carrier = FolderCarrier(self.folder)
        self.courier = Courier(self.store, [carrier], sender=self.settings.sender, clock=lambda: self.now)
        self.clerk = Clerk(self.store, self.postroom, clock=lambda: self.now)
        self.browsers: dict[UUID, str] = {}

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
