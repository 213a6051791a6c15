"""Extra practice as one trainee sees it: a card for each time, with what they can do there and what it would mean.

What is open to nobody, to others first, or never to this person because of whom it would bring together, is the same
word on a card: taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from threefold.core import booking as rules
from threefold.core.booking import Circle, IfTwo, Someone
from threefold.core.meeting import link_for
from threefold.core.owed import in_order, owed, turns_so_far
from threefold.core.roles import Role, RoleLabels, Turning, turns
from threefold.core.said import listed, number, plural
from threefold.core.settling import needed_by
from threefold.core.window import Way
from threefold.store.diaries import diaries
from threefold.store.extra import Offered, Sheet, Sitting, ahead_in, sheets_and_offers
from threefold.store.ledger import Ledger, ledger
from threefold.store.rows import CohortRow
from threefold.store.tables import Cohort, Membership, PracticeSession, PracticeWindow
from threefold.store.within import Within

MOST_SHOWN = 3  # open triads of one time; beyond that one button takes any place


@dataclass(frozen=True)
class Tile:
    """A place of a triad: whose it is ("" for a free one), and what they begin with where that is settled."""

    name: str
    role: Role | None
    is_me: bool = False


@dataclass(frozen=True)
class Table:
    """A triad as somebody sees it who sits in it or can."""

    triad_id: UUID
    tiles: tuple[Tile, ...]
    needs: int  # how many are missing
    worked: str  # how often they have worked with these people
    first: str  # what they would begin with, and why
    by: datetime
    go_ahead: bool  # as two, where no third is found

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(tile.name for tile in self.tiles if tile.name and not tile.is_me)


@dataclass(frozen=True)
class Card:
    """One time, for one person."""

    sheet: Sheet
    zone: str
    mine: Table | None
    seat_id: UUID | None
    leave_until: datetime
    link: str
    where: str
    offered: Table | None  # a place kept for them
    kept_until: datetime | None
    waiting_id: UUID | None
    open: tuple[Table, ...]
    more: bool  # more open triads than are shown
    can_start: int  # room for so many more triads
    blocked: str  # why they could take no place here

    @property
    def practice_id(self) -> UUID:
        return self.sheet.time.id

    @property
    def is_taken(self) -> bool:
        return not (self.mine or self.offered or self.open or self.can_start or self.blocked)

    @property
    def begun(self) -> bool:
        """Whether a triad is full then, which isn't shown to others. One that is kept from them counts as not there."""
        return any(len(circle.members) >= circle.places for circle in self.sheet.time.circles)

    @property
    def tag(self) -> str:
        if self.mine:
            return (
                "You’re in" if not self.mine.needs else "You’ve started" if len(self.mine.tiles) == 1 else "You’re in"
            )
        if self.offered:
            return "Kept for you"
        if self.open:
            return f"{plural(self.open[0].needs, 'seat')} left"
        if self.can_start:
            if self.sheet.window.mode == "room" and self.sheet.window.at_once > 1:
                return f"{plural(self.can_start, 'room')} free"
            return "Room for another" if self.begun else "Nobody yet"
        return ""


@dataclass(frozen=True)
class ExtraPage:
    """All of extra practice in one cohort, for one trainee."""

    cohort: CohortRow
    others: tuple[tuple[UUID, str], ...]  # further cohorts of theirs
    cards: tuple[Card, ...]
    asked: tuple[Offered, ...]
    turns: Mapping[Role, int]
    owed: Mapping[Role, int]
    labels: RoleLabels

    @property
    def best(self) -> Card | None:
        """What the page is about first: a place kept for them, then a triad that lacks one, then any they can join."""
        ranks = [
            (0 if card.offered else 1 if card.open and card.open[0].needs == 1 else 2 if card.open else 3, place)
            for place, card in enumerate(self.cards)
            if card.offered or card.open or card.can_start
        ]
        return self.cards[min(ranks)[1]] if ranks else None

    @property
    def heading(self) -> str:
        best = self.best
        if best is None:
            if self.asked and any(each.said is None for each in self.asked):
                return "When could you practise?"
            booked = any(card.mine for card in self.cards)
            return (
                "You’re booked in" if booked else "Nothing is free just now" if self.cards else "No extra practice yet"
            )
        if best.offered:
            return "A place is kept for you"
        if best.open:
            return "One seat would make a triad" if best.open[0].needs == 1 else "Two seats would make a triad"
        return "A time to practise in between"

    @property
    def owed_in_words(self) -> str:
        """“one observer turn”, “” where nothing is owed."""
        found = [
            f"{number(count)} {self.labels.of(role)} turn{'s' if count > 1 else ''}"
            for role, count in self.owed.items()
            if count
        ]
        return listed(found)


def extra_page(db: Session, within: Within, others: Sequence[Within], now: datetime) -> ExtraPage:
    """Six questions, however much is open."""
    cohort, me = within.cohort, within.membership.id
    found, offered = sheets_and_offers(db, me, ahead_in(cohort.id, now))
    joinable = (circle for sheet in found for circle in sheet.time.circles if len(circle.members) < circle.places)
    held = ledger(db, cohort, now, members={me, *(member for circle in joinable for member in circle.members.values())})
    diary = diaries(db, cohort.zone, [me], first=now)
    behind = _Behind(held, cohort)
    ahead = [
        each
        for each in found
        if each.time.ends_at > now and (not each.time.cancelled or each.time.circle_of(me) is not None)
    ]
    cards = tuple(_card(sheet, diary.at(sheet.window, sheet.time, me), behind, cohort, now) for sheet in ahead)
    return ExtraPage(
        cohort=cohort,
        others=tuple((each.cohort.id, each.cohort.name) for each in others),
        cards=cards,
        asked=tuple(each for each in offered if each.window.drawn_at is None or each.unplaced),
        turns=turns_so_far(held.served.get(str(me), {}), cohort.practice_minutes),
        owed=behind.of(me),
        labels=cohort.role_labels,
    )


@dataclass(frozen=True)
class _Behind:
    """Who is owed which turns, and who has met whom."""

    held: Ledger
    cohort: CohortRow

    def of(self, member: UUID) -> Mapping[Role, int]:
        return owed(self.held.served.get(str(member), {}), self.cohort.practice_minutes)

    def met(self, one: UUID, other: UUID) -> int:
        return self.held.met.get(frozenset((str(one), str(other))), 0)


def _card(sheet: Sheet, who: Someone, behind: _Behind, cohort: CohortRow, now: datetime) -> Card:
    time, me = sheet.time, who.member
    mine, waits = time.circle_of(me), time.waits(me)
    blocked = "" if mine else rules.in_the_way(time, who, now)
    free = [] if mine or blocked else [each for each in time.circles if rules.is_open_to(time, each, who, now)]
    free.sort(key=lambda each: (-len(each.members), each.number))
    kept = next((each for each in free if waits and waits.holds(now) and each.id == waits.circle), None)
    seat = sheet.seat_of(me)
    taken = sum(bool(circle.members) for circle in time.circles)
    room = 0 if mine or blocked or not rules.can_start(time, who, now) else time.at_once - taken
    return Card(
        sheet=sheet,
        zone=cohort.zone,
        mine=_table(sheet, mine, me, behind) if mine else None,
        seat_id=seat.seat_id if seat else None,
        leave_until=time.can_leave_until,
        link=link_for(sheet.link, mine.id) if mine else "",
        where=", ".join(filter(None, (sheet.rooms.get(mine.id, "") if mine else "", sheet.place))),
        offered=_table(sheet, kept, me, behind) if kept else None,
        kept_until=waits.expires_at if kept and waits else None,
        waiting_id=waits.id if waits and (kept or waits.expires_at is None) else None,
        open=tuple(_table(sheet, each, me, behind) for each in free[:MOST_SHOWN] if each is not kept),
        more=len(free) > MOST_SHOWN,
        can_start=room,
        blocked=blocked,
    )


def _table(sheet: Sheet, circle: Circle, me: UUID, behind: _Behind) -> Table:
    people = sheet.people[circle.id]
    others = [one for one in people if one.member != me]
    joins = len(others) == len(people)
    missing = circle.places - len(people)
    shape = sheet.window.shape
    turning = Turning.ONE_ROUND if shape[0] == 1 else Turning(behind.cohort.turning)
    tiles = [Tile("You" if one.member == me else one.first, one.role, one.member == me) for one in people]
    first = ""
    if joins and missing == 1:
        everybody = [*(one.member for one in people), me]
        debts = {member: behind.of(member) for member in everybody}
        roles = turns(in_order(everybody, debts, turning), turning)[0]
        tiles = [Tile(one.first, roles[one.member]) for one in people]
        first = _first(roles[me], behind.cohort.role_labels, is_owed=bool(debts[me][roles[me]]))
        tiles.append(Tile("You?", roles[me], is_me=True))
        missing_tiles = 0
    else:
        missing_tiles = missing
    return Table(
        triad_id=circle.id,
        tiles=(*tiles, *(Tile("", None) for _ in range(missing_tiles))),
        needs=missing,
        worked=_worked(others, me, behind),
        first=first,
        by=needed_by(sheet.time, circle),
        go_ahead=sheet.window.if_two is IfTwo.GO_AHEAD,
    )


def _first(role: Role, labels: RoleLabels, *, is_owed: bool) -> str:
    usual = {Role.COUNSELLOR: "counsel", Role.CLIENT: "be client", Role.OBSERVER: "observe"}
    verb = usual[role] if labels.of(role) == role.value else f"be {labels.of(role)}"
    because = ", because that’s the turn you’re owed" if is_owed else ""
    return f"you’d {verb} first{because}"


def _worked(others: Sequence[Sitting], me: UUID, behind: _Behind) -> str:
    """“You’ve worked with Ben once, and not yet with Chloe.”"""
    times = {1: "once", 2: "twice"}
    known = [(one.first, behind.met(me, one.member)) for one in others]
    had = [f"with {name} {times.get(count, f'{count} times')}" for name, count in known if count]
    new = [name for name, count in known if not count]
    if not had:
        return f"You haven’t worked with {' or '.join(new)} yet." if new else ""
    return f"You’ve worked {listed(had)}{f', and not yet with {listed(new)}' if new else ''}."


def times_open(db: Session, person_id: UUID, now: datetime) -> int:
    """How many times of extra practice lie ahead in the cohorts somebody learns in, for a link elsewhere; one query."""
    windows = (
        select(func.count(PracticeSession.id.distinct()) + func.count(PracticeWindow.id.distinct()).filter(_asks(now)))
        .select_from(PracticeWindow)
        .join(Membership, Membership.cohort_id == PracticeWindow.cohort_id)
        .join(Cohort, Cohort.id == PracticeWindow.cohort_id)
        .outerjoin(
            PracticeSession,
            and_(
                PracticeSession.window_id == PracticeWindow.id,
                PracticeSession.starts_at > now,
                PracticeSession.cancelled_at.is_(None),
            ),
        )
        .where(
            Membership.person_id == person_id,
            Membership.role == "trainee",
            Membership.left_at.is_(None),
            Cohort.published_at.is_not(None),
            Cohort.archived_at.is_(None),
            PracticeWindow.opened_at.is_not(None),
            PracticeWindow.called_off_at.is_(None),
        )
    )
    return db.scalar(windows) or 0


def _asks(now: datetime) -> ColumnElement[bool]:
    """Windows that times can be offered for."""
    return and_(
        PracticeWindow.way == Way.MATCHED.value, PracticeWindow.drawn_at.is_(None), PracticeWindow.closes_at > now
    )
