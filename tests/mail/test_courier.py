"""The courier against a real mail server: order, retries, refusals, leases, and never a letter twice."""

import asyncio
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import a_person, an_id
from tests.house import settings_for
from tests.mail.server import Mailbox, mail_server
from threefold.check import letters
from threefold.mail import carriers
from threefold.mail.carriers import Held, MailServer, SmtpCarrier
from threefold.mail.claims import claim
from threefold.mail.courier import Courier
from threefold.mail.outbox import Written, message_id, post
from threefold.store.engine import Store
from threefold.store.tables import Letter, Person

NOON = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)


class Hands:
    """A courier with a clock that can be set."""

    def __init__(self, store: Store, box: Mailbox, url: str = "") -> None:
        self.now = NOON
        server = MailServer.from_url(url or f"smtp://127.0.0.1:{box.port}")
        self.carriers = [SmtpCarrier(server), SmtpCarrier(server)]
        self.courier = Courier(store, self.carriers, sender="practice@elmhouse.example", clock=lambda: self.now)

    async def until_nothing_is_due(self) -> None:
        while await self.courier.round():
            pass


@pytest_asyncio.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mail_server() as found:
        yield found


@pytest_asyncio.fixture
async def hands(store: Store, box: Mailbox) -> AsyncIterator[Hands]:
    found = Hands(store, box)
    yield found
    await found.courier.stop()


async def a_letter(
    store: Store,
    words: str,
    *,
    lane: str = "term:amara",
    to: str = "amara@example.com",
    due: datetime = NOON,
    expires: datetime | None = None,
    kind: str = "test",
    person: UUID | None = None,
) -> Written:
    person, id_ = person or await a_person(store), an_id()
    letter = Written(
        id=id_, once=f"test:{words}", lane=lane, kind=kind, person_id=person, cohort_id=None, recipient=to,
        subject=words, message=f"Subject: {words}\r\nTo: {to}\r\n\r\n{words}\r\n".encode(),
        message_id=message_id(id_, "elmhouse.example"), due_at=due, expires_at=expires,
    )  # fmt: skip
    assert await store.write(lambda db: post(db, letter, NOON))
    return letter


async def state(store: Store, letter: Written) -> tuple[bool, bool, str, int]:
    """(sent, stopped, trouble, tries)"""

    def work(db: Session) -> tuple[bool, bool, str, int]:
        row = db.get_one(Letter, letter.id)
        return row.sent_at is not None, row.stopped_at is not None, row.trouble, row.tries

    return await store.read(work)


def subjects(box: Mailbox) -> list[str]:
    return [content.split(b"\r\n")[0].decode().removeprefix("Subject: ") for _, content in box.arrived]


async def test_letters_of_one_lane_leave_in_the_order_they_were_written(
    store: Store, box: Mailbox, hands: Hands
) -> None:
    for number in range(5):
        await a_letter(store, f"letter {number}")
    await hands.until_nothing_is_due()
    assert subjects(box) == [f"letter {number}" for number in range(5)]
    assert box.arrived[0][1] == b"Subject: letter 0\r\nTo: amara@example.com\r\n\r\nletter 0\r\n"


async def test_the_same_letter_is_posted_only_once(store: Store, box: Mailbox, hands: Hands) -> None:
    letter = await a_letter(store, "only once")
    assert not await store.write(lambda db: post(db, letter, NOON))
    await hands.until_nothing_is_due()
    await hands.until_nothing_is_due()
    assert subjects(box) == ["only once"]


async def test_a_letter_that_is_not_due_waits_and_holds_nobody_back(store: Store, box: Mailbox, hands: Hands) -> None:
    await a_letter(store, "tomorrow", due=NOON + timedelta(days=1))
    await a_letter(store, "now")
    await hands.until_nothing_is_due()
    assert subjects(box) == ["now"]
    hands.now += timedelta(days=1)
    await hands.until_nothing_is_due()
    assert subjects(box) == ["now", "tomorrow"]


async def test_a_server_that_asks_to_try_later_gets_the_letter_later_and_in_order(
    store: Store, box: Mailbox, hands: Hands
) -> None:
    first = await a_letter(store, "first")
    await a_letter(store, "second")
    box.refuse["amara@example.com"] = "451 busy"
    await hands.until_nothing_is_due()
    assert subjects(box) == []
    assert await state(store, first) == (False, False, "later: 451: the mail server asks to try later", 1)
    box.refuse.clear()
    await hands.until_nothing_is_due()
    assert subjects(box) == [], "the second letter must not overtake the first"
    hands.now += timedelta(minutes=2)
    await hands.until_nothing_is_due()
    assert subjects(box) == ["first", "second"]


async def test_an_address_that_is_refused_for_good_is_not_tried_again(store: Store, box: Mailbox, hands: Hands) -> None:
    refused = await a_letter(store, "refused", to="nobody@example.com", lane="term:nobody")
    other = await a_letter(store, "taken")
    box.refuse["nobody@example.com"] = "550 no such person"
    await hands.until_nothing_is_due()
    hands.now += timedelta(days=1)
    await hands.until_nothing_is_due()
    assert subjects(box) == ["taken"]
    assert await state(store, refused) == (
        False, True, "stopped: 550: the mail server does not take this address", 1,
    )  # fmt: skip
    assert (await state(store, other))[0]


async def test_a_line_cut_after_the_letter_was_taken_repeats_the_same_bytes_and_nothing_else(
    store: Store, box: Mailbox, hands: Hands
) -> None:
    await a_letter(store, "taken twice")
    await a_letter(store, "after it")
    box.hang_up_after_data = 1
    for _ in range(4):
        await hands.until_nothing_is_due()
        hands.now += timedelta(minutes=2)
    assert subjects(box) == ["taken twice", "taken twice", "after it"]
    assert box.arrived[0] == box.arrived[1]


async def test_a_server_that_cannot_be_reached_holds_the_queue_and_loses_nothing(
    store: Store, box: Mailbox, hands: Hands
) -> None:
    letter = await a_letter(store, "waits")
    nobody = SmtpCarrier(MailServer("127.0.0.1", 1, "none", None, None))
    courier = Courier(store, [nobody], sender="practice@elmhouse.example", clock=lambda: hands.now)
    assert await courier.round() == 0
    assert courier.held == "the mail server cannot be reached"
    assert await state(store, letter) == (False, False, "held: the mail server cannot be reached", 0)
    await hands.until_nothing_is_due()
    assert subjects(box) == ["waits"]


async def test_a_courier_that_died_with_a_letter_in_hand_is_relieved_after_its_lease(
    store: Store, box: Mailbox, hands: Hands
) -> None:
    letter = await a_letter(store, "left behind")
    await store.write(lambda db: claim(db, hands.courier.name, NOON, only_one=False) and None)
    other = Courier(store, hands.carriers, sender="practice@elmhouse.example", clock=lambda: hands.now)
    assert await other.round() == 0
    hands.now += timedelta(minutes=6)
    assert await other.round() == 1
    assert subjects(box) == ["left behind"]
    assert (await state(store, letter))[0]


async def test_what_is_of_no_use_any_more_is_not_sent(store: Store, box: Mailbox, hands: Hands) -> None:
    letter = await a_letter(store, "a code")
    await store.write(lambda db: db.execute(update(Letter).values(expires_at=NOON + timedelta(minutes=15))) and None)
    hands.now += timedelta(minutes=20)
    await a_letter(store, "still of use", lane="another", due=NOON)
    await hands.until_nothing_is_due()
    assert subjects(box) == ["still of use"]
    assert (await state(store, letter))[:3] == (False, True, "stopped: it came too late to be of use")


async def test_two_couriers_on_one_database_never_send_the_same_letter(
    store: Store, box: Mailbox, hands: Hands
) -> None:
    for number in range(30):
        await a_letter(store, f"letter {number}", lane=f"lane {number % 7}")
    other = Hands(store, box)

    async def busy(pair: Hands) -> None:
        for _ in range(30):
            await pair.courier.round()

    await asyncio.gather(busy(hands), busy(other))
    await other.courier.stop()
    assert sorted(subjects(box)) == sorted(f"letter {number}" for number in range(30))
    waiting = await store.read(lambda db: db.scalars(select(Letter.id).where(Letter.sent_at.is_(None))).all())
    assert waiting == []


# --- what a mail server may say ---------------------------------------------------------------------------------


async def unreachable(store: Store, person: UUID) -> datetime | None:
    return await store.read(lambda db: db.get_one(Person, person).unreachable_since)


@pytest.mark.parametrize(
    ("reply", "marked"),
    [
        ("550 5.1.1 no such person", True),
        ("553 no such person", True),
        ("550 5.2.1 closed", True),
        ("550 5.7.1 not from you", False),
        ("554 no", False),
        ("552 full", False),
    ],
)
async def test_an_address_that_takes_nothing_is_marked_and_one_kept_shut_by_a_rule_is_not(
    store: Store, box: Mailbox, hands: Hands, reply: str, *, marked: bool
) -> None:
    person = await a_person(store, email="amara@example.com")
    letter = await a_letter(store, "refused", person=person)
    box.refuse["amara@example.com"] = reply
    await hands.until_nothing_is_due()
    assert (await state(store, letter))[:2] == (False, True)
    assert await unreachable(store, person) == (NOON if marked else None)


async def test_an_address_put_right_meanwhile_is_not_marked(store: Store, box: Mailbox, hands: Hands) -> None:
    person = await a_person(store, email="amara@example.org")
    await a_letter(store, "to the old one", person=person)
    box.refuse["amara@example.com"] = "550 no such person"
    await hands.until_nothing_is_due()
    assert await unreachable(store, person) is None


async def test_a_letter_there_is_no_room_for_is_not_tried_again(store: Store, box: Mailbox, hands: Hands) -> None:
    letter = await a_letter(store, "large")
    box.refuse_letter["amara@example.com"] = "552 too much"
    await hands.until_nothing_is_due()
    hands.now += timedelta(days=1)
    box.refuse_letter.clear()
    await hands.until_nothing_is_due()
    assert subjects(box) == []
    assert await state(store, letter) == (False, True, "stopped: 552: there is no room for this letter", 1)


async def test_a_server_that_wants_less_of_us_gets_it(store: Store, box: Mailbox, hands: Hands) -> None:
    letter = await a_letter(store, "first")
    box.refuse["amara@example.com"] = "421 too much of you"
    await hands.until_nothing_is_due()
    assert await state(store, letter) == (False, False, "later: 421: the mail server is closing", 1)
    box.refuse.clear()
    hands.now += timedelta(minutes=2)
    await hands.until_nothing_is_due()
    assert subjects(box) == ["first"]
    assert len(box.talks) == 2, "on a new connection"


@pytest.mark.parametrize("where", ["address", "letter"])
async def test_a_server_that_says_nothing_is_not_waited_for_without_end(
    store: Store, box: Mailbox, hands: Hands, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(carriers, "COMMAND_SECONDS", 0.3)
    monkeypatch.setattr(carriers, "DATA_SECONDS", 0.3)
    letter = await a_letter(store, "stalled")
    other = await a_letter(store, "another", lane="another", to="ben@example.com")
    (box.refuse if where == "address" else box.refuse_letter)["amara@example.com"] = "stall"
    await hands.until_nothing_is_due()
    assert await state(store, letter) == (False, False, "later: the mail server did not answer in time", 1)
    assert (await state(store, other))[0], "the others go on"


async def test_a_server_that_does_not_know_us_holds_the_queue(store: Store, box: Mailbox, hands: Hands) -> None:
    written = [await a_letter(store, f"letter {number}", lane=f"lane {number}") for number in range(6)]
    box.refuse_sender = "550 5.7.1 who are you"
    assert await hands.courier.round() == 0
    assert hands.courier.held == "550: the mail server takes no letters from our address"
    box.refuse_sender = ""
    await hands.until_nothing_is_due()
    assert len(box.arrived) == 6
    assert [await state(store, letter) for letter in written] == [(True, False, "", 1)] * 6
    assert hands.courier.held == ""


async def test_a_wrong_password_holds_everything_and_the_right_one_lets_it_go(store: Store) -> None:
    async with mail_server(password="right") as box:
        letter = await a_letter(store, "waits")
        wrong = Hands(store, box, f"smtp://practice:wrong@127.0.0.1:{box.port}")
        assert await wrong.courier.round() == 0
        assert wrong.courier.held == "the mail server does not accept the name and password"
        assert await state(store, letter) == (
            False, False, "held: the mail server does not accept the name and password", 0,
        )  # fmt: skip
        right = Hands(store, box, f"smtp://practice:right@127.0.0.1:{box.port}")
        await right.until_nothing_is_due()
        assert subjects(box) == ["waits"]
        for each in (wrong, right):
            await each.courier.stop()


async def test_while_the_queue_is_held_one_letter_knocks(store: Store) -> None:
    for number in range(10):
        await a_letter(store, f"letter {number}", lane=f"lane {number}")
    async with mail_server(password="right") as box:
        wrong = Hands(store, box, f"smtp://practice:wrong@127.0.0.1:{box.port}")
        await wrong.courier.round()
        box.signed_in.clear()
        await wrong.courier.round()
        assert len(set(box.signed_in)) == 1
        assert len(box.signed_in) <= 3, "one connection, each way of signing in once"
        await wrong.courier.stop()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("smtp+starttls://127.0.0.1:{port}", "the mail server does not offer encryption (STARTTLS)"),
        (
            "smtp://me:word@127.0.0.1:{port}",
            "the mail server does not offer to sign in (AUTH), or only after encryption",
        ),
        ("smtps://127.0.0.1:{port}", "the mail server does not encrypt the way its address says"),
        ("smtp://127.0.0.1:1", "the mail server cannot be reached"),
    ],
)
async def test_what_a_server_does_not_offer_is_said_in_its_own_words(box: Mailbox, url: str, why: str) -> None:
    with pytest.raises(Held, match=re.escape(why)):
        await SmtpCarrier(MailServer.from_url(url.format(port=box.port))).greet()


async def test_a_certificate_nobody_vouches_for_is_not_trusted(certificate: ssl.SSLContext) -> None:
    async with mail_server(tls=certificate) as box:
        with pytest.raises(Held, match="certificate is not one we can trust"):
            await SmtpCarrier(MailServer.from_url(f"smtp+starttls://127.0.0.1:{box.port}")).greet()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate that a server made for itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.example"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([openssl, "req", *made, *files], check=True, capture_output=True)  # noqa: S603 - no word of it comes from outside
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def test_an_address_in_a_foreign_script_goes_where_it_can(store: Store) -> None:
    async with mail_server(smtputf8=False) as old, mail_server() as new:
        person = await a_person(store, email="josé@exämple.com")
        letter = await a_letter(store, "hola", to="josé@exämple.com", person=person)
        for box in (old, new):
            hands = Hands(store, box)
            await hands.until_nothing_is_due()
            await hands.courier.stop()
            if box is old:
                why = "stopped: the mail server cannot deliver to letters beyond a to z before the @"
                assert await state(store, letter) == (False, True, why, 1)
                assert await unreachable(store, person) == NOON
                await store.write(lambda db: db.execute(update(Letter).values(stopped_at=None)) and None)
        assert old.arrived == []
        assert [address for address, _ in new.arrived] == ["josé@xn--exmple-cua.com"]
        assert "SMTPUTF8" in new.options[0]


async def test_a_foreign_domain_travels_in_punycode_to_every_server(store: Store) -> None:
    async with mail_server(smtputf8=False) as box:
        hands = Hands(store, box)
        await a_letter(store, "gruss", to="amara@müller.example")
        await hands.until_nothing_is_due()
        await hands.courier.stop()
        assert [address for address, _ in box.arrived] == ["amara@xn--mller-kva.example"]


async def test_a_server_is_reached_by_its_ipv6_address(store: Store) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    async with mail_server(host="::1") as box:
        hands = Hands(store, box, f"smtp://[::1]:{box.port}")
        await a_letter(store, "by six")
        await hands.until_nothing_is_due()
        await hands.courier.stop()
        assert subjects(box) == ["by six"]


async def test_a_connection_is_used_for_many_letters_and_replaced_when_it_has_died(store: Store) -> None:
    async with mail_server() as box:
        hands = Hands(store, box)
        hands.courier.carriers = hands.carriers[:1]
        for number in range(5):
            await a_letter(store, f"letter {number}")
        await hands.until_nothing_is_due()
        assert len(box.talks) == 1
        port = box.port
    client = hands.carriers[0]._client
    assert client is not None
    assert isinstance(client.transport, asyncio.Transport)
    client.transport.abort()  # as an idle connection ends
    async with mail_server(port=port) as box:
        letter = await a_letter(store, "after a while")
        await hands.until_nothing_is_due()
        assert await state(store, letter) == (True, False, "", 1), "no try was lost on the dead connection"
        await hands.courier.stop()


# --- how long it is tried ---------------------------------------------------------------------------------------


async def test_tries_come_less_and_less_often_and_end_after_two_days(store: Store, box: Mailbox, hands: Hands) -> None:
    letter = await a_letter(store, "never taken")
    box.refuse["amara@example.com"] = "451 busy"
    waits = []
    while not (await state(store, letter))[1]:
        await hands.courier.round()
        due = await store.read(lambda db: db.get_one(Letter, letter.id).due_at)
        waits.append((due - hands.now) / timedelta(minutes=1))
        hands.now = max(due, hands.now)
    for wait, aim in zip(waits, [1, 5, 15, 60, 180, *[360] * 7], strict=False):
        assert 0.9 * aim <= wait <= 1.1 * aim
    assert timedelta(hours=40) < hands.now - NOON < timedelta(hours=53)
    assert (await state(store, letter))[2:] == (
        "stopped: two days of tries. Last: 451: the mail server asks to try later", 13,
    )  # fmt: skip


async def test_a_reminder_written_long_ago_has_two_days_of_its_own(store: Store, box: Mailbox, hands: Hands) -> None:
    letter = await a_letter(store, "tomorrow", due=NOON + timedelta(days=30))
    hands.now += timedelta(days=30)
    box.refuse["amara@example.com"] = "451 busy"
    await hands.until_nothing_is_due()
    assert await state(store, letter) == (False, False, "later: 451: the mail server asks to try later", 1)


async def test_nothing_is_tried_beyond_the_time_it_is_of_use(store: Store, box: Mailbox, hands: Hands) -> None:
    code = await a_letter(store, "a code", expires=NOON + timedelta(minutes=15), kind="sign-in")
    box.refuse["amara@example.com"] = "451 busy"
    for _ in range(20):
        await hands.courier.round()
        hands.now += timedelta(minutes=1)
    assert await state(store, code) == (
        False, True, "stopped: no time left to try again. Last: 451: the mail server asks to try later", 3,
    )  # fmt: skip
    assert await store.read(lambda db: db.get_one(Letter, code.id).message) == b"", "its words open a door"


async def test_what_came_too_late_holds_nobody_back(store: Store, box: Mailbox, hands: Hands) -> None:
    await a_letter(store, "too late", expires=NOON + timedelta(minutes=1))
    await a_letter(store, "behind it")
    hands.now += timedelta(minutes=5)
    await hands.until_nothing_is_due()
    assert subjects(box) == ["behind it"]


async def test_whoever_is_signing_in_waits_for_nobody(store: Store, box: Mailbox, hands: Hands) -> None:
    for number in range(30):
        await a_letter(store, f"letter {number}", lane=f"lane {number}", due=NOON - timedelta(minutes=1))
    await a_letter(store, "a code", lane="sign-in:amara")
    hands.courier.carriers = hands.carriers[:1]
    await hands.until_nothing_is_due()
    assert len(box.arrived) == 31
    assert subjects(box)[0] == "a code"


# --- a courier among others -------------------------------------------------------------------------------------


async def test_a_lane_is_one_couriers_while_it_carries_it(store: Store, box: Mailbox, hands: Hands) -> None:
    for number in range(6):
        await a_letter(store, f"letter {number}")
    box.seconds = 0.02
    other = Hands(store, box)

    async def busy(pair: Hands) -> None:
        for _ in range(8):
            await pair.courier.round()

    await asyncio.gather(busy(hands), busy(other))
    await other.courier.stop()
    assert subjects(box) == [f"letter {number}" for number in range(6)]


async def test_a_courier_that_slept_through_its_lease_sends_nothing_of_it(
    store: Store, box: Mailbox, hands: Hands
) -> None:
    letter = await a_letter(store, "another's by now")
    claimed, _ = await store.write(lambda db: claim(db, hands.courier.name, NOON, only_one=False))
    hands.now += timedelta(minutes=10)
    other = Hands(store, box)
    other.now = hands.now
    await other.until_nothing_is_due()
    await other.courier.stop()
    assert await hands.courier._carry(hands.carriers[0], claimed[0]) == (0, "kept")
    assert subjects(box) == ["another's by now"]
    assert (await state(store, letter))[0]


async def test_who_stops_gives_back_what_was_not_begun(store: Store, box: Mailbox, hands: Hands) -> None:
    for number in range(40):
        await a_letter(store, f"letter {number}", lane=f"lane {number % 4}")
    box.seconds = 0.05
    hands.courier.start()
    async with asyncio.timeout(20):
        while not box.arrived:  # noqa: ASYNC110 - the server says nothing of it
            await asyncio.sleep(0.01)
    await hands.courier.stop()
    assert 0 < len(box.arrived) < 40
    sent, leased = await store.read(
        lambda db: (
            len(db.scalars(select(Letter.id).where(Letter.sent_at.is_not(None))).all()),
            len(db.scalars(select(Letter.id).where(Letter.lease_until.is_not(None))).all()),
        )
    )
    assert (sent, leased) == (len(box.arrived), 0)
    box.seconds = 0
    other = Hands(store, box)
    await other.until_nothing_is_due()
    await other.courier.stop()
    assert len(box.arrived) == len(set(subjects(box))) == 40


def test_a_mail_servers_url_says_how_it_is_reached() -> None:
    assert MailServer.from_url("smtps://me:p%40ss@mail.example.org") == MailServer(
        "mail.example.org", 465, "tls", "me", "p@ss"
    )
    assert MailServer.from_url("smtp+starttls://mail.example.org").port == 587
    with pytest.raises(ValueError, match="must look like"):
        MailServer.from_url("http://mail.example.org")


async def test_the_check_says_what_is_stuck_and_why(
    store: Store, box: Mailbox, hands: Hands, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, database_url=database_url)
    assert await asyncio.to_thread(letters, settings) == ()
    now = hands.now = datetime.now(UTC)
    await a_letter(store, "refused", to="nobody@example.com", lane="one", due=now)
    await a_letter(store, "later", lane="two", due=now)
    await a_letter(store, "left lying", lane="three", due=now + timedelta(minutes=1))
    box.refuse = {"nobody@example.com": "550 no such person", "amara@example.com": "451 busy"}
    await hands.until_nothing_is_due()
    await store.write(
        lambda db: (
            db.execute(update(Letter).where(Letter.tries == 0).values(due_at=now - timedelta(hours=1), trouble=""))
            and None
        )
    )
    assert set(await asyncio.to_thread(letters, settings)) == {
        "1 due, and still here: 451: the mail server asks to try later.",
        "1 due, and still here: no courier has taken them.",
        "1 stay here (550: the mail server does not take this address). Tutors see which, under Letters.",
    }
