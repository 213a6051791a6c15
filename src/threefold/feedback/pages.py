"""Pages of feedback: where a round stands for whoever asks, reading it, answering, and what is still to come."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.calibration.queries import to_practise
from threefold.core.feedback import Kind, may_change
from threefold.core.observation import may_open
from threefold.core.refusal import Problem, Refusal
from threefold.core.roles import Role
from threefold.feedback import actions, queries, reading
from threefold.feedback.author import arrive, writing
from threefold.feedback.nudging import ask, ask_everybody, to_come
from threefold.feedback.reading import Reading
from threefold.feedback.writing import (
    UUIDS,
    check,
    keep_draft,
    keep_step,
    letter_for,
    send,
    show_form,
    show_step,
)
from threefold.observation.actions import let_go
from threefold.store.rounds import Held, Sent, looked_for, of_round
from threefold.store.sessions import Me
from threefold.store.within import InTriad, NotYours
from threefold.web.access import piece_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

# --- a round --------------------------------------------------------------------------------------------------


@get("/feedback", **signed_in)
async def everything(visit: Visited) -> Answer:
    """What waits for me, and every round I took part in."""
    found = await visit.read(
        lambda db, me: (
            None
            if me.is_tutor and not me.is_trainee
            else (queries.todo(db, me, visit.now), queries.mine(db, me, visit.now), to_practise(db, me))
        )
    )
    if found is None:
        return visit.go("/feedback/to-come")
    return visit.page("feedback/list.html", todo=found[0], mine=found[1], to_practise=found[2])


@get(UUIDS, **signed_in)
async def show(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Wherever this round stands for the person asking: a form to write, a piece that is sent, words to read."""
    found = await visit.read(standing(visit, triad_id, number))
    return visit.go(found) if isinstance(found, str) else visit.page(found[0], problems=(), typed="", **found[1])


def standing(visit: Visit, triad_id: UUID, number: int) -> Callable[[Session, Me], str | tuple[str, dict[str, Any]]]:
    def work(db: Session, me: Me) -> str | tuple[str, dict[str, Any]]:
        within, held = arrive(visit, db, me, triad_id, number)
        member = within.membership.id
        party, piece = held.party(member), held.piece_of(member)
        here: dict[str, Any] = {"within": within, "held": held, "piece": piece}
        if party is None:
            return "feedback/tutor.html", {**here, "reading": reading_of(db, visit, within, held)}
        if not held.shows(party, visit.now):
            observes = party.role is Role.OBSERVER and held.asks(party)
            notes = f"/observation/{triad_id}/{number}" if observes and may_open(held.starts_at, visit.now) else ""
            focus = queries.taken_along(db, held) if observes else ""
            return "feedback/early.html", {**here, "focus": focus, "notes": notes}
        if party.role is Role.COUNSELLOR:
            release = held.release(visit.now)
            if held.opened_at is not None:
                return "feedback/reading.html", {**here, "reading": reading_of(db, visit, within, held)}
            if piece is None and not release.is_open:
                return f"{held.path}/form"
            return ("feedback/ready.html" if release.is_open else "feedback/waiting.html"), {**here, "release": release}
        if piece is None:
            return f"{held.path}/{'steps/1' if party.role is Role.OBSERVER else 'form'}"
        if within.is_tutor:
            return "feedback/tutor.html", {**here, "reading": reading_of(db, visit, within, held)}
        return "feedback/sent.html", {**here, **sent_page(db, visit, held, piece)}

    return work


def sent_page(db: Session, visit: Visit, held: Held, piece: Sent) -> dict[str, Any]:
    """One's own piece, what the counsellor answered, and what was added; never a private note to the tutors."""
    framework, _ = looked_for(db, held)
    answers = [answer for answer in queries.answers_to(db, [piece.id]) if answer.kind != "unease"]
    alone = replace(held, pieces=(piece,))
    own = reading.read(
        alone,
        framework,
        now=visit.now,
        own_name="You",
        answers=answers,
        added=queries.addenda_to(db, [piece.id]),
    )
    return {
        "told": own.told[0],
        "levels": own.levels,
        "reading": own,
        "may_change": may_change(held.opened_at),
        "addendum_id": visit.new_id(),
    }


def reading_of(db: Session, visit: Visit, within: InTriad, held: Held) -> Reading:
    framework, _ = looked_for(db, held)
    pieces = [piece.id for piece in held.pieces]
    return reading.read(
        held,
        framework,
        now=visit.now,
        own_name="You" if held.counsellor.member == within.membership.id else held.counsellor.first,
        answers=queries.answers_to(db, pieces),
        added=queries.addenda_to(db, pieces),
        focus=queries.focus_of(db, held),
        taken=queries.taken_along(db, held),
    )


# --- the counsellor -------------------------------------------------------------------------------------------


def counselled(visit: Visit, db: Session, me: Me, triad_id: UUID, number: int) -> tuple[InTriad, Held]:
    within, held = arrive(visit, db, me, triad_id, number)
    if held.counsellor.member != within.membership.id:
        raise NotYours
    return within, held


@post(f"{UUIDS}/skip", status_code=303, **signed_in)
async def skip(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    letter = await letter_for(visit, triad_id, number)

    def work(db: Session, me: Me) -> Held:
        page = writing(visit, triad_id, number, Kind.SELF)(db, me)
        actions.skip(db, page.held, page.member, letter=letter, by=me, now=visit.now, new_id=visit.new_id)
        return page.held

    return visit.go((await visit.write(work)).path)


@post(f"{UUIDS}/opening", status_code=303, **signed_in)
async def open_words(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    def work(db: Session, me: Me) -> Held:
        _, held = counselled(visit, db, me, triad_id, number)
        if actions.open_words(db, held, by=me, now=visit.now, new_id=visit.new_id):
            let_go(db, held)
        return held

    return visit.go((await visit.write(work)).path)


@post(f"{UUIDS}/focus", status_code=303, **signed_in)
async def choose_focus(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Take one thing along: somebody's idea, one's own, or other words."""
    form = await visit.form()
    typed = form.text("words", most=actions.MOST_FOCUS)

    def work(db: Session, me: Me) -> tuple[Held, Refusal | None]:
        within, held = counselled(visit, db, me, triad_id, number)
        if held.opened_at is None:
            raise NotYours
        ideas = {value: words for value, words, _ in reading_of(db, visit, within, held).options}
        words = ideas.get(form.get("choice"), typed)
        if form.refusal:
            return held, form.refusal
        short = words if len(words) <= actions.MOST_FOCUS else words[: actions.MOST_FOCUS - 1] + "…"
        code = form.get("code") or None
        member = within.membership.id
        return held, actions.focus(db, held, member, short, code, by=me, now=visit.now, new_id=visit.new_id)

    held, refusal = await visit.write(work)
    if refusal:
        return await again(visit, held, refusal, form)
    return visit.go(f"{held.path}#next")


@post("/feedback/pieces/{piece_id:uuid}/answer", status_code=303, **signed_in)
async def answer(visit: Visited, piece_id: FromPath[UUID]) -> Answer:
    """Thank, ask, or turn to the tutors."""
    form = await visit.form()
    kind = form.one_of("kind", ("thanks", "question", "unease"), "Choose what you’d like to do.")
    words = form.words("words", most=actions.MOST_ANSWER)

    def work(db: Session, me: Me) -> tuple[Held, Refusal | None]:
        within, row = piece_for(db, me, piece_id)
        held = of_round(db, within, row.round, visit.now)
        piece = held.piece_of(row.author_id)
        if within.role != Role.COUNSELLOR or held.opened_at is None or piece is None or piece.kind is Kind.SELF:
            raise NotYours
        if form.refusal:
            return held, form.refusal
        return held, actions.answer(db, held, piece, kind, words, by=me, now=visit.now, new_id=visit.new_id)

    held, refusal = await visit.write(work)
    if refusal:
        at = f"{kind}-{piece_id}"
        return await again(visit, held, Refusal(tuple(Problem(at, p.sentence) for p in refusal.problems)), form)
    return visit.go(f"{held.path}#piece-{piece_id}")


@post("/feedback/pieces/{piece_id:uuid}/addenda", status_code=303, **signed_in)
async def add(visit: Visited, piece_id: FromPath[UUID]) -> Answer:
    """Add to one's own piece once it has been opened."""
    form = await visit.form()
    words = form.words("words", most=50_000)

    def work(db: Session, me: Me) -> tuple[Held, Refusal | None]:
        within, row = piece_for(db, me, piece_id)
        if row.author_id != within.membership.id:
            raise NotYours
        held = of_round(db, within, row.round, visit.now)
        piece = held.piece_of(row.author_id)
        if piece is None or piece.skipped_at is not None:
            raise NotYours
        id_ = form.id("id") or visit.new_id()
        return held, actions.add(db, held, piece, words, id=id_, by=me, now=visit.now, new_id=visit.new_id)

    held, refusal = await visit.write(work)
    return await again(visit, held, refusal, form) if refusal else visit.go(f"{held.path}#added")


async def again(visit: Visit, held: Held, refusal: Refusal, form: Form) -> Answer:
    """The round's page once more, with what is wanted and every word that was typed."""
    found = await visit.read(standing(visit, held.triad_id, held.number))
    if isinstance(found, str):
        return visit.go(found)
    return visit.refused(found[0], refusal, **found[1], typed=form.get("words"))


# --- the tutor ------------------------------------------------------------------------------------------------


@post(f"{UUIDS}/clearance", status_code=303, **signed_in)
async def clear(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """A tutor has looked: the words need not wait any longer."""

    def work(db: Session, me: Me) -> Held:
        within, held = arrive(visit, db, me, triad_id, number)
        if not within.is_tutor:
            raise NotYours
        actions.clear(db, held, by=me, now=visit.now, new_id=visit.new_id)
        return held

    return visit.go((await visit.write(work)).path)


routes = [
    everything,
    to_come,
    ask_everybody,
    ask,
    show,
    show_step,
    keep_step,
    check,
    show_form,
    keep_draft,
    send,
    skip,
    open_words,
    choose_focus,
    answer,
    add,
    clear,
]
