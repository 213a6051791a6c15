"""A centre's own frameworks: bring one in, look at it, change it as a new version, take it out again."""

import json

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.competency import Framework, may_stand
from threefold.core.framework_document import read_text, text_of
from threefold.core.framework_notes import worth_a_look
from threefold.core.framework_schema import SCHEMA
from threefold.core.refusal import Problem, Refusal
from threefold.core.roster import decode
from threefold.frameworks import actions, queries
from threefold.frameworks.changing import preview
from threefold.frameworks.changing import routes as changing
from threefold.frameworks.queries import Version
from threefold.store.frameworks import SHIPPED, framework_for
from threefold.store.sessions import Me
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

JSON = ".json"


@get("/frameworks", **signed_in)
async def frameworks(visit: Visited) -> Answer:
    found = await visit.read(queries.families)
    return visit.page("frameworks/list.html", families=found, document="", problems=())


@post("/frameworks/reading", status_code=200, **signed_in)
async def read_document(visit: Visited) -> Answer:
    """What a document says, shown as people would see it. Nothing is kept until it is confirmed."""
    form = await visit.form()
    typed = document_in(form)
    read = read_text(typed)

    if isinstance(read, Refusal):
        return await list_again(visit, read, typed)

    def work(db: Session, me: Me) -> Refusal | Framework | None:
        queries.let_in(me)
        there = framework_for(db, read.id, read.version)
        return may_stand(read, there, SHIPPED) or there

    there = await visit.read(work)
    if isinstance(there, Refusal):
        return await list_again(visit, there, typed)
    return preview(visit, read, there)


@post("/frameworks", status_code=303, **signed_in)
async def add(visit: Visited) -> Answer:
    """Keep a framework that was read and looked at. `base`: the version whose sheet it was made on."""
    form = await visit.form()
    typed = document_in(form)
    read = read_text(typed)
    id_, _, number = form.get("base").partition("/")
    base = (id_, number) if number else None
    if isinstance(read, Refusal):
        return await list_again(visit, read, typed)

    def work(db: Session, me: Me) -> Refusal | None:
        queries.let_in(me)
        return actions.add(db, read, base, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return await list_again(visit, refusal, typed)
    return visit.go(f"/frameworks/{read.id}/{read.version}")


def document_in(form: Form) -> str:
    """The document as it was pasted, or as it stands in a file."""
    upload = form.files.get("file")
    return decode(upload.content) if upload and upload.content else form.get("document")


async def list_again(visit: Visit, refusal: Refusal, typed: str) -> Answer:
    found = await visit.read(queries.families)
    places = {problem: problem.field for problem in refusal.problems if "." in problem.field}
    told = tuple(
        Problem("document", f"{problem.sentence} ({places[problem]})" if problem in places else problem.sentence)
        for problem in refusal.problems
    )
    return visit.refused("frameworks/list.html", Refusal(told), families=found, document=typed)


@get("/frameworks/schema.json", **signed_in)
async def schema(visit: Visited) -> Answer:
    """The document as JSON Schema, for editors that help somebody write one."""
    await visit.read(lambda _, me: queries.let_in(me))
    return as_file(json.dumps(SCHEMA, ensure_ascii=False, indent=2), "framework-schema.json")


@get("/frameworks/{framework_id:str}/{framework_version:str}", **signed_in)
async def framework(visit: Visited, framework_id: FromPath[str], framework_version: FromPath[str]) -> Answer:
    """One version as people see it; with .json at the end, its document."""
    number = framework_version.removesuffix(JSON)

    def work(db: Session, me: Me) -> Version:
        return queries.version(db, me, framework_id, number)

    found = await visit.read(work)
    if number != framework_version:
        return as_file(text_of(found.framework), f"{framework_id}-{number}.json")
    return visit.page("frameworks/show.html", version=found, notes=worth_a_look(found.framework), problems=())


def as_file(text: str, name: str) -> Answer:
    return Response(
        text.encode(),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"},
    )


routes = [frameworks, read_document, add, schema, framework, *changing]
