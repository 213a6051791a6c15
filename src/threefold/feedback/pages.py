"""Pages of feedback: forms to write it, the page that tells when it opens, reading it, and what is still to come."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.competency import Competency, Framework
from threefold.core.feedback import (
    CLIENT_ANSWERS,
    CLIENT_QUESTIONS,
    NOT_SEEN,
    RATHER_NOT,
    RATHER_NOT_SAY,
    Kind,
    asked_of,
    may_change,
)
from threefold.core.refusal import Problem, Refusal
from threefold.core.roles import Role
from threefold.feedback import actions, forms, queries, reading
from threefold.feedback.actions import Conflict, Desk
from threefold.feedback.forms import Fields
from threefold.feedback.reading import Reading
from threefold.feedback.rounds import Held, Sent, looked_for, of_round
from threefold.mail.outbox import Written
from threefold.web.access import InRound, piece_for, round_for
from threefold.web.errors import NotYours
from threefold.web.forms import Form
from threefold.web.sessions import Me
from threefold.web.templates import clock
from threefold.web.visit import Answer, Visit, Visited, signed_in

UUIDS = "/feedback/{triad_id:uuid}/{number:int}"


@dataclass(frozen=True)
class Writing:
    """A form in front of its author: whom it is about, what is asked, and what has been written so far."""

    within: InRound
    held: Held
    kind: Kind
    framework: Framework
    asked: tuple[Competency, ...]
    desk: Desk
    focus: str = ""

    @property
    def member(self) -> UUID:
        return self.within.membership.id

    @property
    def about(self) -> str:
        return self.held.counsellor.first

    @property
    def is_sent(self) -> bool:
        piece = self.held.piece_of(self.member)
        return piece is not None and piece.skipped_at is None

    @property
    def steps(self) -> int:
        """One page for each competency and one for the two sentences."""
        return len(self.asked) + 1

    @property
    def minutes(self) -> int:
        return int((self.held.clock.feedback_at - self.held.clock.starts_at).total_seconds()) // 60

    @property
    def questions(self) -> tuple[tuple[str, str], ...]:
        return tuple((question.code, question.words) for question in CLIENT_QUESTIONS)

    @property
    def client_options(self) -> list[tuple[str, str]]:
        return [*((str(level), CLIENT_ANSWERS[level]) for level in (1, 2, 3, 4)), (RATHER_NOT, RATHER_NOT_SAY)]

    def levels(self, competency: Competency) -> list[tuple[str, str, str]]:
        """The levels to choose from, each told by what is seen in the room; "not seen" is always there."""
        found = [(str(n), self.framework.levels[n], competency.anchors[n]) for n in sorted(self.framework.levels)]
        return [*found, (NOT_SEEN, self.framework.not_seen, "")]

    def said(self, name: str) -> str:
        return forms.first(self.desk.fields, name)

    def all_said(self, name: str) -> tuple[str, ...]:
        return forms.every(self.desk.fields, name)

    def chosen(self, competency: Competency) -> str:
        """The level chosen so far, in words; "" for none."""
        options = {value: label for value, label, _ in self.levels(competency)}
        return options.get(
            "1" if self.all_said(f"{competency.code}.cue") else self.said(f"{competency.code}.level"), ""
        )

    def with_words(self, new: Fields) -> "Writing":
        return replace(self, desk=replace(self.desk, fields=forms.merged(self.desk.fields, new)))

    def shown(self, name: str, value: str) -> tuple[str, str]:
        """A field and its value in the words people read, for showing two versions beside each other."""
        code, _, part = name.partition(".")
        competency = self.framework.of(code)
        labels = {
            "helped": "One thing that helped" if self.kind is Kind.OBSERVER else "One thing you’d keep",
            "to_try": "One thing to try next",
            "for_tutor": "For your tutor alone",
            "did": f"One thing {self.about} did",
            **dict(self.questions),
        }
        if competency is None:
            return labels.get(name, name), dict(self.client_options).get(value, value) if name != "did" else value
        cues = {cue.code: cue.sentence for cue in competency.cues}
        options = {key: label for key, label, _ in self.levels(competency)}
        words = {"level": options.get(value, value), "cue": cues.get(value, value)}.get(part, value)
        what = {"moment": ", a moment", "cue": ", what got in the way", "said": ", what was said"}.get(part, "")
        return f"{competency.short}{what}", words


# --- reaching a round -----------------------------------------------------------------------------------------


def arrive(db: Session, me: Me, triad_id: UUID, number: int) -> tuple[InRound, Held]:
    within = round_for(db, me, triad_id, number)
    return within, of_round(db, within)


def writing(visit: Visit, triad_id: UUID, number: int, *kinds: Kind) -> Callable[[Session, Me], Writing]:
    """The asker's form on a round that has begun; NotYours for anybody who isn't asked for a piece."""

    def work(db: Session, me: Me) -> Writing:
        within, held = arrive(db, me, triad_id, number)
        party = held.party(within.membership.id)
        if party is None or within.role is None or party.away or not held.is_on or not held.has_begun(visit.now):
            raise NotYours
        kind = asked_of(Role(within.role))
        if kinds and kind not in kinds:
            raise NotYours
        framework, asked = looked_for(db, held)
        focus = queries.focus_before(db, held) if kind is Kind.OBSERVER else ""
        return Writing(within, held, kind, framework, asked, actions.desk_of(db, held, within.membership.id), focus)

    return work


def counselled(db: Session, me: Me, triad_id: UUID, number: int) -> tuple[InRound, Held]:
    within, held = arrive(db, me, triad_id, number)
    if within.role != Role.COUNSELLOR:
        raise NotYours
    return within, held


async def letter_for(visit: Visit, triad_id: UUID, number: int) -> Written:
    """The letter that says feedback is ready, written beforehand; the action posts it if it is wanted."""

    def work(db: Session, me: Me) -> tuple[Held, queries.Reader]:
        _, held = arrive(db, me, triad_id, number)
        return held, queries.reader_of(db, held)

    held, reader = await visit.read(work)
    return visit.house.postroom.write(
        "feedback-ready",
        id=visit.new_id(),
        once=f"feedback-ready:{held.counsellor.member}:{held.practice_id}",
        lane=f"feedback:{held.counsellor.member}",
        person_id=reader.person,
        name=reader.name,
        recipient=reader.email,
        subject=queries.subject_of(held),
        now=visit.now,
        cohort_id=held.cohort_id,
        link=visit.house.postroom.address("/feedback"),
        starts_at=held.starts_at,
        zone=held.zone,
        cohort=held.cohort,
    )


# --- a round --------------------------------------------------------------------------------------------------


@get("/feedback", **signed_in)
async def everything(visit: Visited) -> Answer:
    """What waits for me, and every round I took part in."""
    found = await visit.read(
        lambda db, me: (
            None
            if me.is_tutor and not me.is_trainee
            else (queries.todo(db, me, visit.now), queries.mine(db, me, visit.now))
        )
    )
    if found is None:
        return visit.go("/feedback/to-come")
    return visit.page("feedback/list.html", todo=found[0], mine=found[1])


@get("/feedback/to-come", **signed_in)
async def to_come(visit: Visited) -> Answer:
    def work(db: Session, me: Me) -> queries.ToCome:
        if not me.is_tutor:
            raise NotYours
        return queries.to_come(db, me, visit.now)

    return visit.page("feedback/to_come.html", page=await visit.read(work))


@get(UUIDS, **signed_in)
async def show(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Wherever this round stands for the person asking: a form to write, a piece that is sent, words to read."""
    found = await visit.read(standing(visit, triad_id, number))
    return visit.go(found) if isinstance(found, str) else visit.page(found[0], problems=(), typed="", **found[1])


def standing(visit: Visit, triad_id: UUID, number: int) -> Callable[[Session, Me], str | tuple[str, dict[str, Any]]]:
    def work(db: Session, me: Me) -> str | tuple[str, dict[str, Any]]:
        within, held = arrive(db, me, triad_id, number)
        member = within.membership.id
        party, piece = held.party(member), held.piece_of(member)
        here: dict[str, Any] = {"within": within, "held": held, "piece": piece}
        if within.role is None or party is None:
            return "feedback/tutor.html", {**here, "reading": reading_of(db, visit, within, held)}
        if party.away or not held.is_on or not held.has_begun(visit.now):
            return "feedback/early.html", here
        if within.role == Role.COUNSELLOR:
            release = held.release(visit.now)
            if held.opened_at is not None:
                return "feedback/reading.html", {**here, "reading": reading_of(db, visit, within, held)}
            if piece is None and not release.is_open:
                return f"{held.path}/form"
            return ("feedback/ready.html" if release.is_open else "feedback/waiting.html"), {**here, "release": release}
        if piece is None:
            return f"{held.path}/{'steps/1' if within.role == Role.OBSERVER else 'form'}"
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
        tutor=None,
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


def reading_of(db: Session, visit: Visit, within: InRound, held: Held) -> Reading:
    framework, _ = looked_for(db, held)
    pieces = [piece.id for piece in held.pieces]
    return reading.read(
        held,
        framework,
        now=visit.now,
        own_name="You" if within.role == Role.COUNSELLOR else held.counsellor.first,
        tutor=within.triad.tutor_id,
        answers=queries.answers_to(db, pieces),
        added=queries.addenda_to(db, pieces),
        focus=queries.focus_of(db, held),
    )


# --- forms ----------------------------------------------------------------------------------------------------

FORMS = {Kind.CLIENT: "feedback/client.html", Kind.SELF: "feedback/reflect.html", Kind.OBSERVER: "feedback/check.html"}


def closed(page: Writing) -> bool:
    """Whether the counsellor has opened this piece, so that it can only be added to."""
    return page.held.piece_of(page.member) is not None and not may_change(page.held.opened_at)


@get(f"{UUIDS}/steps/{{step:int}}", **signed_in)
async def show_step(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], step: FromPath[int]) -> Answer:
    page = await visit.read(writing(visit, triad_id, number, Kind.OBSERVER))
    if closed(page):
        return visit.go(page.held.path)
    return visit.page("feedback/step.html", problems=(), **at_step(page, step))


@post(f"{UUIDS}/steps/{{step:int}}", status_code=303, **signed_in)
async def keep_step(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], step: FromPath[int]) -> Answer:
    """Keep one page of the form and go on; what is still wanted on it is asked for at once."""
    form = await visit.form()

    def work(db: Session, me: Me) -> tuple[Writing, Desk | Conflict | Refusal]:
        page = writing(visit, triad_id, number, Kind.OBSERVER)(db, me)
        new = forms.given(form.kept, page.kind, page.held.asked)
        return page, actions.keep(db, page.held, page.member, new, version_of(form), now=visit.now)

    page, kept = await visit.write(work)
    if isinstance(kept, Refusal):
        return visit.go(page.held.path)
    if isinstance(kept, Conflict):
        return both_versions(visit, page, kept, f"{page.held.path}/steps/{step}")
    page = replace(page, desk=kept)
    values = at_step(page, step)
    here = {values["competency"].code} if values["competency"] else {"helped", "to_try"}
    found = forms.complete(page.kind, kept.fields, page.asked, page.about)
    wanted = [p for p in found.problems if forms.stem(p.field) in here] if isinstance(found, Refusal) else []
    if wanted:
        return visit.refused("feedback/step.html", Refusal(tuple(wanted)), **values)
    going_back = form.has("then_check") or step >= page.steps
    return visit.go(f"{page.held.path}/check" if going_back else f"{page.held.path}/steps/{step + 1}")


def at_step(page: Writing, step: int) -> dict[str, Any]:
    if not 1 <= step <= page.steps:
        raise NotYours
    return {"page": page, "step": step, "competency": page.asked[step - 1] if step <= len(page.asked) else None}


@get(f"{UUIDS}/check", **signed_in)
async def check(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Every answer on one page before it is sent."""
    page = await visit.read(writing(visit, triad_id, number, Kind.OBSERVER))
    if closed(page):
        return visit.go(page.held.path)
    return visit.page("feedback/check.html", page=page, problems=())


@get(f"{UUIDS}/form", **signed_in)
async def show_form(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """The client's four questions, or the counsellor's own reflection."""
    page = await visit.read(writing(visit, triad_id, number, Kind.CLIENT, Kind.SELF))
    if closed(page):
        return visit.go(page.held.path)
    return visit.page(FORMS[page.kind], page=page, problems=())


@post(f"{UUIDS}/draft", status_code=200, **signed_in)
async def keep_draft(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Keeps what is being typed; answers as JSON, with the other window's words if there are any."""
    form = await visit.form()

    def work(db: Session, me: Me) -> tuple[Writing, Desk | Conflict | Refusal]:
        page = writing(visit, triad_id, number)(db, me)
        new = forms.given(form.kept, page.kind, page.held.asked)
        return page, actions.keep(db, page.held, page.member, new, version_of(form), now=visit.now)

    page, kept = await visit.write(work)
    if isinstance(kept, Desk):
        return Response({"saved_at": clock(visit.now, page.held.zone), "version": kept.version})
    if isinstance(kept, Refusal):
        return Response({"closed": True, "sentence": kept.problems[0].sentence}, status_code=422)
    theirs: dict[str, list[str]] = {}
    for name, value in kept.theirs:
        theirs.setdefault(name, []).append(value)
    found = {name: values[0] if len(values) == 1 else values for name, values in theirs.items()}
    return Response({"conflict": True, "version": kept.desk.version, "theirs": found}, status_code=409)


@post(f"{UUIDS}/piece", status_code=303, **signed_in)
async def send(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Send the piece. Sending the same one twice sends it once."""
    form = await visit.form()
    letter = await letter_for(visit, triad_id, number)

    def work(db: Session, me: Me) -> tuple[Writing, actions.Done | Conflict | Refusal]:
        page = writing(visit, triad_id, number)(db, me)
        new = forms.given(form.kept, page.kind, page.held.asked)
        outcome = actions.send(
            db,
            page.held,
            page.member,
            page.kind,
            new,
            version_of(form),
            asked=page.asked,
            letter=letter,
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )
        if isinstance(outcome, Refusal) and not closed(page):
            page = replace(page, desk=actions.desk_of(db, page.held, page.member))
        return page, outcome

    page, outcome = await visit.write(work)
    if isinstance(outcome, Conflict):
        if page.kind is Kind.OBSERVER:
            again = Problem("", "This was changed in another window. Here it is as it stands now.")
            return visit.refused(FORMS[page.kind], Refusal((again,)), page=replace(page, desk=outcome.desk))
        return both_versions(visit, page, outcome, f"{page.held.path}/piece")
    if isinstance(outcome, Refusal):
        if closed(page):
            return visit.go(page.held.path)
        if page.kind is Kind.OBSERVER:
            outcome = Refusal(tuple(Problem(forms.stem(p.field), p.sentence) for p in outcome.problems))
        return visit.refused(FORMS[page.kind], outcome, page=page)
    return visit.go(page.held.path)


def both_versions(visit: Visit, page: Writing, conflict: Conflict, action: str) -> Answer:
    """Two windows wrote different words: both are shown, and the author chooses."""
    sides = [
        [page.shown(name, value) for name, value in fields if value.strip()]
        for fields in (conflict.ours, conflict.theirs)
    ]
    return visit.page(
        "feedback/conflict.html",
        status=409,
        page=page,
        ours=sides[0],
        theirs=sides[1],
        fields=conflict.ours,
        version=conflict.desk.version,
        action=action,
        problems=(),
    )


def version_of(form: Form) -> int:
    typed = form.get("version").strip()
    return int(typed[:9]) if typed.isascii() and typed.isdigit() else 0


# --- the counsellor -------------------------------------------------------------------------------------------


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
        _, held = counselled(db, me, triad_id, number)
        actions.open_words(db, held, by=me, now=visit.now, new_id=visit.new_id)
        return held

    return visit.go((await visit.write(work)).path)


@post(f"{UUIDS}/focus", status_code=303, **signed_in)
async def choose_focus(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Take one thing along: somebody's idea, one's own, or other words."""
    form = await visit.form()
    typed = form.text("words", most=actions.MOST_FOCUS)

    def work(db: Session, me: Me) -> tuple[Held, Refusal | None]:
        within, held = counselled(db, me, triad_id, number)
        if held.opened_at is None:
            raise NotYours
        ideas = {value: words for value, words, _ in reading_of(db, visit, within, held).options}
        words = ideas.get(form.get("choice"), typed)
        if form.refusal:
            return held, form.refusal
        short = words if len(words) <= actions.MOST_FOCUS else words[: actions.MOST_FOCUS - 1] + "…"
        return held, actions.focus(db, held, within.membership.id, short, by=me, now=visit.now, new_id=visit.new_id)

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
        held = of_round(db, within)
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
        held = of_round(db, within)
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
    letter = await letter_for(visit, triad_id, number)

    def work(db: Session, me: Me) -> Held:
        within, held = arrive(db, me, triad_id, number)
        if not within.is_tutor:
            raise NotYours
        actions.clear(db, held, letter=letter, by=me, now=visit.now, new_id=visit.new_id)
        return held

    return visit.go((await visit.write(work)).path)


routes = [
    everything,
    to_come,
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
