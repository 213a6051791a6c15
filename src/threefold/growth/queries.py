"""What a page of growth shows: a trainee's rounds as core reckons with them, and all that may be said of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from threefold.core import growth as rules
from threefold.core.competency import Framework
from threefold.core.feedback import CLIENT_ANSWERS, CLIENT_QUESTIONS, RATHER_NOT_SAY, Kind
from threefold.core.growth import BurnUp, Chart, Mark, Round, Row, Turn, Who
from threefold.core.in_short import Sentence, Whose, in_short
from threefold.core.names import first_name
from threefold.core.slots import round_times
from threefold.store.counselled import Author, Counsels, authors, counsels, counsels_of, frameworks, held_of
from threefold.store.rounds import Held, Sent
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import NotYours, Within


@dataclass(frozen=True)
class Quote:
    """What a client said helped them to be there, last of all."""

    words: str
    first: str
    on: datetime
    path: str


@dataclass(frozen=True)
class Growth:
    """A trainee's growth in one cohort. `name` is theirs on a tutor's page, "" on their own.

    `unread`: rounds that are open and have not been opened. `latest`: where the last one that was read lies; `ideas`:
    what to try next from there, and whose idea it was ("" for one's own).
    """

    cohort: CohortRow
    others: tuple[CohortRow, ...]
    name: str
    charts: tuple[Chart, ...]
    clients: tuple[Chart, ...]
    said: tuple[Sentence, ...]
    rounds: tuple[Round, ...]
    pieces: int
    people: int
    unread: int
    latest: str
    ideas: tuple[tuple[str, str], ...]
    quote: Quote | None
    burn: BurnUp

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every mark in words, in the order of the charts: what the tables and the CSV hold."""
        return tuple(row for each in (*self.charts, *self.clients) for row in each.rows)

    @property
    def wide(self) -> bool:
        """Whether a chart has more sessions than fit beside one another on a phone."""
        return bool(self.charts) and len(self.charts[0].columns) > 11


def own(db: Session, me: Me, now: datetime, cohort: str | None) -> tuple[Within, Growth] | None:
    """The growth of the person asking, in the cohort asked for or the one they last practised in; None before any.

    Only rounds that they have opened count. Raises NotYours for a cohort that is not theirs.
    """
    rounds = counsels(db, me)
    mine: dict[str, Within] = {}
    for each in sorted(rounds, key=lambda each: _latest(each, now)):
        mine.pop(str(each.cohort.id), None)
        mine[str(each.cohort.id)] = each.within  # the group last practised in comes to stand last
    if cohort is not None and cohort not in mine:
        raise NotYours
    if not mine:
        return None
    within = mine[cohort] if cohort else list(mine.values())[-1]
    here = [each for each in rounds if each.cohort.id == within.cohort.id]
    held = held_of(db, here, now)
    unread = sum(each.opened_at is None and each.release(now).is_open for each in held)
    others = tuple(each.cohort for each in mine.values() if each.cohort.id != within.cohort.id)
    read = [each for each in held if each.opened_at is not None]
    return within, _growth(db, within.cohort, here, read, now, kept=held, others=others, unread=unread)


def of_trainee(db: Session, within: Within, member: UUID, name: str, now: datetime) -> Growth:
    """A trainee's growth for the tutors of their cohort: everything that has come in, opened or not."""
    rounds = counsels_of(db, member)
    return _growth(db, within.cohort, rounds, held_of(db, rounds, now), now, name=first_name(name))


def _latest(each: Counsels, now: datetime) -> tuple[bool, datetime]:
    """What has begun comes after what has not, the latest of it last."""
    return each.practice.starts_at <= now, each.practice.starts_at


def _growth(
    db: Session,
    cohort: CohortRow,
    planned: Sequence[Counsels],
    held: Sequence[Held],
    now: datetime,
    *,
    name: str = "",
    kept: Sequence[Held] | None = None,
    others: tuple[CohortRow, ...] = (),
    unread: int = 0,
) -> Growth:
    """From the rounds that may be shown (`held`), of all that were held (`kept`, where those are more)."""
    key = (cohort.framework_id or "", cohort.framework_version or "")
    known = frameworks(db, {key, *(each.looking.framework for each in held)})
    if key not in known:
        raise NotYours
    looked = (known[each.looking.framework] for each in reversed(held) if each.looking.framework in known)
    framework = known[key].remembering(looked)
    wrote = authors(db, held)
    counted = {(each.triad_id, each.number) for each in (held if kept is None else kept)}
    rounds = tuple(_round(each, wrote) for each in held)
    titles = _looked_for(framework, cohort, rounds)
    last = max((each.session for each in rounds), default=0)
    whose = Whose.of(name) if name else Whose()
    read = next((each for each in reversed(held) if each.opened_at is not None), None)
    written = [(each, piece) for each in held for piece in each.pieces if piece.kind is not Kind.SELF]
    return Growth(
        cohort=cohort,
        others=others,
        name=name,
        charts=tuple(
            rules.of_competency(rounds, code, title, framework.levels, framework.not_seen, last)
            for code, title in titles.items()
        ),
        clients=tuple(
            rules.of_question(rounds, each.code, each.words, CLIENT_ANSWERS, RATHER_NOT_SAY, last)
            for each in CLIENT_QUESTIONS
        ),
        said=in_short(rounds, titles, framework.levels, whose),
        rounds=rounds,
        pieces=len(written),
        people=len({piece.author for _, piece in written}),
        unread=unread,
        latest=read.path if read else "",
        ideas=_ideas(read, wrote) if read else (),
        quote=_quote(written, wrote),
        burn=rules.burn_up(list(_turns(planned, counted, now))),
    )


def _looked_for(framework: Framework, cohort: CohortRow, rounds: Sequence[Round]) -> dict[str, str]:
    """What is looked for this term and what has been, should the list have changed: names by code, in the framework's
    order. A code that the framework no longer has stands for itself, last.
    """
    rated = {mark.code for each in rounds for mark in each.marks if mark.who is not Who.CLIENT}
    codes = {*cohort.competencies, *rated}
    known = {each.code: each.short for each in framework.competencies if each.code in codes}
    return known | {code: code for code in sorted(rated - set(known))}


def _round(held: Held, wrote: dict[UUID, Author]) -> Round:
    return Round(
        session=held.practice_number,
        number=held.number,
        on=held.starts_at.astimezone(ZoneInfo(held.zone)).date(),
        path=held.path,
        marks=tuple(
            Mark(rating.code, who, str(piece.author), rating.level)
            for piece in held.pieces
            if piece.skipped_at is None and (who := _who(piece, wrote))
            for rating in piece.ratings
        ),
    )


def _who(piece: Sent, wrote: dict[UUID, Author]) -> Who:
    if piece.kind is Kind.SELF:
        return Who.OWN
    if piece.kind is Kind.CLIENT:
        return Who.CLIENT
    return Who.TUTOR if wrote[piece.author].is_tutor else Who.OBSERVER


def _ideas(held: Held, wrote: dict[UUID, Author]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (words, "" if piece.kind is Kind.SELF else first_name(wrote[piece.author].name))
        for piece in sorted(held.pieces, key=lambda piece: piece.kind is Kind.SELF)
        if (words := piece.words.get("to_try", ""))
    )


def _quote(written: Sequence[tuple[Held, Sent]], wrote: dict[UUID, Author]) -> Quote | None:
    for held, piece in reversed(written):
        words = piece.words.get("did", "")
        if piece.kind is Kind.CLIENT and words:
            return Quote(words, first_name(wrote[piece.author].name), held.starts_at, held.path)
    return None


def _turns(planned: Sequence[Counsels], kept: Collection[tuple[UUID, int]], now: datetime) -> Iterator[Turn]:
    """Their rounds as counsellor, `kept` those that were held: what nobody held is left out unless they said so."""
    for each in planned:
        shape = each.practice.shape_in(each.cohort)
        times = round_times(each.practice.starts_at, shape, max(each.number, shape.rounds))
        on = each.practice.starts_at.astimezone(ZoneInfo(each.cohort.zone)).date()
        is_over, was_held = times[each.number - 1].ends_at <= now, (each.triad.id, each.number) in kept
        if each.away or was_held or not is_over:
            yield Turn(each.practice.number, on, is_over, away=each.away and not was_held)
