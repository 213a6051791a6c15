"""A framework changed as a new version: an editing sheet that keeps nothing, then a look, and only then the keeping."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.competency import Framework, may_stand, next_version
from threefold.core.framework_document import read_framework, read_text, text_of
from threefold.core.framework_notes import Note, worth_a_look
from threefold.core.framework_schema import MOST_COMPETENCIES, MOST_CUES
from threefold.core.refusal import Problem, Refusal
from threefold.frameworks import queries
from threefold.frameworks.queries import Version
from threefold.frameworks.sheet import Sheet, beside, document_from, moved, read_sheet, sheet_of, with_one_more
from threefold.store.frameworks import SHIPPED, framework_for
from threefold.store.sessions import Me
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

UP_AND_DOWN = {"up": -1, "down": 1}


@dataclass(frozen=True)
class Changing:
    """The sheet, and the version it began from. `at`: the competency that was just moved or added, to go on from."""

    base: Version
    sheet: Sheet
    notes: tuple[Note, ...] = ()
    at: int | None = None

    @property
    def known(self) -> set[str]:
        """Codes that ratings are kept under: they stay as they are."""
        return {each.code for each in self.base.framework.competencies}

    @property
    def most_cues(self) -> int:
        return MOST_CUES

    @property
    def is_full(self) -> bool:
        return len(self.sheet.cards) >= MOST_COMPETENCIES

    def is_open(self, place: int, problems: Sequence[Problem]) -> bool:
        """Whether a competency's fields are shown at once: something in it wants attention."""
        return place == self.at or any(each.field.startswith(f"competencies.{place}.") for each in problems)


@get("/frameworks/{framework_id:str}/{framework_version:str}/next", **signed_in)
async def change(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    """The sheet as it begins: everything of this version, under the number that comes next."""

    def work(db: Session, me: Me) -> tuple[Version, tuple[str, ...]]:
        base = queries.version(db, me, framework_id, framework_version)
        return base, () if base.is_ours else queries.numbers(db, framework_id)

    base, taken = await visit.read(work)
    sheet = sheet_of(base.framework)
    fresh = {"id": "", "version": "1", "licence": ""} if base.is_ours else {}
    number = {} if base.is_ours else {"version": next_version(framework_version, taken)}
    return page(visit, Changing(base, replace(sheet, head={**sheet.head, **fresh, **number})))


@post("/frameworks/{framework_id:str}/{framework_version:str}/next", status_code=200, **signed_in)
async def keep_changing(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    """The sheet once more with one thing moved or added; or, with everything in order, a look at what it says."""
    form = await visit.form()
    doing, _, which = form.get("do").partition(":")
    place = int(which) if which.isascii() and which.isdigit() and len(which) < 4 else 0
    base = await visit.read(lambda db, me: queries.version(db, me, framework_id, framework_version))
    if doing == "look":
        return await look(visit, base, read_sheet(form))
    sheet = sheet_in(form, base)
    if doing in UP_AND_DOWN:
        by = UP_AND_DOWN[doing]
        to = place + by if 0 <= place + by < len(sheet.cards) else place
        return page(visit, Changing(base, moved(sheet, place, by), at=to))
    if doing == "add":
        sheet = with_one_more(sheet)
        return page(visit, Changing(base, sheet, at=len(sheet.cards) - 1))
    return page(visit, Changing(base, sheet, notes_on(sheet)))


def sheet_in(form: Form, base: Version) -> Sheet:
    """The sheet as it was sent, or as the document says that the look at it carried along."""
    if not form.has("document"):
        return read_sheet(form)
    read = read_text(form.get("document"))
    return sheet_of(base.framework if isinstance(read, Refusal) else read)


def notes_on(sheet: Sheet) -> tuple[Note, ...]:
    read = read_framework(document_from(sheet))
    return () if isinstance(read, Refusal) else worth_a_look(read)


async def look(visit: Visit, base: Version, sheet: Sheet) -> Answer:
    """What the sheet says as people would see it; or everything that is still to be put right, beside its field."""
    read = read_framework(document_from(sheet))

    def work(db: Session, me: Me) -> Refusal | Framework | None:
        queries.let_in(me)
        if isinstance(read, Refusal):
            return read
        there = framework_for(db, read.id, read.version)
        return may_stand(read, there, SHIPPED) or there

    there = await visit.read(work)
    if isinstance(read, Refusal) or isinstance(there, Refusal):
        refusal = read if isinstance(read, Refusal) else there
        return visit.refused(
            "frameworks/next.html", Refusal(beside(sheet, refusal.problems)), page=Changing(base, sheet)
        )
    return preview(visit, read, there, f"{base.path}/next")


def page(visit: Visit, changing: Changing) -> Answer:
    return visit.page("frameworks/next.html", page=changing, problems=())


def preview(visit: Visit, framework: Framework, there: Framework | None, back: str = "") -> Answer:
    """The framework as people would see it, with what is worth a look. `back`: where its sheet goes on."""
    return visit.page(
        "frameworks/preview.html",
        framework=framework,
        notes=worth_a_look(framework),
        document=text_of(framework),
        is_here=there is not None,
        back=back,
        problems=(),
    )


routes = [change, keep_changing]
