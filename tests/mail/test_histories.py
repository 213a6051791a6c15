"""Whatever happened in a term, in the end every calendar holds what the database says, and no calendar was asked for
anything that some real one gets wrong.
"""

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.house import settings_for
from tests.mail.calendars import ZONES, by_icalendar
from tests.mail.histories import (
    HISTORIES,
    CalendarPart,
    History,
    Works,
    days_of_change,
    in_every_week,
    lives,
    one_in_each_zone,
    three_hundred,
)
from threefold.cohorts import members
from threefold.mail.letters import Postroom
from threefold.store.engine import Store
from threefold.store.tables import Cohort, Person
from threefold.web.templates import environment


@pytest.fixture
def kind() -> str:
    return "sqlite"


async def lived(store: Store, tmp_path: Path, which: list[tuple[str, date]], **each: int) -> list[History]:
    """These histories, in which everything may happen that can; all that is wrong with them told at once."""
    found, wrong = [], []
    async for history, faults in lives(store, tmp_path, which, **each):
        if faults:
            named = f"{history.number} {history.zone} {history.day}"
            wrong.append("\n  ".join([named, *history.done, *faults]))
        found.append(history)
    assert not wrong, f"{len(wrong)} of {len(found)}:\n" + "\n".join(wrong[:3])
    happened = {each.split()[-1] for history in found for each in history.done}
    assert happened >= {
        *("publish", "move", "reroom", "swap", "call_off", "add_session", "join", "remove"),
        *("withdraw", "come_back", "correct", "quiet"),
    }
    return found


OTHER_HANDS = "ignore:::(vobject|ics|arrow|tatsu|dateutil)"


def test_the_histories_lie_where_clocks_change() -> None:
    every, some = in_every_week(), three_hundred()
    own = {(zone, day) for zone in ZONES for day in days_of_change(zone)}
    assert set(some) >= own
    assert {day.isocalendar()[:2] for _, day in some} == {day.isocalendar()[:2] for _, day in every}
    assert len(every) == len(set(every)) == 9 * len({day.isocalendar()[:2] for _, day in every}) >= len(some) == 300
    assert [zone for zone, _ in one_in_each_zone()] == list(ZONES)


@pytest.mark.heavy
@pytest.mark.filterwarnings(OTHER_HANDS)
async def test_terms_end_with_every_calendar_right(store: Store, tmp_path: Path) -> None:
    """One of the three hundred in each zone: each takes most of a second, nearly all of it in its database."""
    histories = await lived(store, tmp_path, one_in_each_zone(), whole=3, vobject=3, ics=5)
    assert sum(len(history.parts) for history in histories) > 80


@pytest.mark.heavy
@pytest.mark.filterwarnings(OTHER_HANDS)
async def test_three_hundred_terms_end_with_every_calendar_right(store: Store, tmp_path: Path) -> None:
    """Between them every zone in every week in which clocks change there; some minutes, most of it in the store."""
    histories = await lived(store, tmp_path, three_hundred(), whole=6, vobject=12, ics=30)
    assert len(histories) == HISTORIES


async def test_an_address_put_right_and_back_opens_nothing_again(store: Store, tmp_path: Path) -> None:
    postroom = Postroom(settings_for(tmp_path), environment())
    history = History(store, 0, "Europe/London", date(2026, 10, 25), postroom, is_whole=True)
    await store.write(history.begin)
    await store.write(lambda db: db.execute(update(Cohort).values(invites_ahead=None)))
    await history.happens("publish", history.publish)
    await history.courier(all_of_it=True)
    person = (await store.read(history.here))[0][1].id
    first, other = history.addresses[person][0], "somebody.else@example.org"
    history.addresses[person].append(other)
    before = set(history.shelves[first].held)

    def put(email: str) -> Callable[[Session], Works]:
        return lambda _: lambda db, ids: members.correct(
            db, history.within(db), db.get_one(Person, person), name="Kit", email=email, letter=None, new_id=ids,
            **history.by_tutor,
        )  # fmt: skip

    for email in (other, first):
        await history.happens("correct", put(email))
        await history.courier(all_of_it=True)
    history.now += timedelta(minutes=11)
    await history.courier(all_of_it=True)
    assert await history.wrong() == []
    assert (history.shelves[other].held, len(history.shelves[first].held)) == ({}, len(before))
    assert not before & set(history.shelves[first].held)
    assert [sent.kind for sent in history.letters[first]].count("overview") == 1


READ = """
const ICAL = require("ical.js"), lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
for (const line of lines) {
  const calendar = new ICAL.Component(ICAL.parse(Buffer.from(line, "base64").toString("utf8")));
  const event = new ICAL.Event(calendar.getFirstSubcomponent("vevent"));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  const at = time => time.toJSDate().toISOString();
  console.log([event.uid, event.sequence, at(event.startDate), at(event.endDate)].join(" "));
}
"""


def run_node(script: str, told: str = "") -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"TZ": "Asia/Tokyo"}  # somebody else's clock
    node = shutil.which("node") or "false"
    return subprocess.run([node, "-e", script], input=told, capture_output=True, text=True, check=False, env=environ)  # noqa: S603 - Node itself


async def test_ical_js_reads_the_same(store: Store, tmp_path: Path) -> None:
    if run_node("require('ical.js')").returncode:
        pytest.skip("ical.js is not there: `npm install ical.js`, and NODE_PATH set to its node_modules")
    room = CalendarPart(settings_for(tmp_path), environment())
    parts: list[bytes] = []
    for number, (zone, day) in enumerate(three_hundred()[5::60]):
        history = History(store, number, zone, day, room, is_whole=False)
        await history.live()
        parts += history.parts
    read = run_node(READ, "\n".join(b64encode(part).decode() for part in parts))
    moment_of = "%Y-%m-%dT%H:%M:%S.000Z"
    assert read.stdout.splitlines() == [
        f"{event.uid} {event.sequence} {event.starts_at:{moment_of}} {event.ends_at:{moment_of}}"
        for event in map(by_icalendar, parts)
    ]
