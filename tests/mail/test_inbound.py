"""The door for replies: a real LMTP client, the real door, the real store; whatever is not ours stays outside."""

import asyncio
import smtplib
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
import pytest_asyncio
from msgspec.structs import replace
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id
from tests.house import NOON, settings_for
from tests.mail.answering import CALENDARS, Says, bounce, evolution, google, out_of_office
from tests.mail.dovecot import dovecot
from tests.mail.postfix import Postfix, postfix
from threefold import check
from threefold.core.reply import reply_address, return_address
from threefold.mail import door
from threefold.mail.door import Door
from threefold.mail.inbound import Arrived, BoxAddress, DoorAddress, Mailbox, Ours, Unreachable
from threefold.mail.letters import Postroom
from threefold.mail.outbox import Written, message_id, post
from threefold.mail.replies import MOST_BYTES
from threefold.practice.incoming import Incoming
from threefold.settings import Settings
from threefold.store.engine import Busy, Store
from threefold.store.tables import Deed, Letter, Membership, Person, Reply, Seat
from threefold.web.templates import environment

T = TypeVar("T")


@dataclass
class Gate:
    """An open door with a cohort behind it: Amara's seat tomorrow, and what a calendar says of it."""

    store: Store
    settings: Settings
    made: Class
    door: Door
    seat: UUID
    uid: str
    email: str

    @property
    def to(self) -> str:
        return reply_address(self.settings.secret, self.settings.sender, self.seat)

    def says(self, **changes: Any) -> Says:
        return Says(**{"uid": self.uid, "to": self.to, "attendee": self.email, **changes})

    async def talk(self, work: Callable[[smtplib.LMTP], T]) -> T:
        def talking() -> T:
            with smtplib.LMTP("127.0.0.1", self.door.port, local_hostname="mx.example.org") as client:
                return work(client)

        return await asyncio.to_thread(talking)

    async def deliver(self, content: bytes, *, to: str = "", sender: str = "amara@example.com") -> tuple[int, bytes]:
        """The answer to RCPT if it is a no, else to DATA."""

        def work(client: smtplib.LMTP) -> tuple[int, bytes]:
            client.ehlo_or_helo_if_needed()
            client.mail(sender)
            answer = client.rcpt(to or self.to)
            return client.data(content) if answer[0] == 250 else answer

        return await self.talk(work)

    async def replies(self) -> list[tuple[str, int, str | None]]:
        def work(db: Session) -> list[tuple[str, int, str | None]]:
            return [(r.answer, r.sequence, r.settled_as) for r in db.scalars(select(Reply).order_by(Reply.said_at))]

        return await self.store.read(work)

    async def letters(self) -> list[tuple[str, str]]:
        def work(db: Session) -> list[tuple[str, str]]:
            rows = db.execute(select(Letter.kind, Person.name).join(Person, Person.id == Letter.person_id))
            return sorted((kind, name) for kind, name in rows)

        return await self.store.read(work)


@asynccontextmanager
async def a_gate(store: Store, folder: Path, url: str = "lmtp://127.0.0.1:0", take: Any = None) -> AsyncIterator[Gate]:
    settings = settings_for(folder, replies=True)
    made = await a_cohort(store, tutors=2)
    seat = made.seats[1][made.members[0]]

    def work(db: Session) -> tuple[str, str]:
        found = db.execute(
            select(Seat.uid, Person.email)
            .join(Membership, Membership.id == Seat.membership_id)
            .join(Person, Person.id == Membership.person_id)
            .where(Seat.id == seat)
        ).one()
        return found.uid, found.email

    uid, email = await store.read(work)
    incoming = Incoming(store, Postroom(settings, environment()), lambda: NOON)
    door = Door(DoorAddress.from_url(url), Ours(settings.secret, settings.sender), take or incoming.take)
    await door.start()
    try:
        yield Gate(store, settings, made, door, seat, uid, email)
    finally:
        await door.stop()


@pytest_asyncio.fixture
async def gate(store: Store, tmp_path: Path) -> AsyncIterator[Gate]:
    async with a_gate(store, tmp_path) as made:
        yield made


@pytest.mark.heavy
def test_the_doors_library_is_loaded_by_those_who_open_it() -> None:
    loads = "import sys, threefold.check, threefold.commands.serving; print('aiosmtpd' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert told.stdout == "False\n"


# --- what is taken --------------------------------------------------------------------------------------------


async def test_eight_calendars_answer_and_every_answer_is_kept(gate: Gate) -> None:
    for hour, calendar in enumerate(CALENDARS):
        stamp = NOON - timedelta(hours=len(CALENDARS) - hour)
        assert await gate.deliver(calendar(gate.says(stamp=stamp))) == (250, b"2.0.0 Taken"), calendar.__name__
    assert await gate.replies() == [("accepted", 0, "overtaken")] * 7 + [("accepted", 0, None)]
    assert await gate.letters() == [], "a yes is shown; nobody needs a letter about it"


async def test_a_no_asks_the_person_and_tells_the_tutors_once(gate: Gate) -> None:
    content = google(gate.says(answer="DECLINED"))
    for _ in range(3):
        assert (await gate.deliver(content))[0] == 250
    by_another_way = b"Received: from elsewhere\r\n" + content
    assert (await gate.deliver(by_another_way))[0] == 250
    assert await gate.replies() == [("declined", 0, None)]
    told = [("decline-seen", "Amara Okafor"), ("declined", "Marion Shaw"), ("declined", "Marion Shaw 1")]
    assert await gate.letters() == told
    for minute in range(1, 4):
        await gate.deliver(google(gate.says(answer="DECLINED", stamp=NOON + timedelta(minutes=minute - 10))))
    assert await gate.letters() == told, "a calendar that repeats itself asks nobody again"


async def test_what_the_letters_say(gate: Gate) -> None:
    await gate.deliver(google(gate.says(answer="DECLINED")))

    def work(db: Session) -> list[Letter]:
        return list(db.scalars(select(Letter).order_by(Letter.id)))

    asked, told, _ = await gate.store.read(work)
    assert asked.subject == "Your calendar said no to Thursday 8 October. Was that you?"
    assert told.subject == "A calendar said no to Thursday 8 October"
    reply = await gate.store.read(lambda db: db.scalar(select(Reply.id)))
    assert f"http://127.0.0.1:8000/replies/{reply}".encode() in asked.message.replace(b"=\r\n", b"")
    assert b"Auto-Submitted: auto-generated" in asked.message
    assert b"Amara Okafor" in told.message
    assert (asked.recipient, asked.due_at) == (gate.email, NOON)


async def test_a_proposal_tells_the_tutors_the_time_and_answers_nothing(gate: Gate) -> None:
    await gate.deliver(google(gate.says(counter=True, answer="DECLINED")))
    assert await gate.replies() == [("counter", 0, None)]
    assert await gate.letters() == [("counter", "Marion Shaw"), ("counter", "Marion Shaw 1")]
    message = await gate.store.read(lambda db: db.scalar(select(Letter.message).limit(1)))
    assert message is not None
    whole = message.replace(b"=\r\n", b"")
    assert b"Thursday 8 October, 19:30" in whole
    reply = await gate.store.read(lambda db: db.scalar(select(Reply.id)))
    assert f"http://127.0.0.1:8000/practice/{gate.made.sessions[1]}/proposals/{reply}".encode() in whole


async def test_answers_that_come_late_and_out_of_order_change_nothing(gate: Gate) -> None:
    await gate.deliver(google(gate.says(answer="ACCEPTED", stamp=NOON - timedelta(minutes=1))))
    await gate.deliver(google(gate.says(answer="DECLINED", stamp=NOON - timedelta(minutes=2))))
    assert await gate.replies() == [("declined", 0, "overtaken"), ("accepted", 0, None)]
    assert await gate.letters() == []


async def test_a_yes_after_a_no_takes_it_back(gate: Gate) -> None:
    await gate.deliver(evolution(gate.says(answer="DECLINED", stamp=NOON - timedelta(minutes=5))))
    await gate.deliver(evolution(gate.says(answer="TENTATIVE", stamp=NOON - timedelta(minutes=4))))
    assert await gate.replies() == [("declined", 0, "overtaken"), ("tentative", 0, None)]


@pytest.mark.heavy
async def test_a_calendar_that_answers_in_circles_stops_being_kept(gate: Gate) -> None:
    for minute in range(45):
        answer = ("DECLINED", "ACCEPTED")[minute % 2]
        stamp = NOON - timedelta(minutes=60 - minute)
        assert (await gate.deliver(evolution(gate.says(answer=answer, stamp=stamp))))[0] == 250
    assert len(await gate.replies()) == 40


# --- what is not believed -------------------------------------------------------------------------------------


async def test_nothing_but_our_own_addresses_is_taken(gate: Gate) -> None:
    content = google(gate.says())
    local, _, domain = gate.to.partition("@")
    other_secret = reply_address("another secret", gate.settings.sender, gate.seat)
    for to in ("practice@elmhouse.example", "office@elmhouse.example", other_secret, "amara@example.com",
               f"{local[:-1]}@{domain}", f"{local}@elsewhere.example", "postmaster"):  # fmt: skip
        code, said = await gate.deliver(content, to=to)
        assert (code, said) == (550, b"5.1.1 Nobody here takes mail under this address"), to
    assert await gate.replies() == []
    assert (await gate.deliver(content, to=gate.to.upper()))[0] == 250


async def test_a_reply_about_another_persons_seat_is_nobodys(gate: Gate) -> None:
    ben = gate.made.seats[1][gate.made.members[1]]
    to_ben = reply_address(gate.settings.secret, gate.settings.sender, ben)
    assert (await gate.deliver(google(gate.says(answer="DECLINED")), to=to_ben))[0] == 250
    other_uid = gate.says(answer="DECLINED", uid="made-up@elmhouse.example")
    assert (await gate.deliver(google(other_uid)))[0] == 250
    assert await gate.replies() == []
    assert await gate.letters() == []


async def test_automatic_answers_go_nowhere(gate: Gate) -> None:
    for sender in ("", "amara@example.com"):
        assert (await gate.deliver(out_of_office(to=gate.to), sender=sender))[0] == 250
    assert (await gate.replies(), await gate.letters()) == ([], [])


async def test_one_recipient_a_message(gate: Gate) -> None:
    def work(client: smtplib.LMTP) -> list[int]:
        client.ehlo_or_helo_if_needed()
        client.mail("amara@example.com")
        return [client.rcpt(gate.to)[0], client.rcpt(gate.to)[0], client.rset()[0]]

    assert await gate.talk(work) == [250, 452, 250]


async def test_a_seat_that_is_gone_and_one_that_was_given_up(gate: Gate) -> None:
    nobody = reply_address(gate.settings.secret, gate.settings.sender, an_id())
    assert (await gate.deliver(google(gate.says(answer="DECLINED")), to=nobody))[0] == 250
    given_up = update(Seat).where(Seat.id == gate.seat).values(given_up_at=NOON)
    await gate.store.write(lambda db: db.execute(given_up) and None)
    assert (await gate.deliver(google(gate.says(answer="DECLINED"))))[0] == 250
    assert await gate.replies() == [("declined", 0, "overtaken")]
    assert await gate.letters() == []


# --- more than any reply --------------------------------------------------------------------------------------


@pytest.mark.heavy
async def test_thirty_megabytes_are_refused_in_bounded_memory(gate: Gate) -> None:
    def announced(client: smtplib.LMTP) -> int:
        client.ehlo_or_helo_if_needed()
        return client.mail("amara@example.com", ["SIZE=30000000"])[0]

    assert await gate.talk(announced) == 552
    tracemalloc.start()
    lines = b"x" * 998 + b"\r\n"
    try:

        def sent(client: smtplib.LMTP) -> bytes:
            client.ehlo_or_helo_if_needed()
            client.mail("amara@example.com")
            client.rcpt(gate.to)
            client.docmd("DATA")
            for _ in range(30):
                client.send(lines * 1000)
            client.send(b".\r\n")
            return client.getreply()[0].to_bytes(2)

        assert await gate.talk(sent) == (552).to_bytes(2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
    assert (await gate.deliver(google(gate.says())))[0] == 250, "the door is open as before"


async def test_a_line_that_never_ends_ends_the_conversation(gate: Gate) -> None:
    def work(client: smtplib.LMTP) -> str:
        client.ehlo_or_helo_if_needed()
        client.mail("amara@example.com")
        client.rcpt(gate.to)
        client.docmd("DATA")
        try:
            for _ in range(400):
                client.send(b"x" * 100_000)
        except (OSError, smtplib.SMTPServerDisconnected):
            return "cut"
        return "swallowed 40 MB"

    assert await gate.talk(lambda client: expect_cut(client, work)) == "cut"
    assert (await gate.deliver(google(gate.says())))[0] == 250


def expect_cut(client: smtplib.LMTP, work: Callable[[smtplib.LMTP], T]) -> T:
    try:
        return work(client)
    finally:
        client.close()


async def test_too_many_conversations_are_asked_to_come_back(gate: Gate) -> None:
    open_ones = [socket.create_connection(("127.0.0.1", gate.door.port)) for _ in range(door.MOST_TALKS)]
    await asyncio.sleep(0.1)
    with pytest.raises(smtplib.SMTPConnectError, match="Too many conversations"):
        await gate.talk(lambda client: client.noop())
    for each in open_ones:
        each.close()
    await asyncio.sleep(0.1)
    assert (await gate.deliver(google(gate.says())))[0] == 250


# --- taken means kept -----------------------------------------------------------------------------------------


async def test_busy_or_broken_means_later_and_never_taken(store: Store, tmp_path: Path) -> None:
    trouble: list[Exception] = [Busy("the disk is full"), RuntimeError("unforeseen")]

    async def take(_arrived: Arrived) -> bool:
        raise trouble.pop(0)

    async with a_gate(store, tmp_path, take=take) as gate:
        for _ in range(2):
            assert (await gate.deliver(google(gate.says())))[0] == 451
        assert trouble == []


async def test_a_door_that_speaks_smtp(store: Store, tmp_path: Path) -> None:
    async with a_gate(store, tmp_path, "smtp://127.0.0.1:0") as gate:

        def work() -> dict[str, tuple[int, bytes]]:
            with smtplib.SMTP("127.0.0.1", gate.door.port) as client:
                return client.sendmail("amara@example.com", [gate.to], google(gate.says()))

        assert await asyncio.to_thread(work) == {}
        assert await gate.replies() == [("accepted", 0, None)]


# --- letters that come back -----------------------------------------------------------------------------------


async def a_letter(gate: Gate, words: str, *, sent: bool) -> UUID:
    id_, person = an_id(), gate.made.people[0]
    letter = Written(
        id=id_, once=words, lane=f"term:{words}", kind="invitation", person_id=person, cohort_id=gate.made.cohort,
        recipient=gate.email, subject=words, message=words.encode(), message_id=message_id(id_, "elmhouse.example"),
        due_at=NOON,
    )  # fmt: skip

    def work(db: Session) -> None:
        post(db, letter, NOON)
        if sent:
            db.execute(update(Letter).where(Letter.id == id_).values(sent_at=NOON))

    await gate.store.write(work)
    return id_


async def state(gate: Gate) -> tuple[bool, list[str]]:
    """Whether Amara's address is marked, and the troubles of her letters."""

    def work(db: Session) -> tuple[bool, list[str]]:
        marked = db.get_one(Person, gate.made.people[0]).unreachable_since is not None
        return marked, list(db.scalars(select(Letter.trouble).order_by(Letter.once)))

    return await gate.store.read(work)


@pytest.mark.parametrize("way", ["return address", "message-id"])
async def test_a_letter_that_comes_back_marks_the_address_and_stops_what_waits(gate: Gate, way: str) -> None:
    sent = await a_letter(gate, "1 sent", sent=True)
    await a_letter(gate, "2 waits", sent=False)
    to = return_address(gate.settings.secret, gate.settings.sender, sent) if way == "return address" else ""
    named = message_id(sent, "elmhouse.example") if way == "message-id" else ""
    report = bounce(to=to, recipient=gate.email.upper(), message_id=named)
    for _ in range(2):
        assert (await gate.deliver(report, to=to or gate.settings.sender, sender=""))[0] == 250
    assert await state(gate) == (True, ["", "stopped: 5.1.1: a letter to this address came back"])
    deeds = select(func.count()).where(Deed.verb == "letter came back")
    assert await gate.store.read(lambda db: db.scalar(deeds)) == 1


async def test_reports_that_are_made_up_or_about_something_else_mark_nobody(gate: Gate) -> None:
    sent = await a_letter(gate, "1 sent", sent=True)
    named = message_id(sent, "elmhouse.example")
    for report in (
        bounce(to="", recipient=gate.email, message_id="<made-up@elmhouse.example>"),
        bounce(to="", recipient=gate.email),
        bounce(to="", recipient="somebody.else@example.com", message_id=named),
        bounce(to="", recipient=gate.email, message_id=named, status="5.2.2"),
        bounce(to="", recipient=gate.email, message_id=named, status="4.4.1", action="delayed"),
    ):
        assert (await gate.deliver(report, to=gate.settings.sender, sender=""))[0] == 250
    assert await state(gate) == (False, [""])
    assert (await gate.deliver(bounce(to="", recipient=gate.email), to=gate.settings.sender))[0] == 550


async def test_an_address_that_was_corrected_since_is_not_blamed(gate: Gate) -> None:
    sent = await a_letter(gate, "1 sent", sent=True)
    corrected = update(Person).where(Person.id == gate.made.people[0])
    await gate.store.write(
        lambda db: db.execute(corrected.values(email="new@example.com", email_key="new@example.com")) and None
    )
    report = bounce(to="", recipient=gate.email, message_id=message_id(sent, "elmhouse.example"))
    await gate.deliver(report, to=gate.settings.sender, sender="")
    assert await state(gate) == (False, [""])


# --- addresses of the ways in ---------------------------------------------------------------------------------


def test_urls_say_where_replies_come_in() -> None:
    assert DoorAddress.from_url("lmtp://127.0.0.1:2424") == DoorAddress("lmtp", "127.0.0.1", 2424)
    for url in ("", "lmtp://127.0.0.1", "http://127.0.0.1:2424", "lmtp://:2424", "lmtp://127.0.0.1:99999"):
        with pytest.raises(ValueError, match="THREEFOLD_INBOUND must look like"):
            DoorAddress.from_url(url)
    box = BoxAddress.from_url("imaps://practice%40elmhouse.example:p%40ss@mail.example.org/Replies%20here")
    assert box == BoxAddress("mail.example.org", 993, True, "practice@elmhouse.example", "p@ss", "Replies here")
    assert BoxAddress.from_url("imap://me:word@127.0.0.1:1143").folder == "INBOX"
    for url in ("imaps://mail.example.org", "pop3://me:word@mail.example.org", "imaps://me:word@mail:port"):
        with pytest.raises(ValueError, match="THREEFOLD_IMAP_URL must look like"):
            BoxAddress.from_url(url)
    with pytest.raises(ValueError, match="in the open"):
        BoxAddress.from_url("imap://me:word@mail.example.org")


def test_check_says_what_keeps_replies_from_coming_in(tmp_path: Path) -> None:
    on = settings_for(tmp_path, replies=True, inbound="lmtp://127.0.0.1:2424")
    assert check.replies(settings_for(tmp_path)) == ()
    assert check.replies(on) == ()
    problems = {
        "nothing takes in": replace(on, inbound=""),
        "THREEFOLD_REPLIES is off": replace(on, replies=False),
        "THREEFOLD_INBOUND must look like": replace(on, inbound="2424"),
        "THREEFOLD_IMAP_URL must look like": replace(on, imap_url="mail.example.org"),
        "may have 21 letters": replace(on, sender="practice-groups-of-our-school@elmhouse.example"),
    }
    for words, settings in problems.items():
        assert [words in each for each in check.replies(settings)] == [True], words


# --- a real mail server hands over ----------------------------------------------------------------------------


@pytest.mark.heavy
async def test_a_real_postfix_hands_over_and_comes_again_when_asked_to(store: Store, tmp_path: Path) -> None:
    busy = [Busy("not now"), Busy("not now")]
    incoming: list[Incoming] = []

    async def take(arrived: Arrived) -> bool:
        if busy:
            raise busy.pop()
        return await incoming[0].take(arrived)

    async with a_gate(store, tmp_path, take=take) as gate:
        incoming.append(Incoming(store, Postroom(gate.settings, environment()), lambda: NOON))

        async def until(done: Callable[[], Awaitable[bool]]) -> None:
            for _ in range(300):
                if await done():
                    return
                await asyncio.sleep(0.1)
            pytest.fail(server.said()[-3000:])

        with ExitStack() as stack:
            server = await asyncio.to_thread(lambda: stack.enter_context(postfix(gate.door.port)))
            # Eight calendars; the first two tries find the database busy.
            for hour, calendar in enumerate(CALENDARS):
                content = calendar(gate.says(answer="DECLINED", stamp=NOON - timedelta(hours=20 - hour)))
                await asyncio.to_thread(server.send, gate.email, gate.to, content)
            await until(lambda: has(gate, 8))
            answers = {answer for answer, _, _ in await gate.replies()}
            assert (answers, busy) == ({"declined"}, [])
            assert "451 4.3.0 Not now" in server.said()

            # What is not ours is refused; what is too large it does not even hand over, having been told the limit: by
            # itself, or at our word where it goes on with a conversation in which it was told earlier.
            local, _, domain = gate.to.partition("@")
            await asyncio.to_thread(server.send, "", f"{local[:-1]}@{domain}", google(gate.says()))
            await asyncio.to_thread(server.send, "", gate.to, google(gate.says()) + b"x" * 2_000_000)
            await until(lambda: told(server, "550 5.1.1 Nobody here"))
            await until(lambda: told_any(server, "dsn=5.3.4", "552 Error: message size exceeds"))
            assert len(await gate.replies()) == 8

            # A letter of ours to somebody this server does not know comes back as its own report.
            letter = await a_letter(gate, "1 sent", sent=True)
            await a_letter(gate, "2 waits", sent=False)
            back = return_address(gate.settings.secret, gate.settings.sender, letter)
            words = f"Message-ID: {message_id(letter, 'elmhouse.example')}\r\nSubject: Practice\r\n\r\nHello\r\n"
            await asyncio.to_thread(server.send, back, gate.email, words.encode())
            await until(lambda: is_marked(gate))
            assert "stopped: 5.1.1: a letter to this address came back" in (await state(gate))[1]


async def has(gate: Gate, replies: int) -> bool:
    return len(await gate.replies()) == replies


async def told(server: Postfix, *words: str) -> bool:
    return all(word in server.said() for word in words)


async def told_any(server: Postfix, *words: str) -> bool:
    return any(word in server.said() for word in words)


async def is_marked(gate: Gate) -> bool:
    return (await state(gate))[0]


# --- a mailbox is looked into ---------------------------------------------------------------------------------


@pytest.mark.heavy
async def test_a_mailbox_of_a_real_dovecot_is_looked_into(gate: Gate) -> None:
    incoming = Incoming(gate.store, Postroom(gate.settings, environment()), lambda: NOON)
    letter = await a_letter(gate, "1 sent", sent=True)
    with ExitStack() as stack:
        server = await asyncio.to_thread(lambda: stack.enter_context(dovecot()))
        words = f"From: ben@example.com\r\nTo: {gate.settings.sender}\r\nSubject: Hello\r\n\r\nI'm looking forward.\r\n"
        report = bounce(to="", recipient=gate.email, message_id=message_id(letter, "elmhouse.example"))
        to_no_tag = evolution(gate.says(answer="TENTATIVE")).replace(
            f"To: {gate.to}".encode(), b"To: practice@x.example"
        )
        for content in (
            google(gate.says(answer="DECLINED", stamp=NOON - timedelta(hours=2))),
            words.encode(),
            report,
            google(gate.says()) + b"x" * MOST_BYTES,
            to_no_tag,  # the secret stands in the organiser alone
        ):
            await asyncio.to_thread(server.put, content)
        mailbox = Mailbox(BoxAddress.from_url(server.url), incoming.take, lambda: datetime.now(UTC))
        await mailbox.greet()
        assert [await mailbox.look(), await mailbox.look()] == [3, 0]
        assert await gate.replies() == [("declined", 0, "overtaken"), ("tentative", 0, None)]
        assert (await state(gate))[0]
        ours, others = ["Threefold", "\\Seen"], ["Threefold"]
        assert await asyncio.to_thread(server.flags) == [ours, others, ours, others, ours]

        await asyncio.to_thread(server.put, google(gate.says()))
        busy = Mailbox(BoxAddress.from_url(server.url), later, lambda: datetime.now(UTC))
        with pytest.raises(Busy):
            await busy.look()
        assert (await asyncio.to_thread(server.flags))[-1] == [], "what could not be taken waits for the next look"

        wrong = BoxAddress.from_url(server.url.replace("wo%22rd", "another"))
        with pytest.raises(Unreachable, match="says no"):
            await Mailbox(wrong, incoming.take, lambda: NOON).greet()
        missing = BoxAddress.from_url(server.url.replace("Replies", "Nowhere"))
        with pytest.raises(Unreachable, match="says no"):
            await Mailbox(missing, incoming.take, lambda: NOON).greet()


async def later(_arrived: Arrived) -> bool:
    raise Busy("not now")


async def test_a_mailbox_that_cannot_be_reached_says_so_and_waits() -> None:
    box = Mailbox(BoxAddress.from_url("imap://me:word@127.0.0.1:1"), later, lambda: NOON)
    with pytest.raises(Unreachable, match="cannot be reached"):
        await box.look()
    box.start()
    async with asyncio.timeout(20):
        while not box.trouble:  # noqa: ASYNC110 - it is only ever set
            await asyncio.sleep(0.05)
    await box.stop()
    assert box.trouble == "the mailbox’s server cannot be reached"
