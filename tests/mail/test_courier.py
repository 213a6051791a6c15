"""The courier against a real mail server: order, retries, refusals, leases, and never a letter twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import a_person, an_id
from tests.mail.server import Mailbox, mail_server
from threefold.mail.carriers import MailServer, SmtpCarrier
from threefold.mail.courier import Courier
from threefold.mail.outbox import Written, message_id, post
from threefold.store.engine import Store
from threefold.store.tables import Letter

NOON = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)


class Hands:
    """A courier with a clock that can be set."""

    def __init__(self, store: Store, box: Mailbox) -> None:
        self.now = NOON
        server = MailServer.from_url(f"smtp://127.0.0.1:{box.port}")
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
    store: Store, words: str, *, lane: str = "term:amara", to: str = "amara@example.com", due: datetime = NOON
) -> Written:
    person, id_ = await a_person(store), an_id()
    letter = Written(
        id=id_, once=f"test:{words}", lane=lane, kind="test", person_id=person, cohort_id=None, recipient=to,
        subject=words, message=f"Subject: {words}\r\nTo: {to}\r\n\r\n{words}\r\n".encode(),
        message_id=message_id(id_, "elmhouse.example"), due_at=due,
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
    await store.write(lambda db: hands.courier._claim(db, NOON) and None)
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


def test_a_mail_servers_url_says_how_it_is_reached() -> None:
    assert MailServer.from_url("smtps://me:p%40ss@mail.example.org") == MailServer(
        "mail.example.org", 465, "tls", "me", "p@ss"
    )
    assert MailServer.from_url("smtp+starttls://mail.example.org").port == 587
    with pytest.raises(ValueError, match="must look like"):
        MailServer.from_url("http://mail.example.org")
