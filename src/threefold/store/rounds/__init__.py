"""Rounds that have been held, with everybody's words on them; the ground that pages of feedback stand on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core.clock import Press, What
from threefold.core.competency import Competency, Framework
from threefold.core.feedback import CLIENT_QUESTIONS, Kind, Rating
from threefold.core.guests import guest_seen
from threefold.core.happened import Fact, How, Scope
from threefold.core.happened import Kind as About
from threefold.core.names import short_names
from threefold.core.roles import Role
from threefold.core.slots import round_times
from threefold.store.frameworks import framework_for
from threefold.store.happened import PRESSED, Noted
from threefold.store.rounds.attendance import Attendance, attendance
from threefold.store.rounds.held import Held, Party, Sent
from threefold.store.rounds.questions import PEOPLE, SAID, SENT, TUTOR, Seated
from threefold.store.rows import CohortRow, PracticeRow, TriadRow
from threefold.store.within import InTriad, NotYours

__all__ = ["Held", "Party", "Sent", "held_rounds", "looked_for", "of_round"]

MOST_ROUNDS = 99


def of_round(db: Session, within: InTriad, number: int, now: datetime) -> Held:
    """A round of the triad somebody has reached through `web.access`. Raises NotYours if it has no such round."""
    if not 1 <= number <= MOST_ROUNDS:
        raise NotYours
    found = held_rounds(db, [(within.triad, within.practice, within.cohort)], now, only=number)
    if not found:
        raise NotYours
    return found[0]


def held_rounds(
    db: Session, triads: Sequence[tuple[TriadRow, PracticeRow, CohortRow]], now: datetime, *, only: int | None = None
) -> list[Held]:
    """Every round of these triads in order, or the one with that number in each, with who was there as known now.

    Two queries however many there are.
    """
    if not triads:
        return []
    ids = [triad.id for triad, _, _ in triads]
    seated: dict[tuple[UUID, int], list[Seated]] = defaultdict(list)
    how_many: dict[UUID, int] = {}
    for row in PEOPLE.all(db, triads=ids, first=only or 1, last=only or MOST_ROUNDS):
        seated[row.triad, row.round].append(row)
        how_many[row.triad] = row.rounds
    pieces, noted, tutors = _said(db, ids, only)
    there = _attendance(triads, seated, noted, now)
    found = []
    for triad, practice, cohort in triads:
        labels, looking = cohort.role_labels, cohort.looking_at(practice.starts_at)
        for clock in round_times(practice.starts_at, practice.shape_in(cohort), how_many.get(triad.id)):
            here = (triad.id, clock.number)
            if only not in {None, clock.number}:
                continue
            counsellor = next((one for one in seated[here] if one.role == Role.COUNSELLOR), None)
            if counsellor is None:
                continue
            found.append(
                Held(
                    triad_id=triad.id,
                    cohort_id=cohort.id,
                    cohort=cohort.name,
                    zone=cohort.zone,
                    labels=labels,
                    looking=looking,
                    practice_id=practice.id,
                    practice_number=practice.number,
                    starts_at=practice.starts_at,
                    clock=clock,
                    people=(
                        *_people(triad, seated[here], pieces[here], tutors, there[practice.id]),
                        *_visiting(counsellor),
                    ),
                    pieces=(*pieces[here], *_felt(counsellor)),
                    opened_at=counsellor.opened_at,
                    cleared_at=counsellor.cleared_at,
                    turn=(counsellor.turn or 0) + 1,
                    focus=counsellor.focus,
                    took_place=there[practice.id].took_place(seated[here]),
                )
            )
    return found


def _attendance(
    triads: Sequence[tuple[TriadRow, PracticeRow, CohortRow]],
    seated: Mapping[tuple[UUID, int], Sequence[Seated]],
    noted: Mapping[UUID, Noted],
    now: datetime,
) -> dict[UUID, Attendance]:
    """Who was there, by session."""
    sessions = {practice.id: (cohort, practice) for _, practice, cohort in triads}
    session_of = {triad.id: practice.id for triad, practice, _ in triads}
    people: dict[UUID, list[Seated]] = {id_: [] for id_ in sessions}
    for (triad, _), some in seated.items():
        people[session_of[triad]].extend(some)
    return {id_: attendance(*sessions[id_], people[id_], noted.get(id_, Noted()), now) for id_ in sessions}


def _people(
    triad: TriadRow,
    seated: Sequence[Seated],
    pieces: Sequence[Sent],
    tutors: Mapping[UUID, str],
    there: Attendance,
) -> tuple[Party, ...]:
    """Who sits in the round, then the tutor who observes a pair, then tutors who dropped in and wrote."""
    beside = [triad.tutor_id] if triad.tutor_id in tutors else []
    beside += [piece.author for piece in pieces if piece.author in tutors and piece.author != triad.tutor_id]
    names = {one.member: one.name for one in seated} | {member: tutors[member] for member in beside if member}
    called = short_names(names)
    return (
        *(Party(one.member, one.name, called[one.member], Role(one.role), away=there.was_away(one)) for one in seated),
        *(
            Party(member, names[member], called[member], Role.OBSERVER, is_tutor=True, visits=member != triad.tutor_id)
            for member in beside
            if member
        ),
    )


def _visiting(counsellor: Seated) -> tuple[Party, ...]:
    """A guest who is the client, by their first name alone."""
    if counsellor.guest is None:
        return ()
    called = guest_seen(counsellor.guest_name or "")
    return (Party(counsellor.guest, called, called, Role.CLIENT, is_guest=True),)


def _felt(counsellor: Seated) -> tuple[Sent, ...]:
    """A guest's four answers as a client's piece, to be released with the others'."""
    if counsellor.encounter is None or counsellor.guest is None or counsellor.felt_at is None:
        return ()
    felt = counsellor.felt or {}
    ratings = tuple(Rating(each.code, felt.get(each.code)) for each in CLIENT_QUESTIONS)
    return (Sent(counsellor.encounter, counsellor.guest, Kind.CLIENT, {}, ratings, counsellor.felt_at),)


def looked_for(db: Session, held: Held) -> tuple[Framework, tuple[Competency, ...]]:
    """The term's framework and the competencies this round is looked at for, as it words them."""
    framework = framework_for(db, *held.looking.framework)
    if framework is None:
        raise NotYours
    return framework, tuple(one for code in held.asked if (one := framework.of(code)) is not None)


_Said = tuple[dict[tuple[UUID, int], list[Sent]], dict[UUID, Noted], dict[UUID, str]]


def _said(db: Session, triads: list[UUID], only: int | None) -> _Said:
    """What was said on these rounds, by triad and round; what was noted and pressed, by session; the tutors who observe
    them, whether they were asked to or dropped in and wrote.
    """
    found: dict[tuple[UUID, int], list[Sent]] = defaultdict(list)
    noted: dict[UUID, Noted] = defaultdict(Noted)
    tutors: dict[UUID, str] = {}
    rows = SAID.all(db, triads=triads, first=only or 1, last=only or MOST_ROUNDS)
    for _, together in groupby(rows, key=itemgetter(2)):
        some = list(together)
        triad, number, id_, author, kind, words, *when, practice, replaces = (*some[0][: len(SENT)], *some[0][-2:])
        if kind == TUTOR:
            tutors[author] = some[0][-3]
            continue
        rated = [cells[len(SENT) : -2] for cells in some if cells[len(SENT)] is not None]
        if practice is None:
            ratings = tuple(
                Rating(code, level, tuple(moments), tuple(cues), said) for code, level, moments, cues, said in rated
            )
            found[triad, number].append(Sent(id_, author, Kind(kind), words, ratings, *when))
            continue
        value, how = rated[0][0], rated[0][-1]
        from_at, until_at, recorded_at, _ = when
        if kind == PRESSED:
            noted[practice].presses.append(Press(id_, What(value), from_at, triad, number))
        else:
            scope = Scope(About(kind), author, triad, number)
            noted[practice].facts.append(
                Fact(
                    scope, value, from_at, until_at, replaces,
                    id=id_, recorded_at=recorded_at, recorded_by=None, how=How(how),
                )
            )  # fmt: skip
    return found, noted, tutors
