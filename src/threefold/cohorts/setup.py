"""Setting a cohort up: people, sessions, framework; each step its own page, saved when its button says so."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.cohorts import actions, members, queries
from threefold.cohorts.actions import Looking, Where
from threefold.cohorts.members import Added
from threefold.cohorts.queries import Member, People
from threefold.cohorts.spreadsheets import read_xlsx
from threefold.core.competency import Framework, read_framework
from threefold.core.contract import usual_contract
from threefold.core.refusal import Problem, Refusal
from threefold.core.roster import DryRun, Row, checked_row, csv_file, decode, judge, read_pasted, read_table
from threefold.core.slots import (
    SessionShape,
    WeeklyPattern,
    check_pattern,
    check_shape,
    dates,
    fits,
    sentence,
    suggested_skips,
)
from threefold.store.frameworks import available, framework_for
from threefold.store.tables import Cohort
from threefold.web.access import Right, Within, cohort_for
from threefold.web.errors import NotYours
from threefold.web.forms import Form
from threefold.web.sessions import Me
from threefold.web.visit import Answer, Visit, Visited, signed_in

Steps = list[tuple[str, str | None, str]]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LABELS: dict[str, dict[str, str]] = {
    "counsellor": {},
    "helper": {"counsellor": "helper", "client": "helpee", "observer": "observer"},
    "coach": {"counsellor": "coach", "client": "client", "observer": "observer"},
}


# --- people ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PeoplePage:
    """Step one: who is here, and whom a list would add."""

    people: People
    steps: Steps


def load_people(db: Session, me: Me, cohort_id: UUID) -> PeoplePage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    return PeoplePage(queries.people(db, within), queries.steps(db, within, "people"))


@get("/cohorts/{cohort_id:uuid}/people", **signed_in)
async def people(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load_people(db, me, cohort_id))
    return visit.page("cohorts/people.html", page=page, form=None, problems=())


async def people_again(visit: Visit, cohort_id: UUID, refusal: Refusal, form: Form) -> Answer:
    page = await visit.read(lambda db, me: load_people(db, me, cohort_id))
    return visit.refused("cohorts/people.html", refusal, page=page, form=form)


@post("/cohorts/{cohort_id:uuid}/people/reading", status_code=200, **signed_in)
async def read_list(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """A list as we understand it. Nothing is saved until "Add"; rows travel in the form, edited in place or left out."""
    form = await visit.form()
    rows = rows_of(form)
    if isinstance(rows, Refusal):
        return await people_again(visit, cohort_id, rows, form)
    doing, _, which = form.get("do").partition(":")
    if doing == "leave":
        rows = tuple(row for row in rows if str(row.number) != which)
    if doing == "use":
        rows = tuple(
            checked_row(row.number, row.name, row.suggestion, row.pronouns, row.apart_from)
            if str(row.number) == which and row.suggestion
            else row
            for row in rows
        )
    page, here = await visit.read(
        lambda db, me: (
            load_people(db, me, cohort_id),
            queries.already_here(db, cohort_for(db, me, cohort_id, Right.TUTOR)),
        )
    )
    found = judge(rows, here)
    if doing == "csv":
        return bad_rows(found)
    if doing == "add":
        return await add(visit, cohort_id, found, form)
    if not rows:
        return await people_again(
            visit, cohort_id, Refusal.because("Paste at least one line with a name and an e-mail address.", "list"), form
        )
    return dry_run_page(visit, page, found)


def dry_run_page(visit: Visit, page: PeoplePage, found: DryRun, added: Added | None = None) -> Answer:
    problems = found.problems + tuple(
        Problem(f"row-{row.number}-{problem.field}", f"Row {row.number}: {problem.sentence}")
        for row in found.to_fix
        for problem in row.problems
    )
    return visit.page("cohorts/dry_run.html", page=page, run=found, added=added, problems=problems)


async def add(visit: Visit, cohort_id: UUID, found: DryRun, form: Form) -> Answer:
    """Good rows go in without the bad ones, which stay on the page."""

    def work(db: Session, me: Me) -> Added | Refusal:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        return members.add_people(db, within, found.ready, by=me, now=visit.now, new_id=visit.new_id)

    added = await visit.write(work)
    if isinstance(added, Refusal):
        return await people_again(visit, cohort_id, added, form)
    left = DryRun((), found.to_fix, (), (), found.left_over, found.problems)
    if not left.to_fix and not added.not_found:
        return visit.go(f"/cohorts/{cohort_id}/people")
    page = await visit.read(lambda db, me: load_people(db, me, cohort_id))
    return dry_run_page(visit, page, left, added)


def rows_of(form: Form) -> tuple[Row, ...] | Refusal:
    """Rows as the form carries them, or as they stand in a pasted list or a file."""
    if form.has("number"):
        columns = (form.all(name) for name in ("number", "name", "email", "pronouns", "apart"))
        return tuple(
            checked_row(int(number), name, email, pronouns, apart)
            for number, name, email, pronouns, apart in zip(*columns, strict=False)
            if number.isascii() and number.isdigit()
        )
    upload = form.files.get("file")
    if upload is None or not upload.content:
        return read_pasted(form.get("list"))
    if upload.content[:2] == b"PK":
        table = read_xlsx(upload.content)
        return table if isinstance(table, Refusal) else read_table(table)
    return read_pasted(decode(upload.content))


def bad_rows(found: DryRun) -> Answer:
    """The rows that want a fix, as a file to mend in a spreadsheet; cells that look like formulas are harmless."""
    lines = [("Row", "Name", "E-mail", "Pronouns", "Keep apart from", "What to do")]
    lines += [
        (
            str(row.number),
            row.name,
            row.email,
            row.pronouns,
            row.apart_from,
            " ".join(problem.sentence for problem in row.problems),
        )
        for row in found.to_fix
    ]
    return Response(
        csv_file(lines),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="rows-to-fix.csv"'},
    )


@post("/cohorts/{cohort_id:uuid}/people/apart", status_code=303, **signed_in)
async def keep_apart(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    one, other = form.id("one"), form.id("other")

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if one is None or other is None:
            return Refusal.because("Choose two people of this cohort.", "one")
        if form.get("do") == "remove":
            members.allow_together(db, within, one, other, by=me, now=visit.now, new_id=visit.new_id)
            return None
        return members.keep_apart(db, within, one, other, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return await people_again(visit, cohort_id, refusal, form)
    return visit.go(f"/cohorts/{cohort_id}/people#apart")


@post("/cohorts/{cohort_id:uuid}/people/tutors", status_code=303, **signed_in)
async def invite_tutor(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        done = members.invite_tutor(
            db,
            within,
            name=form.get("tutor_name"),
            email=form.get("tutor_email"),
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )
        if isinstance(done, Refusal):
            return Refusal(tuple(Problem(f"tutor_{p.field}" if p.field else "", p.sentence) for p in done.problems))
        letter = visit.house.postroom.write(
            "co-tutor",
            id=visit.new_id(),
            once=f"co-tutor:{within.cohort.id}:{done.id}",
            lane=f"co-tutor:{done.id}",
            person_id=done.id,
            cohort_id=within.cohort.id,
            name=done.name,
            recipient=done.email,
            subject="You’ve been invited to teach a practice group",
            sender_name=f"{me.name} via Threefold",
            now=visit.now,
            cohort=within.cohort.name,
            tutor=me.name,
        )
        members.post_invitation(db, letter, visit.now)
        return None

    refusal = await visit.write(work)
    if refusal:
        return await people_again(visit, cohort_id, refusal, form)
    return visit.go(f"/cohorts/{cohort_id}/people#tutors")


@dataclass(frozen=True)
class MemberPage:
    """One person of the cohort, to correct or to take out."""

    cohort: Cohort
    member: Member
    may_correct: bool


def load_member(db: Session, me: Me, cohort_id: UUID, membership_id: UUID) -> MemberPage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    found = next((m for m in queries.people(db, within).members if m.id == membership_id), None)
    if found is None:
        raise NotYours
    return MemberPage(within.cohort, found, members.may_correct(db, found.person_id, me))


@get("/cohorts/{cohort_id:uuid}/people/{membership_id:uuid}", **signed_in)
async def member(visit: Visited, cohort_id: FromPath[UUID], membership_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load_member(db, me, cohort_id, membership_id))
    return visit.page("cohorts/member.html", page=page, form=None, problems=())


@post("/cohorts/{cohort_id:uuid}/people/{membership_id:uuid}", status_code=303, **signed_in)
async def correct(visit: Visited, cohort_id: FromPath[UUID], membership_id: FromPath[UUID]) -> Answer:
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        found = members.member_of(db, within, membership_id)
        if found is None:
            raise NotYours
        return members.correct(
            db,
            within,
            found[1],
            name=form.get("name"),
            email=form.get("email"),
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(lambda db, me: load_member(db, me, cohort_id, membership_id))
        return visit.refused("cohorts/member.html", refusal, page=page, form=form)
    return visit.go(f"/cohorts/{cohort_id}/people")


@get("/cohorts/{cohort_id:uuid}/people/{membership_id:uuid}/removal", **signed_in)
async def before_removing(visit: Visited, cohort_id: FromPath[UUID], membership_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load_member(db, me, cohort_id, membership_id))
    return visit.page("cohorts/removal.html", page=page, problems=())


@post("/cohorts/{cohort_id:uuid}/people/{membership_id:uuid}/removal", status_code=303, **signed_in)
async def remove(visit: Visited, cohort_id: FromPath[UUID], membership_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        found = members.member_of(db, within, membership_id)
        if found is None:
            raise NotYours
        return members.remove(db, within, found[0], by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(lambda db, me: load_member(db, me, cohort_id, membership_id))
        return visit.refused("cohorts/removal.html", refusal, page=page)
    return visit.go(f"/cohorts/{cohort_id}/people")


# --- sessions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SessionsPage:
    """Step two: the dates of the term, as saved or as just typed."""

    cohort: Cohort
    steps: Steps
    values: dict[str, str]
    skip: frozenset[str]
    suggestions: tuple[tuple[date, str], ...]
    total: str
    dates: tuple[date, ...]
    zones: tuple[str, ...]
    warning: str


def load_sessions(db: Session, me: Me, cohort_id: UUID, form: Form | None, today: date) -> SessionsPage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    cohort = within.cohort
    saved = {
        "zone": cohort.zone,
        "weekday": str(cohort.first_date.weekday()) if cohort.first_date else "3",
        "start": f"{cohort.starts:%H:%M}" if cohort.starts else "18:30",
        "minutes": str(cohort.minutes or 120),
        "first": cohort.first_date.isoformat() if cohort.first_date else "",
        "count": str(cohort.how_many or 10),
        "rounds": str(cohort.rounds),
        "practice": str(cohort.practice_minutes),
        "feedback": str(cohort.feedback_minutes),
        "opening": str(cohort.opening_minutes),
        "closing": str(cohort.closing_minutes),
        "place": cohort.place,
        "link": cohort.link,
        "rooms": "\n".join(cohort.rooms),
        "other_skips": "",
    }
    values = {name: form.get(name) if form and form.has(name) else value for name, value in saved.items()}
    skip = frozenset(form.all("skip")) if form else frozenset(cohort.skip)
    first = _date(values["first"]) or today
    weeks = int(values["count"]) if values["count"].isdigit() else 10
    last = first + timedelta(weeks=min(weeks, 60) + 4)
    weekday = int(values["weekday"]) if values["weekday"].isdigit() else first.weekday()
    suggestions = tuple((day, why) for day, why in suggested_skips(first, last) if day.weekday() == weekday)
    suggested = {day.isoformat() for day, _ in suggestions}
    if not (form and form.has("other_skips")):
        values["other_skips"] = "\n".join(day for day in sorted(skip) if day not in suggested)
    return SessionsPage(
        cohort,
        queries.steps(db, within, "sessions"),
        values,
        skip,
        suggestions,
        sentence(cohort.shape),
        _dates_now(cohort),
        tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))),
        "" if cohort.minutes is None else _too_long(cohort),
    )


def _dates_now(cohort: Cohort) -> tuple[date, ...]:
    if cohort.first_date is None or cohort.starts is None or cohort.minutes is None or cohort.how_many is None:
        return ()
    skip = frozenset(date.fromisoformat(day) for day in cohort.skip)
    first = cohort.first_date
    pattern = WeeklyPattern(
        cohort.zone, first.weekday(), cohort.starts, cohort.minutes, first, cohort.how_many, skip
    )
    return tuple(slot.date for slot in dates(pattern))


def _too_long(cohort: Cohort) -> str:
    fit = fits(cohort.shape, cohort.minutes or 0)
    return fit.sentence if fit.spare < 0 else ""


@get("/cohorts/{cohort_id:uuid}/sessions", **signed_in)
async def sessions(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load_sessions(db, me, cohort_id, None, visit.now.date()))
    return visit.page("cohorts/sessions.html", page=page, problems=())


@post("/cohorts/{cohort_id:uuid}/sessions", status_code=303, **signed_in)
async def set_sessions(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    read = read_sessions(form)
    if form.get("do") == "dates":  # scripts off: look at the suggested dates for what is typed now
        page = await visit.read(lambda db, me: load_sessions(db, me, cohort_id, form, visit.now.date()))
        return visit.page("cohorts/sessions.html", page=page, problems=())

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if isinstance(read, Refusal):
            return read
        pattern, shape, where = read
        return actions.set_sessions(db, within, pattern, shape, where, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(lambda db, me: load_sessions(db, me, cohort_id, form, visit.now.date()))
        return visit.refused("cohorts/sessions.html", refusal, page=page)
    return visit.go(f"/cohorts/{cohort_id}/framework")


def read_sessions(form: Form) -> tuple[WeeklyPattern, SessionShape, Where] | Refusal:
    """The whole step, or every problem of it at once."""
    problems: list[Problem] = []
    skip = set()
    for typed in (*form.all("skip"), *form.get("other_skips").split()):
        day = _date(typed)
        if day is None:
            problems.append(Problem("other_skips", f"“{typed}” is not a date. Write dates like 2026-10-29, one a line."))
        else:
            skip.add(day)
    start = form.get("start")
    pattern = check_pattern(
        form.get("zone"),
        _number(form.get("weekday")),
        form.clock("start", "") if start else None,
        _number(form.get("minutes")),
        _date(form.get("first")),
        _number(form.get("count")),
        frozenset(skip),
    )
    shape = check_shape(*(_number(form.get(name)) for name in ("rounds", "practice", "feedback", "opening", "closing")))
    for checked in (pattern, shape):
        if isinstance(checked, Refusal):
            problems.extend(checked.problems)
    place = form.text("place", most=200)
    link = form.text("link", most=500)
    if link and (urlsplit(link).scheme != "https" or not urlsplit(link).netloc):
        problems.append(Problem("link", "Enter a link that starts with https://"))
    if not place and not link:
        problems.append(Problem("place", "Enter where you meet, or a link if you meet online."))
    if isinstance(pattern, WeeklyPattern) and isinstance(shape, SessionShape):
        fit = fits(shape, pattern.minutes)
        if fit.spare < 0:
            problems.append(Problem("minutes", f"{fit.sentence} Make the session longer, or the rounds shorter."))
    problems = [problem for problem in [*problems, *form.problems] if problem.sentence]
    if problems or isinstance(pattern, Refusal) or isinstance(shape, Refusal):
        return Refusal(tuple(problems))
    rooms = tuple(room for line in form.get("rooms").splitlines() if (room := " ".join(line.split())[:60]))
    return pattern, shape, Where(place, link, rooms[:30])


def _number(typed: str) -> int | None:
    return int(typed) if typed.strip().isascii() and typed.strip().isdigit() and len(typed) < 7 else None


def _date(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


# --- framework -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FrameworkPage:
    """Step three: what observers look for, in which words, and whom people turn to."""

    cohort: Cohort
    steps: Steps
    frameworks: tuple[Framework, ...]
    framework: Framework
    values: dict[str, str]
    codes: tuple[str, ...]


def load_framework(db: Session, me: Me, cohort_id: UUID, form: Form | None, chosen: str = "") -> FrameworkPage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    cohort = within.cohort
    frameworks = available(db)
    wanted = chosen or (form.get("framework") if form else "")
    wanted = wanted or f"{cohort.framework_id}@{cohort.framework_version}"
    framework = next((f for f in frameworks if f"{f.id}@{f.version}" == wanted), frameworks[0])
    preset = next((name for name, labels in LABELS.items() if labels == cohort.labels), "own")
    saved = {
        "labels": preset,
        "label_counsellor": cohort.role_labels.counsellor,
        "label_client": cohort.role_labels.client,
        "label_observer": cohort.role_labels.observer,
        "remainder": cohort.remainder,
        "safeguarding_lead": cohort.safeguarding_lead,
        "contract": cohort.contract or usual_contract(),
    }
    values = {name: form.get(name) if form and form.has(name) else value for name, value in saved.items()}
    codes = form.all("competencies") if form else tuple(cohort.competencies)
    return FrameworkPage(cohort, queries.steps(db, within, "framework"), frameworks, framework, values, codes)


@get("/cohorts/{cohort_id:uuid}/framework", **signed_in)
async def framework_step(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    chosen = visit.request.query_params.get("framework", "")
    page = await visit.read(lambda db, me: load_framework(db, me, cohort_id, None, chosen))
    return visit.page("cohorts/framework.html", page=page, problems=())


@post("/cohorts/{cohort_id:uuid}/framework", status_code=303, **signed_in)
async def set_framework(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | Within:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        id_, _, version = form.get("framework").partition("@")
        framework = framework_for(db, id_, version)
        if framework is None:
            return Refusal.because("Choose a framework from the list.", "framework")
        looking = read_looking(form, framework)
        if isinstance(looking, Refusal):
            return looking
        done = actions.set_framework(db, within, looking, by=me, now=visit.now, new_id=visit.new_id)
        return done or within

    done = await visit.write(work)
    if isinstance(done, Refusal):
        page = await visit.read(lambda db, me: load_framework(db, me, cohort_id, form))
        return visit.refused("cohorts/framework.html", done, page=page)
    return visit.go(f"/cohorts/{cohort_id}" if done.cohort.published_at else f"/cohorts/{cohort_id}/plan")


def read_looking(form: Form, framework: Framework) -> Looking | Refusal:
    """The whole step, or every problem of it at once."""
    preset = form.one_of("labels", (*LABELS, "own"), "Choose what the roles are called.")
    labels = LABELS.get(preset)
    if labels is None:
        labels = {
            role: form.text(f"label_{role}", "Write a word for each role, or choose a set above.", most=30)
            for role in ("counsellor", "client", "observer")
        }
    codes = form.all("competencies")
    if not 3 <= len(set(codes)) <= 8:
        form.problem("competencies", f"Choose three to eight. You have chosen {len(set(codes))}.")
    lead = form.text(
        "safeguarding_lead", "Name somebody people can turn to, and how to reach them, like a phone number.", most=200
    )
    contract = form.words("contract", most=8000)
    remainder = form.one_of("remainder", ("quads", "pair_with_tutor"), "Choose what happens with one or two over.")
    if form.refusal:
        return form.refusal
    return Looking(
        framework, codes, dict(labels), remainder, lead, "" if contract == usual_contract() else contract
    )


# --- a centre's own frameworks ----------------------------------------------------------------------------------


@get("/frameworks", **signed_in)
async def frameworks(visit: Visited) -> Answer:
    found = await visit.read(_frameworks)
    return visit.page("cohorts/frameworks.html", frameworks=found, document="", problems=())


def _frameworks(db: Session, me: Me) -> tuple[Framework, ...]:
    if not (me.is_staff or me.is_tutor):
        raise NotYours
    return available(db)


@post("/frameworks", status_code=303, **signed_in)
async def add_framework(visit: Visited) -> Answer:
    """A centre's own words, as JSON, pasted or as a file; every problem with it is named by its place."""
    form = await visit.form()
    upload = form.files.get("file")
    typed = decode(upload.content) if upload and upload.content else form.get("document")
    document: Any = None
    try:
        document = json.loads(typed)
        read = read_framework(document)
    except (ValueError, RecursionError):
        read = Refusal.because("This can’t be read as JSON. Check the commas and quotes near where it stops.", "document")
    if isinstance(read, Framework) and not read.licence.strip():
        read = Refusal.because("Say in “licence” by what right your centre uses these words.", "document")

    def work(db: Session, me: Me) -> Refusal | None:
        _frameworks(db, me)
        if isinstance(read, Refusal):
            return read
        return actions.add_framework(db, read, document, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        told = tuple(
            Problem("document", f"{p.field}: {p.sentence}" if p.field not in {"", "document"} else p.sentence)
            for p in refusal.problems
        )
        found = await visit.read(_frameworks)
        return visit.refused("cohorts/frameworks.html", Refusal(told), frameworks=found, document=typed)
    return visit.go("/frameworks")


routes = [
    people,
    read_list,
    keep_apart,
    invite_tutor,
    member,
    correct,
    before_removing,
    remove,
    sessions,
    set_sessions,
    framework_step,
    set_framework,
    frameworks,
    add_framework,
]
