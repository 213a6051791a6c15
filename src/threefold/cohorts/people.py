"""People of a cohort: a list read before anything is saved, members, who is kept apart, who teaches with you."""

from dataclasses import dataclass
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.choices.mending import waiting
from threefold.cohorts import members, queries
from threefold.cohorts.members import Added, Guest
from threefold.cohorts.queries import Member, People
from threefold.cohorts.spreadsheets import read_xlsx
from threefold.core.refusal import Problem, Refusal
from threefold.core.roster import DryRun, Row, checked_row, csv_file, decode, judge, read_pasted, read_table
from threefold.mail.outbox import Written
from threefold.practice.changing import join_the_term
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.access import Right, cohort_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

MOST_CARRIED = 800  # rows; six fields each, within forms.MOST_FIELDS


@dataclass(frozen=True)
class PeoplePage:
    """Step one: who is here, and whom a list would add."""

    people: People
    steps: queries.Steps
    asked: int  # requests to be kept apart that wait for a tutor


def load_people(db: Session, me: Me, cohort_id: UUID) -> PeoplePage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    return PeoplePage(queries.people(db, within), queries.steps(db, within, "people"), waiting(db, cohort_id))


@get("/cohorts/{cohort_id:uuid}/people", **signed_in)
async def people(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load_people(db, me, cohort_id))
    asked = visit.request.query_params
    met = tuple(member for member in page.people.trainees if str(member.id) in (asked.get("met"), asked.get("and")))
    if len(met) != 2 or {member.id for member in met} in map(set, page.people.apart):
        met = ()  # an old address: by now it is otherwise
    return visit.page("cohorts/people.html", page=page, met=met, sent=None, problems=())


async def people_again(visit: Visit, cohort_id: UUID, refusal: Refusal, form: Form) -> Answer:
    page = await visit.read(lambda db, me: load_people(db, me, cohort_id))
    return visit.refused("cohorts/people.html", refusal, page=page, met=(), sent=form)


@post("/cohorts/{cohort_id:uuid}/people/reading", status_code=200, **signed_in)
async def read_list(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """A list as we understand it. Nothing is saved until "Add": rows travel in the form, and are edited there."""
    form = await visit.form()
    doing, _, which = form.get("do").partition(":")
    rows = rows_of(form)
    if isinstance(rows, Refusal):
        return await people_again(visit, cohort_id, rows, form)
    if doing == "leave":
        rows = tuple(row for row in rows if str(row.number) != which)
    if doing == "use":
        rows = tuple(
            checked_row(row.number, row.name, row.suggestion, row.pronouns, row.apart_from, unread=row.unread)
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
        empty = Refusal.because("Paste at least one line with a name and an e-mail address.", "list")
        return await people_again(visit, cohort_id, empty, form)
    return dry_run_page(visit, page, found, form)


@dataclass(frozen=True)
class Line:
    """A row that needs nothing, with what becomes of it; `carried` ones travel in the form to the next look."""

    row: Row
    status: str
    ready: bool
    carried: bool

    @property
    def noted(self) -> str:
        """What else stood in the row, and what of it is not kept."""
        apart = f"Apart from {self.row.apart_from}" if self.row.apart_from else ""
        aside = "; ".join((self.row.prefers, *self.row.unread)).strip("; ")
        return ". ".join(filter(None, (self.row.pronouns, apart, f"Not kept: {aside}" if aside else "")))


def lines_of(found: DryRun) -> tuple[Line, ...]:
    """Every row that needs no fix, in the order of the list; as many are carried as a form can hold."""
    said = [
        *((row, "Ready") for row in found.ready),
        # Of those here already, whoever is to be kept apart comes first: their rows must not be left behind.
        *((row, "Already here") for row in sorted(found.already_here, key=lambda row: not row.apart_from)),
        *((twice.row, twice.sentence[0].upper() + twice.sentence[1:]) for twice in found.duplicates),
    ]
    room = MOST_CARRIED - len(found.to_fix)
    return tuple(
        Line(row, status, status == "Ready", place < room)
        for place, (row, status) in sorted(enumerate(said), key=lambda each: each[1][0].number)
    )


def dry_run_page(visit: Visit, page: PeoplePage, found: DryRun, form: Form, added: Added | None = None) -> Answer:
    problems = tuple(
        Problem(f"row-{row.number}-{problem.field}", f"Row {row.number}: {problem.sentence}")
        for row in found.to_fix
        for problem in row.problems
    )
    return visit.page(
        "cohorts/dry_run.html",
        page=page,
        run=found,
        lines=lines_of(found),
        stopped=stopped_before(found, form),
        pasted="" if added else form.get("list"),
        added=added,
        problems=problems,
    )


def stopped_before(found: DryRun, form: Form) -> int | None:
    """The first row that did not fit in one go; the form carries it along."""
    return found.left_over[0].number if found.left_over else _place_in(form.get("stopped"))


async def add(visit: Visit, cohort_id: UUID, found: DryRun, form: Form) -> Answer:
    """Good rows go in without the bad ones, which stay on the page."""
    here = (*found.already_here, *(twice.row for twice in found.duplicates))

    def work(db: Session, me: Me) -> Added:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        added = members.add_people(db, within, found.ready, here, by=me, now=visit.now, new_id=visit.new_id)
        if within.cohort.published_at is not None:
            join_the_term(
                db,
                within,
                added.members,
                domain=visit.house.settings.mail_domain,
                by=me,
                now=visit.now,
                new_id=visit.new_id,
            )
        return added

    added = await visit.tell([cohort_id], work)
    if not (found.to_fix or added.not_found or stopped_before(found, form)):
        return visit.go(f"/cohorts/{cohort_id}/people")
    page = await visit.read(lambda db, me: load_people(db, me, cohort_id))
    return dry_run_page(visit, page, DryRun((), found.to_fix, (), (), found.left_over), form, added)


def _place_in(typed: str) -> int | None:
    """A row's number, as the form carries it."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else None


def rows_of(form: Form) -> tuple[Row, ...] | Refusal:
    """Rows as the form carries them, or as they stand in a pasted list or a file."""
    if form.has("number") and form.get("do") != "again":
        columns = (form.all(name) for name in ("number", "name", "email", "pronouns", "apart", "aside"))
        return tuple(
            checked_row(place, name, email, pronouns, apart, unread=(aside,) if aside else ())
            for number, name, email, pronouns, apart, aside in zip(*columns, strict=False)
            if (place := _place_in(number)) is not None
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
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="rows-to-fix.csv"'},
    )


@post("/cohorts/{cohort_id:uuid}/people/apart", status_code=303, **signed_in)
async def keep_apart(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    one, other = form.id("one"), form.id("other")
    meet = form.get("do") == "remove"

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if one is None or other is None:
            return Refusal.because("Choose two people of this cohort.", "one")
        if meet:
            members.allow_together(db, within, one, other, by=me, now=visit.now, new_id=visit.new_id)
            return None
        return members.keep_apart(db, within, one, other, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return await people_again(visit, cohort_id, refusal, form)
    return visit.go(f"/cohorts/{cohort_id}/people{f'?met={one}&and={other}' if meet else ''}#apart")


@post("/cohorts/{cohort_id:uuid}/people/tutors", status_code=303, **signed_in)
async def invite_tutor(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    details = members.checked(form.get("tutor_name"), form.get("tutor_email"))

    def look(db: Session, me: Me) -> tuple[CohortRow, Me, Guest | None]:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        guest = None if isinstance(details, Refusal) else members.guest(db, *details, visit.new_id)
        return within.cohort, me, guest

    cohort, me, guest = await visit.read(look)
    refusal = details if isinstance(details, Refusal) else None
    if guest:
        letter = co_tutor_letter(visit, cohort, guest, me)
        refusal = await visit.write(
            lambda db, me: members.invite_tutor(
                db,
                cohort_for(db, me, cohort_id, Right.TUTOR),
                guest,
                letter,
                by=me,
                now=visit.now,
                new_id=visit.new_id,
            )
        )
    if refusal:
        beside = tuple(Problem(f"tutor_{p.field}" if p.field else "", p.sentence) for p in refusal.problems)
        return await people_again(visit, cohort_id, Refusal(beside), form)
    return visit.go(f"/cohorts/{cohort_id}/people#tutors")


def co_tutor_letter(visit: Visit, cohort: CohortRow, guest: Guest, by: Me) -> Written:
    """What tells a co-tutor. Each is a letter of its own: who is in the cohort already is not invited again."""
    id_ = visit.new_id()
    return visit.house.postroom.write(
        "co-tutor",
        id=id_,
        once=f"co-tutor:{id_}",
        lane=f"co-tutor:{guest.id}",
        person_id=guest.id,
        cohort_id=cohort.id,
        name=guest.name,
        recipient=guest.email,
        subject="You’ve been invited to teach a practice group",
        sender_name=f"{by.name} via Threefold",
        now=visit.now,
        cohort=cohort.name,
        tutor=by.name,
    )


@dataclass(frozen=True)
class MemberPage:
    """One person of the cohort, to correct or to take out."""

    cohort: CohortRow
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
    return visit.page("cohorts/member.html", page=page, sent=None, problems=())


@post("/cohorts/{cohort_id:uuid}/people/{membership_id:uuid}", status_code=303, **signed_in)
async def correct(visit: Visited, cohort_id: FromPath[UUID], membership_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    details = members.checked(form.get("name"), form.get("email"))

    def look(db: Session, me: Me) -> tuple[MemberPage, Me, list[UUID]]:
        page = load_member(db, me, cohort_id, membership_id)
        return page, me, queries.cohorts_with(db, page.member.person_id)

    page, me, theirs = await visit.read(look)
    if isinstance(details, Refusal):
        return visit.refused("cohorts/member.html", details, page=page, sent=form)
    name, email = details
    letter = None
    if page.member.role == "tutor" and page.may_correct:
        letter = co_tutor_letter(visit, page.cohort, Guest(page.member.person_id, name, email), me)

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        found = members.member_of(db, within, membership_id)
        if found is None:
            raise NotYours
        return members.correct(
            db, within, found[1], name=name, email=email, letter=letter, by=me, now=visit.now, new_id=visit.new_id
        )

    refusal = await visit.tell(theirs, work)
    if refusal:
        page = await visit.read(lambda db, me: load_member(db, me, cohort_id, membership_id))
        return visit.refused("cohorts/member.html", refusal, page=page, sent=form)
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

    refusal = await visit.tell([cohort_id], work)
    if refusal:
        page = await visit.read(lambda db, me: load_member(db, me, cohort_id, membership_id))
        return visit.refused("cohorts/removal.html", refusal, page=page)
    return visit.go(f"/cohorts/{cohort_id}/people")


routes = [people, read_list, keep_apart, invite_tutor, member, correct, before_removing, remove]
