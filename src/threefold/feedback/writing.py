"""Writing feedback: the observer’s steps, the client’s questions, the counsellor’s reflection, and their drafts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import observation
from threefold.core.competency import Competency, Framework
from threefold.core.feedback import (
    CLIENT_ANSWERS,
    CLIENT_QUESTIONS,
    MOVED,
    NOT_SEEN,
    RATHER_NOT,
    RATHER_NOT_SAY,
    Kind,
    asked_of,
    may_change,
)
from threefold.core.observation import Note
from threefold.core.refusal import Problem, Refusal
from threefold.core.said import clock
from threefold.feedback import actions, forms, queries
from threefold.feedback.actions import Conflict, Desk, LetterWanted, Unfinished
from threefold.mail.outbox import Written
from threefold.observation.actions import let_go
from threefold.observation.queries import record_of
from threefold.store.rounds import Held, looked_for, of_round
from threefold.store.sessions import Me
from threefold.store.within import InTriad, NotYours
from threefold.web.access import triad_for
from threefold.web.errors import Gone
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

UUIDS = "/feedback/{triad_id:uuid}/{number:int}"
CANCELLED = "This practice session was cancelled, so there is nothing to send."


@dataclass(frozen=True)
class Writing:
    """A form in front of its author: whom it is about, what is asked, and what has been written so far."""

    within: InTriad
    held: Held
    kind: Kind
    framework: Framework
    asked: tuple[Competency, ...]
    desk: Desk
    focus: str = ""
    notes: tuple[Note, ...] = ()

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

    @property
    def moved(self) -> list[tuple[str, str]]:
        """The answers to whether what was taken along moved."""
        return list(MOVED.items())

    def levels(self, competency: Competency) -> list[tuple[str, str, str]]:
        """The levels to choose from, each told by what is seen in the room; "not seen" is always there."""
        found = [(str(n), self.framework.levels[n], competency.anchors[n]) for n in sorted(self.framework.levels)]
        return [*found, (NOT_SEEN, self.framework.not_seen, "")]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(competency.code for competency in self.asked)

    @property
    def live(self) -> str:
        """Where the notes of this round are."""
        return f"/observation/{self.held.triad_id}/{self.held.number}"

    def noted(self, competency: Competency) -> list[tuple[str, Note]]:
        """The live notes that may be picked as moments here, in the order they were made, each as the moment it makes.

        Words noted under no competency may belong to any.
        """
        here = [note for note in self.notes if note.code == competency.code]
        here += [note for note in self.notes if note.code is None]
        return [*{observation.moment(note): note for note in here}.items()]

    @property
    def beside(self) -> list[tuple[str, str]]:
        """What was stamped under a competency that has no page of its own today: its label and the moment."""
        found = (
            (self.framework.of(note.code or ""), note) for note in self.notes if note.code not in {None, *self.codes}
        )
        return [(other.short if other else "", observation.moment(note)) for other, note in found]

    def written(self, competency: Competency) -> list[str]:
        """The moments that are no live note's."""
        noted = {moment for moment, _ in self.noted(competency)}
        return [moment for moment in self.all_said(f"{competency.code}.moment") if moment not in noted]

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

    def shown(self, name: str, value: str) -> tuple[str, str]:
        """A field and its value in the words people read, for showing two versions beside each other."""
        code, _, part = name.partition(".")
        competency = self.framework.of(code)
        labels = {
            "helped": "One thing that helped" if self.kind is Kind.OBSERVER else "One thing you’d keep",
            "to_try": "One thing to try next",
            "for_tutor": "For your tutor alone",
            "moved": "Did it move?",
            "did": f"One thing {self.about} did",
            **dict(self.questions),
        }
        if competency is None:
            chosen = MOVED if name == "moved" else {} if name == "did" else dict(self.client_options)
            return labels.get(name, name), chosen.get(value, value)
        cues = {cue.code: cue.sentence for cue in competency.cues}
        options = {key: label for key, label, _ in self.levels(competency)}
        words = {"level": options.get(value, value), "cue": cues.get(value, value)}.get(part, value)
        what = {"moment": ", a moment", "cue": ", what got in the way", "said": ", what was said"}.get(part, "")
        return f"{competency.short}{what}", words


# --- reaching a round -----------------------------------------------------------------------------------------


def arrive(visit: Visit, db: Session, me: Me, triad_id: UUID, number: int) -> tuple[InTriad, Held]:
    """The round, for those who sit in it and the tutors. One that was cancelled says so, with every word given back."""
    within = triad_for(db, me, triad_id)
    held = of_round(db, within, number, visit.now)
    if within.practice.cancelled_at is not None:
        typed = visit.typed or actions.desk_of(db, held, within.membership.id).fields
        raise Gone("feedback/cancelled.html", CANCELLED, held=held, typed=forms.own_words(typed))
    return within, held


def writing(visit: Visit, triad_id: UUID, number: int, *kinds: Kind) -> Callable[[Session, Me], Writing]:
    """The asker's form on a round that has begun; NotYours for anybody who isn't asked for a piece."""

    def work(db: Session, me: Me) -> Writing:
        within, held = arrive(visit, db, me, triad_id, number)
        party = held.party(within.membership.id)
        drops_in = party is None and within.is_tutor  # any tutor may be a second observer
        if party is None and not drops_in:
            raise NotYours
        if not held.has_begun(visit.now):
            raise NotYours
        wanted = held.asks(party) if party else held.is_on
        if not wanted and held.piece_of(within.membership.id) is None:
            raise NotYours
        kind = asked_of(party.role) if party else Kind.OBSERVER
        if kinds and kind not in kinds:
            raise NotYours
        framework, asked = looked_for(db, held)
        page = Writing(within, held, kind, framework, asked, actions.desk_of(db, held, within.membership.id))
        return with_notes(db, page) if kind is Kind.OBSERVER else page

    return work


def with_notes(db: Session, page: Writing) -> Writing:
    """The observer's form with their live notes: what they stamped beside what was asked for has a page too."""
    notes = tuple(reversed(record_of(db, page.held, page.member).shown))
    codes = observation.looked_at(
        page.codes,
        [note.code for note in notes if note.code],
        {forms.stem(name) for name, value in page.desk.fields if value.strip()},
        page.held.looking.codes,
        observation.MOST_PAGES,
    )
    asked = tuple(one for code in codes if (one := page.framework.of(code)) is not None)
    return replace(page, asked=asked, notes=notes)


async def letter_for(visit: Visit, triad_id: UUID, number: int) -> Written:
    """The letter that says feedback is ready, written beforehand; the action posts it if it is wanted."""

    def work(db: Session, me: Me) -> tuple[Held, queries.Reader]:
        _, held = arrive(visit, db, me, triad_id, number)
        return held, queries.reader_of(db, held)

    held, reader = await visit.read(work)
    return visit.house.postroom.write(
        "feedback-ready",
        id=visit.new_id(),
        once=held.letter,
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


# --- forms ----------------------------------------------------------------------------------------------------

FORMS = {Kind.CLIENT: "feedback/client.html", Kind.SELF: "feedback/reflect.html", Kind.OBSERVER: "feedback/check.html"}


def closed(page: Writing) -> bool:
    """Whether the counsellor has opened this piece, so that it can only be added to."""
    return page.held.piece_of(page.member) is not None and not may_change(page.held.opened_at)


@get(f"{UUIDS}/steps/{{step:int}}", **signed_in)
async def show_step(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], step: FromPath[int]) -> Answer:
    def work(db: Session, me: Me) -> Writing:
        page = writing(visit, triad_id, number, Kind.OBSERVER)(db, me)
        return replace(page, focus=queries.taken_along(db, page.held))

    page = await visit.read(work)
    if closed(page):
        return visit.go(page.held.path)
    then_check = visit.request.query_params.get("then") == "check"
    return visit.page("feedback/step.html", problems=(), then_check=then_check, **at_step(page, step))


@post(f"{UUIDS}/steps/{{step:int}}", status_code=303, **signed_in)
async def keep_step(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], step: FromPath[int]) -> Answer:
    """Keep one page of the form and go on; what is still wanted on it is asked for at once."""
    form = await visit.form()

    def work(db: Session, me: Me) -> tuple[Writing, Desk | Conflict | Refusal]:
        page = writing(visit, triad_id, number, Kind.OBSERVER)(db, me)
        new = forms.given(form.kept, page.kind, page.codes)
        return page, actions.keep(db, page.held, page.member, page.desk, new, version_of(form), now=visit.now)

    page, kept = await visit.write(work)
    if isinstance(kept, Refusal):
        return too_late(visit, page, kept, form)
    if isinstance(kept, Conflict):
        return both_versions(visit, page, kept, f"{page.held.path}/steps/{step}")
    page = replace(page, desk=kept)
    values = at_step(page, step)
    here = {values["competency"].code} if values["competency"] else {"helped", "to_try"}
    found = forms.complete(page.kind, kept.fields, page.asked, page.about)
    wanted = [p for p in found.problems if forms.stem(p.field) in here] if isinstance(found, Refusal) else []
    if wanted:
        return visit.refused("feedback/step.html", Refusal(tuple(wanted)), then_check=form.has("then_check"), **values)
    to_check = form.has("then_check") or step >= page.steps
    return visit.go(f"{page.held.path}/check" if to_check else f"{page.held.path}/steps/{step + 1}")


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

    def work(db: Session, me: Me) -> Writing:
        page = writing(visit, triad_id, number, Kind.CLIENT, Kind.SELF)(db, me)
        return replace(page, focus=queries.taken_along(db, page.held)) if page.kind is Kind.SELF else page

    page = await visit.read(work)
    if closed(page):
        return visit.go(page.held.path)
    return visit.page(FORMS[page.kind], page=page, problems=())


@post(f"{UUIDS}/draft", status_code=200, **signed_in)
async def keep_draft(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Keeps what is being typed; answers as JSON, with the other window's words if there are any."""
    form = await visit.form()

    def work(db: Session, me: Me) -> tuple[Writing, Desk | Conflict | Refusal]:
        page = writing(visit, triad_id, number)(db, me)
        new = forms.given(form.kept, page.kind, page.codes)
        return page, actions.keep(db, page.held, page.member, page.desk, new, version_of(form), now=visit.now)

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

    def work(db: Session, me: Me) -> tuple[Writing, actions.Done | Unfinished | LetterWanted | Conflict | Refusal]:
        page = writing(visit, triad_id, number)(db, me)
        new = forms.given(form.kept, page.kind, page.codes)
        done = actions.send(
            db,
            page.held,
            page.member,
            page.kind,
            page.desk,
            new,
            version_of(form),
            asked=page.asked,
            letter=letter,
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )
        if isinstance(done, actions.Done) and done.changed and page.held.opened_at is not None:
            let_go(db, page.held)  # a late piece: what its author did not pick goes as the others' did
        return page, done

    letter: Written | None = None
    page, outcome = await visit.write(work)
    if isinstance(outcome, LetterWanted):
        letter = await letter_for(visit, triad_id, number)
        page, outcome = await visit.write(work)
    if isinstance(outcome, Conflict):
        if page.kind is Kind.OBSERVER:
            again = Problem("", "This was changed in another window. Here it is as it stands now.")
            return visit.refused(FORMS[page.kind], Refusal((again,)), page=replace(page, desk=outcome.desk))
        return both_versions(visit, page, outcome, f"{page.held.path}/piece")
    if isinstance(outcome, Unfinished):
        problems = outcome.refusal.problems
        if page.kind is Kind.OBSERVER:
            problems = tuple(Problem(forms.stem(p.field), p.sentence) for p in problems)
        return visit.refused(FORMS[page.kind], Refusal(problems), page=replace(page, desk=outcome.desk))
    if isinstance(outcome, Refusal):
        return too_late(visit, page, outcome, form)
    return visit.go(page.held.path)


def too_late(visit: Visit, page: Writing, refusal: Refusal, form: Form) -> Answer:
    """It was opened while this was being written: nothing changes, and what is new can be added from the same page."""
    sent = page.held.piece_of(page.member)
    there = set(forms.fields_of(sent)) if sent else set()
    new = tuple(each for each in forms.given(form.kept, page.kind, page.codes) if each[1].strip() and each not in there)
    if not new or sent is None:
        return visit.go(page.held.path)
    words = forms.own_words(new)
    return visit.refused(
        "feedback/opened.html",
        Refusal(tuple(Problem("words", problem.sentence) for problem in refusal.problems)),
        page=page,
        piece=sent.id,
        typed="\n\n".join(words),
        chosen=[page.shown(name, value) for name, value in new if value not in words],
        addendum_id=visit.new_id(),
    )


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
