"""A framework changed as a new version: a sheet saved as it is typed, then a look, and only then the keeping."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.competency import Framework, may_stand, next_version
from threefold.core.framework_document import read_framework, text_of
from threefold.core.framework_notes import worth_a_look
from threefold.core.framework_schema import MOST_COMPETENCIES, MOST_CUES
from threefold.core.refusal import Problem, Refusal
from threefold.core.said import clock
from threefold.frameworks import actions, queries
from threefold.frameworks.actions import Conflict
from threefold.frameworks.queries import Version
from threefold.frameworks.sheet import Kept, Sheet, beside, document_from, moved, read_sheet, sheet_of, with_one_more
from threefold.store.frameworks import SHIPPED, framework_for
from threefold.store.sessions import Me
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

NEXT = "/frameworks/{framework_id:str}/{framework_version:str}/next"
UP_AND_DOWN = {"up": -1, "down": 1}
HOME_ZONE = "Europe/London"
CHANGED_ELSEWHERE = (
    "This sheet was changed in another window. These are the words you’ve just sent: send them again to keep them "
    "instead, or open the sheet anew to see the others."
)


@dataclass(frozen=True)
class Changing:
    """The sheet, and the version it began from. `draft`: the version of what is typed, 0 before anything is.

    `at`: the competency that was just moved or added, to go on from.
    """

    base: Version
    sheet: Sheet
    draft: int
    at: int | None = None
    most_cues: int = field(default=MOST_CUES, init=False)

    @property
    def known(self) -> set[str]:
        """Codes that ratings are kept under: they stay as they are."""
        return {each.code for each in self.base.framework.competencies}

    @property
    def is_full(self) -> bool:
        return len(self.sheet.cards) >= MOST_COMPETENCIES

    def is_open(self, place: int, problems: Sequence[Problem]) -> bool:
        """Whether a competency’s fields are shown at once: something in it wants attention."""
        return place == self.at or any(each.field.startswith(f"competencies.{place}.") for each in problems)


def load(db: Session, me: Me, id: str, number: str) -> Changing:
    """The sheet as it was left, or as it begins: everything of the version, under the number that comes next."""
    base = queries.version(db, me, id, number)
    kept, draft = queries.draft(db, me, id, number)
    if draft:
        return Changing(base, read_sheet(Kept(kept)), draft)
    sheet = sheet_of(base.framework)
    if base.is_ours:
        head = {**sheet.head, "id": "", "version": "1", "licence": ""}
    else:
        head = {**sheet.head, "version": next_version(number, queries.numbers(db, id))}
    return Changing(base, replace(sheet, head=head), 0)


@get(NEXT, **signed_in)
async def change(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    page = await visit.read(lambda db, me: load(db, me, framework_id, framework_version))
    at = _place(visit.request.query_params.get("at", ""))
    return visit.page("frameworks/next.html", page=replace(page, at=at), problems=())


@post(NEXT, status_code=303, **signed_in)
async def keep_changing(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    """Save the sheet with one thing moved or added; or, with everything in order, go on to look at what it says."""
    form = await visit.form()
    sent = read_sheet(form)
    doing, _, which = form.get("do").partition(":")
    sheet, at = done_to(sent, doing, _place(which))

    def work(db: Session, me: Me) -> tuple[Changing, int | Conflict]:
        page = load(db, me, framework_id, framework_version)
        base, version = (framework_id, framework_version), version_of(form)
        return page, actions.keep_draft(db, base, sheet, sent, version, by=me, now=visit.now)

    page, kept = await visit.write(work)
    if isinstance(kept, Conflict):
        other = Problem("", CHANGED_ELSEWHERE)
        shown = Changing(page.base, sent, kept.version)
        return visit.page("frameworks/next.html", status=409, page=shown, problems=(other,))
    here = f"{page.base.path}/next"
    if doing != "look":
        return visit.go(here if at is None else f"{here}?at={at}#c-{at}")
    wanting = await visit.read(lambda db, me: in_the_way(db, me, sheet))
    if wanting:
        shown = Changing(page.base, sheet, kept)
        return visit.refused("frameworks/next.html", Refusal(beside(sheet, wanting.problems)), page=shown)
    return visit.go(f"{here}/look")


def done_to(sheet: Sheet, doing: str, place: int | None) -> tuple[Sheet, int | None]:
    """The sheet after a button of it was pressed, and the competency to go on from."""
    if doing == "add":
        return with_one_more(sheet), len(with_one_more(sheet).cards) - 1
    if doing not in UP_AND_DOWN or place is None or place >= len(sheet.cards):
        return sheet, None
    by = UP_AND_DOWN[doing]
    return moved(sheet, place, by), min(max(place + by, 0), len(sheet.cards) - 1)


def in_the_way(db: Session, me: Me, sheet: Sheet) -> Refusal | None:
    """What is still to be put right before the sheet can be kept as a version."""
    queries.let_in(me)
    read = read_framework(document_from(sheet))
    if isinstance(read, Refusal):
        return read
    return may_stand(read, framework_for(db, read.id, read.version), SHIPPED)


@get(f"{NEXT}/look", **signed_in)
async def look(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    """What the sheet says, as people would see it."""

    def work(db: Session, me: Me) -> tuple[Changing, Framework | Refusal, Framework | None]:
        page = load(db, me, framework_id, framework_version)
        read = read_framework(document_from(page.sheet))
        if isinstance(read, Refusal):
            return page, read, None
        there = framework_for(db, read.id, read.version)
        return page, may_stand(read, there, SHIPPED) or read, there

    page, read, there = await visit.read(work)
    if isinstance(read, Refusal):
        return visit.go(f"{page.base.path}/next")
    return preview(visit, read, there, page.base)


def preview(visit: Visit, framework: Framework, there: Framework | None, base: Version | None = None) -> Answer:
    """The framework as people would see it, with what is worth a look. `base`: the version whose sheet says it."""
    return visit.page(
        "frameworks/preview.html",
        framework=framework,
        notes=worth_a_look(framework),
        document=text_of(framework),
        is_here=there is not None,
        base=base,
        problems=(),
    )


@post(f"{NEXT}/draft", status_code=200, **signed_in)
async def keep_draft(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    """Keeps what is being typed; answers as JSON, with the other window’s words if there are any."""
    form = await visit.form()
    sheet = read_sheet(form)

    def work(db: Session, me: Me) -> tuple[str, int | Conflict]:
        queries.version(db, me, framework_id, framework_version)
        base = (framework_id, framework_version)
        return me.zone or HOME_ZONE, actions.keep_draft(db, base, sheet, sheet, version_of(form), by=me, now=visit.now)

    zone, kept = await visit.write(work)
    if isinstance(kept, Conflict):
        theirs = dict(kept.theirs)
        return Response({"conflict": True, "version": kept.version, "theirs": theirs}, status_code=409)
    return Response({"saved_at": clock(visit.now, zone), "version": kept})


@post(f"{NEXT}/fresh", status_code=303, **signed_in)
async def begin_again(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    """Let go of what was typed and begin from the version once more."""

    def work(db: Session, me: Me) -> Version:
        base = queries.version(db, me, framework_id, framework_version)
        actions.let_go(db, (framework_id, framework_version), by=me)
        return base

    base = await visit.write(work)
    return visit.go(f"{base.path}/next")


def version_of(form: Form) -> int:
    return _place(form.get("version").strip()) or 0


def _place(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else None


routes = [change, keep_changing, look, keep_draft, begin_again]
