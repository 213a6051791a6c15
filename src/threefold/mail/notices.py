"""The news of a term as letters: written outside the writer's lock, put into the outbox with the change itself.

A change of who sits where, when or as what is run as a unit of work. Before it commits, the term is read as it then
stands, what has to be said follows (`core.term.news`), and each letter is looked up among those written so far. If many
are missing the unit is undone, the missing letters are written and checked, and it runs again, so that nobody waits for
the writer while a term's letters are rendered. A few are written there and then, sooner done than a second run.
A letter that breaks a rule undoes the change that wanted it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from msgspec import to_builtins
from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from threefold.core.changed import differences, subject
from threefold.core.identity import NewId, later, made_at
from threefold.core.invitation import Step, written
from threefold.core.said import clock, day, plural, weekday
from threefold.core.term import Kind, News, Notice, Overview, Term, news
from threefold.mail import outbox
from threefold.mail.calendar import check as check_calendar
from threefold.mail.calendar import invitation_bytes
from threefold.mail.letters import Postroom, Unsendable
from threefold.mail.outbox import About, Written
from threefold.store.engine import Busy
from threefold.store.seats import take_again
from threefold.store.tables import metadata
from threefold.store.terms import OVERVIEW, term_ahead, term_lane

T = TypeVar("T")
TIDY = timedelta(days=2)  # as long as a courier keeps trying
NEVER = UUID(int=0)  # an id before every other
FEW = 8  # letters: all that two groups have to hear
MOST_TRIES = 8  # each finds the term changed by somebody else in between
PATIENT_TRIES = 3  # then letters are written where nobody can change anything in between

_seat = metadata.tables["seat"]


class Unwritten(Exception):  # noqa: N818 - how a unit says what it needs before it can be kept
    """Letters a change wants and that are not written yet; the unit that raises it is undone."""

    def __init__(self, wanted: "list[tuple[Term, News]]") -> None:
        super().__init__("letters have to be written first")
        self.wanted = wanted


class Rehearsed(Exception):  # noqa: N818 - how a rehearsal ends, always
    """What a change would say to whom; the unit that raises it is undone."""

    def __init__(self, notices: tuple[Notice, ...]) -> None:
        super().__init__("nothing is kept of a rehearsal")
        self.notices = notices


@dataclass
class Pile:
    """Letters written so far for one change, by what they say."""

    postroom: Postroom
    now: datetime
    new_id: NewId
    letters: dict[Hashable, Written] = field(default_factory=dict)
    writes_inside: bool = False  # rather than have the unit run again
    renewed: dict[UUID, UUID] = field(default_factory=dict)

    def write(self, term: Term, told: News) -> None:
        """Write what is missing. Raises Unsendable for a letter that breaks a rule of mail or calendars."""
        # Somebody who began later may have been done sooner: letters leave, and calendars count, in the order in which
        # they came into the outbox, whatever the clock said.
        latest = max(term.lately.values(), default=None)
        late_by = max(0, made_at(latest) + 1 - int(self.now.timestamp() * 1000)) if latest else 0
        stamp = self.now + timedelta(milliseconds=late_by)
        writer = Writer(self.postroom, term, self.now, stamp, lambda: later(self.new_id(), late_by))
        for overview in told.overviews:
            if not self._has(term, overview):
                self.letters[_key(term, overview)] = writer.overview(overview)
        new = {one.member.id: self.letters[_key(term, one)] for one in told.overviews}
        for notice in told.notices:
            overview_now = new.get(notice.member.id)
            if not self._has(term, notice, overview_now):
                thread = notice.member.overview_at(notice.recipient)
                thread = thread or (overview_now.message_id if overview_now else "")
                self.letters[_key(term, notice)] = writer.notice(notice, thread)

    def holds(self, term: Term, told: News) -> bool:
        overviews = {one.member.id: self.letters.get(_key(term, one)) for one in told.overviews}
        return all(self._has(term, one) for one in told.overviews) and all(
            self._has(term, one, overviews.get(one.member.id)) for one in told.notices
        )

    def _has(self, term: Term, said: Overview | Notice, after: Written | None = None) -> bool:
        """Whether it is written, and comes after whatever came into its lane meanwhile, and after its overview.

        What others of the cohort were told meanwhile is no reason to write it anew: people who book at the same
        moment would undo each other.
        """
        letter = self.letters.get(_key(term, said))
        if letter is None or letter.id <= term.lately.get(letter.lane, NEVER):
            return False
        return after is None or letter.id > after.id

    def renew(self, db: Session, seats: Collection[UUID]) -> None:
        """Give each of these seats up and take it again, under the same new id however often the unit runs."""
        for seat in seats:
            new = self.renewed.setdefault(seat, self.new_id())
            take_again(db, seat, now=self.now, new_id=lambda new=new: new)  # type: ignore[misc] # its own for each turn

    def post(self, db: Session, term: Term, told: News) -> None:
        """Put the letters into the outbox, and their numbers on the seats."""
        outbox.overtake(db, told.overtaken, self.now, letters=told.astray)
        wanted = [self.letters[key] for key in _keys(term, told)]
        outbox.post_all(db, wanted, self.now)
        numbers = {notice.seat_id: notice.sequence for notice in told.notices}
        if numbers:
            db.execute(
                update(_seat)
                .where(_seat.c.id == bindparam("seat"))
                .values(sequence=bindparam("number"), invited_at=self.now),
                [{"seat": seat, "number": number} for seat, number in numbers.items()],
            )


def _key(term: Term, said: Overview | Notice) -> Hashable:
    """The same while a letter would say the same."""
    return term.cohort_id, said


def _keys(term: Term, told: News) -> dict[Hashable, None]:
    return dict.fromkeys([*(_key(term, each) for each in told.overviews), *(_key(term, each) for each in told.notices)])


async def with_letters(pile: Pile, run: Callable[[], Awaitable[T]]) -> T:
    """Run a unit that tells, again and again until all its letters are written. Raises Unsendable, and Busy where the
    term keeps changing in between.
    """
    for number in range(MOST_TRIES):
        # Where many change one thing at a moment, each would undo the others for as long as they go on.
        pile.writes_inside = number >= PATIENT_TRIES
        try:
            return await run()
        except Unwritten as missing:
            for term, told in missing.wanted:
                await asyncio.to_thread(pile.write, term, told)
    raise Busy("the term changed again and again while its letters were written")


def said_in(db: Session, cohorts: Collection[UUID], now: datetime) -> tuple[Notice, ...]:
    """What would have to be said about seats in these cohorts as this unit leaves them."""
    db.flush()
    found = (_news_of(db, cohort_id, now)[1] for cohort_id in cohorts)
    return tuple(notice for told in found for notice in told.notices)


def tell(db: Session, cohorts: Collection[UUID], pile: Pile, *, only: UUID | None = None) -> None:
    """Post what has to be said in these cohorts as this unit leaves them. Raises Unwritten if many are missing.

    A place whose calendar has let it go is taken again first, under a UID of its own. `only` is the one session where
    the unit changed anything: what everybody was told of the others still holds, and is not read again.
    """
    db.flush()
    wanted = []
    for cohort_id in cohorts:
        term, told = _news_of(db, cohort_id, pile.now, only)
        if told.lapsed:
            pile.renew(db, told.lapsed)
            db.flush()
            term, told = _news_of(db, cohort_id, pile.now, only)
        if term is not None and told != NOTHING:
            wanted.append((term, told))
    if not all(pile.holds(term, told) for term, told in wanted):
        count = sum(len(told.overviews) + len(told.notices) for _, told in wanted)
        if count > FEW and not pile.writes_inside:
            raise Unwritten(wanted)
        for term, told in wanted:
            pile.write(term, told)
    for term, told in wanted:
        pile.post(db, term, told)


NOTHING = News((), (), (), (), ())


def _news_of(db: Session, cohort_id: UUID, now: datetime, only: UUID | None = None) -> tuple[Term | None, News]:
    term = term_ahead(db, cohort_id, now, only=only)
    told = news(term, now) if term else NOTHING
    if told.overviews and only is not None:
        return _news_of(db, cohort_id, now)  # they show every session
    return term, told


@dataclass(frozen=True)
class Writer:
    """Writes the letters of one term."""

    postroom: Postroom
    term: Term
    now: datetime
    stamp: datetime  # DTSTAMP, which never goes back
    new_id: NewId

    def overview(self, overview: Overview) -> Written:
        """All of somebody's dates; what follows is threaded under it."""
        zone, member, sessions = self.term.zone, overview.member, [shown for _, shown in overview.sessions]
        first, last = sessions[0], sessions[-1]
        between = f"{_long(first.starts_at, zone)} to {_long(last.starts_at, zone)}"
        id_ = self.new_id()
        return self.postroom.write(
            OVERVIEW,
            id=id_,
            once=f"{OVERVIEW}:{member.id}:{member.written}",
            subject=f"Your practice sessions, {between}" if len(sessions) > 1 else "Your practice session",
            sessions=[(shown, shown.where, shown.partners) for shown in sessions],
            same_times=len({clock(s.starts_at, zone) + clock(s.ends_at, zone) for s in sessions}) == 1,
            count=plural(len(sessions), weekday(first.starts_at, zone)),
            takes_feed=member.takes_feed,
            follow=self.term.invites_ahead,
            about=About(None, None, None, {str(seat): to_builtins(shown) for seat, shown in overview.sessions}),
            **self._to(member.email, overview),
        )

    def notice(self, notice: Notice, thread: str) -> Written:
        """One letter about one seat, with its part for calendars unless it is a plain one."""
        shown, zone = notice.shown, self.term.zone
        when = f"{day(shown.starts_at, zone)}, {clock(shown.starts_at, zone)}"
        link = self.postroom.address(f"/practice/{notice.practice_id}")
        letter_subject = {
            Kind.INVITATION: lambda: f"{when}: your practice session",
            Kind.CHANGE: lambda: subject(notice.was or shown, shown),
            Kind.CANCELLATION: lambda: f"Cancelled: {when}",
            Kind.KEPT: lambda: f"{when}: the time stays as it is",
        }[notice.kind]()
        return self.postroom.write(
            notice.kind.value,
            id=self.new_id(),
            once=f"{notice.kind}:{notice.uid}:{notice.sequence}",
            subject=letter_subject,
            thread=thread or None,
            calendar=None if notice.plain else self._calendar(notice, link),
            method=None if notice.plain else notice.method.value,
            about=About(
                notice.seat_id, notice.sequence, None if notice.plain else notice.method.value, to_builtins(shown)
            ),
            plain=notice.plain,
            due_at=notice.due_at,
            expires_at=self._of_use_until(notice),
            date=shown,
            where=shown.where,
            partners=shown.partners,
            rounds=[(each.starts_at, each) for each in shown.rounds],
            differences=differences(notice.was, shown) if notice.was else (),
            seat=notice.seat_id,
            link=link,
            **self._to(notice.recipient, notice),
        )

    def _of_use_until(self, notice: Notice) -> datetime:
        """A calendar that still holds the time before has to hear of it, however long that takes.

        A cancellation is of use even when the time it takes out is over: the entry would stand there for good.
        """
        over = max(notice.shown.ends_at, (notice.was or notice.shown).ends_at, self.now)
        return over + TIDY if notice.kind is Kind.CANCELLATION else over

    def _to(self, recipient: str, about: Overview | Notice) -> dict[str, Any]:
        member = about.member
        return {
            "lane": term_lane(member.id),
            "person_id": member.person_id,
            "cohort_id": self.term.cohort_id,
            "name": member.name,
            "recipient": recipient,
            "sender_name": f"{self.term.tutor} via Threefold",
            "now": self.now,
            "zone": self.term.zone,
            "tutor": self.term.tutor,
            "cohort": self.term.cohort,
        }

    def _calendar(self, notice: Notice, link: str) -> bytes:
        settings = self.postroom.settings
        content = invitation_bytes(
            written(
                Step(notice.method, notice.sequence),
                notice.shown.entry(link),
                uid=notice.uid,
                organizer=(settings.centre, self.postroom.organizer(notice.seat_id)),
                attendee=(notice.member.name, notice.recipient),
                stamp=self.stamp,
            )
        )
        broken = check_calendar(content, notice.method.value, notice.recipient)
        if broken:
            raise Unsendable(notice.kind.value, tuple(broken))
        return content


def _long(value: datetime, zone: str) -> str:
    """8 October"""
    return day(value, zone).partition(" ")[2]
