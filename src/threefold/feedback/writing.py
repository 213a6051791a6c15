"""Writing feedback: the observer’s steps, the client’s questions, the counsellor’s reflection, and their drafts."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.feedback import Kind
from threefold.core.refusal import Problem, Refusal
from threefold.core.said import clock
from threefold.feedback import actions, forms, queries
from threefold.feedback.actions import Conflict, Desk, LetterWanted, Unfinished
from threefold.feedback.author import Writing, arrive, writing
from threefold.mail.outbox import Written
from threefold.observation.actions import let_go
from threefold.store.rounds import Held
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

UUIDS = "/feedback/{triad_id:uuid}/{number:int}"
FORMS = {Kind.CLIENT: "feedback/client.html", Kind.SELF: "feedback/reflect.html", Kind.OBSERVER: "feedback/check.html"}


@get(f"{UUIDS}/steps/{{step:int}}", **signed_in)
async def show_step(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], step: FromPath[int]) -> Answer:
    def work(db: Session, me: Me) -> Writing:
        page = writing(visit, triad_id, number, Kind.OBSERVER)(db, me)
        return replace(page, focus=queries.taken_along(db, page.held))

    page = await visit.read(work)
    if page.is_closed:
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
    if page.is_closed:
        return visit.go(page.held.path)
    return visit.page("feedback/check.html", page=page, problems=())


@get(f"{UUIDS}/form", **signed_in)
async def show_form(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """The client's four questions, or the counsellor's own reflection."""

    def work(db: Session, me: Me) -> Writing:
        page = writing(visit, triad_id, number, Kind.CLIENT, Kind.SELF)(db, me)
        return replace(page, focus=queries.taken_along(db, page.held)) if page.kind is Kind.SELF else page

    page = await visit.read(work)
    if page.is_closed:
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
