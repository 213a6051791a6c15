"""Couriers killed at any moment, two at a time, before a difficult mail server: nothing lost, doubled or overtaken."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.builders import a_person
from tests.mail.server import WELL, Mailbox, mail_server
from threefold.mail.outbox import Written, message_id, post_all
from threefold.store.engine import Store
from threefold.store.tables import Letter
from threefold.web.ids import Ids

pytestmark = pytest.mark.heavy

LANES, IN_LANE = 30, 12
KILLS = 12
MOODS = {WELL: 80, "451 busy": 5, "drop": 6, "stall": 3, "554 no": 2, "452 full": 2, "421 closing": 2}


async def fill(store: Store, now: datetime) -> None:
    """Letters of a term, a lane for each person."""
    new_id = Ids(now)  # in the order they are made, as a page makes them
    for lane in range(LANES):
        person = await a_person(store, f"Trainee {lane}")
        letters = [a_letter(new_id(), person, lane, number, now) for number in range(IN_LANE)]
        await store.write(partial(post_all, letters=letters, now=now))


def a_letter(id_: UUID, person: UUID, lane: int, number: int, now: datetime) -> Written:
    to = f"trainee{lane}@example.com"
    own = message_id(id_, "elmhouse.example")
    head = f"Message-ID: {own}\r\nSubject: {lane} {number}\r\nTo: {to}\r\n\r\n"
    return Written(
        id=id_, once=f"test:{lane}:{number}", lane=f"term:{lane}", kind="test", person_id=person, cohort_id=None,
        recipient=to, subject="", message=(head + "A line of words.\r\n" * 100).encode(), message_id=own, due_at=now,
    )  # fmt: skip


class Couriers:
    """Processes that run the courier against one database and one mail server."""

    def __init__(self, url: str, box: Mailbox, folder: Path) -> None:
        self.folder = folder
        self.started = 0
        self.running: list[subprocess.Popen[bytes]] = []
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("THREEFOLD_")} | {
            "THREEFOLD_DATABASE_URL": url,
            "THREEFOLD_DATA_FOLDER": str(folder),
            "THREEFOLD_SECRET": "a-secret-for-tests-only-0123456789abcdef",
            "THREEFOLD_BASE_URL": "https://practice.elmhouse.example",
            "THREEFOLD_SENDER": "practice@elmhouse.example",
            "THREEFOLD_SMTP_URL": f"smtp://127.0.0.1:{box.port}",
        }

    async def start(self) -> None:
        """One more, at work when this returns."""
        self.started += 1
        log = self.folder / f"courier-{self.started}.log"
        with log.open("wb") as said:
            command = [sys.executable, "-m", "tests.mail.hurried"]
            self.running.append(subprocess.Popen(command, env=self.environment, stderr=said))  # noqa: ASYNC220, S603 - nobody waits for it; our own command
        async with asyncio.timeout(60):
            while b'"ready"' not in log.read_bytes():  # noqa: ASYNC110 - another process says it
                await asyncio.sleep(0.05)

    async def kill(self, which: int) -> None:
        fallen = self.running.pop(which)
        fallen.kill()
        await asyncio.to_thread(fallen.wait)

    async def end(self) -> None:
        for each in self.running:
            each.terminate()
        for each in self.running:
            await asyncio.to_thread(each.wait)


async def left(store: Store) -> int:
    def work(db: Session) -> int:
        return (
            db.scalar(
                select(func.count()).select_from(Letter).where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None))
            )
            or 0
        )

    return await store.read(work)


async def test_however_often_couriers_are_killed_every_letter_leaves_once_and_in_order(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(4)
    await fill(store, datetime.now(UTC))
    async with mail_server() as box:
        box.seconds = 0.3
        box.refuse = {"trainee7@example.com": "550 5.1.1 no such person", "trainee8@example.com": "stall"}
        box.mood = lambda: chance.choices(list(MOODS), weights=list(MOODS.values()))[0]
        couriers = Couriers(database_url, box, tmp_path)
        try:
            await couriers.start()
            await couriers.start()
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.2, 1.5))
                await couriers.kill(chance.randrange(2))
                await couriers.start()
            box.refuse.pop("trainee8@example.com")
            async with asyncio.timeout(300):
                while await left(store):  # noqa: ASYNC110 - other processes do the work
                    await asyncio.sleep(0.5)
        finally:
            await couriers.end()

    rows = await store.read(
        lambda db: db.execute(
            select(Letter.message_id, Letter.message, Letter.sent_at, Letter.stopped_at, Letter.lane)
        ).all()
    )
    arrived = defaultdict(list)
    for _, content in box.arrived:
        arrived[content.split(b"\r\n")[0].removeprefix(b"Message-ID: ").decode()].append(content)
    lost = [row for row in rows if row.sent_at and row.message_id not in arrived]
    assert lost == [], "whatever is said to have left has arrived"
    assert all((row.sent_at is None) != (row.stopped_at is None) for row in rows)
    assert all(content == row.message for row in rows for content in arrived[row.message_id]), "repeats: the same bytes"
    repeats = Counter({each: len(copies) - 1 for each, copies in arrived.items() if len(copies) > 1})
    assert repeats.total() <= box.dropped + KILLS * 4, "only a cut line or a killed courier repeats a letter"
    order = defaultdict(list)
    for _, content in box.arrived:
        lane, number = content.split(b"\r\n")[1].removeprefix(b"Subject: ").split()
        order[lane].append(int(number))
    assert {lane: numbers for lane, numbers in order.items() if numbers != sorted(numbers)} == {}, "none out of order"
    stopped = Counter(row.lane for row in rows if row.stopped_at)
    assert stopped["term:7"] == IN_LANE
    with (tmp_path / "figures.txt").open("w") as file:
        file.write(
            f"{len(rows)} letters, {len(box.arrived)} arrived, {repeats.total()} twice, {box.dropped} lines cut, "
        )
        file.write(f"{stopped.total()} refused, {KILLS} kills\n")
