"""What somebody takes with them: chosen dates and kinds as a page to print, CSV and JSON."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from msgspec import json
from sqlalchemy.orm import Session

from threefold.core import portfolio as rules
from threefold.core.pasted import csv_file
from threefold.core.portfolio import Choice, Portfolio
from threefold.core.refusal import Refusal
from threefold.portfolio import actions, queries
from threefold.store.counselled import counsels
from threefold.store.sessions import Me
from threefold.web.access import has_accepted
from threefold.web.visit import Answer, Visit, Visited, signed_in

FILE = "portfolio"


@dataclass(frozen=True)
class Asked:
    """A request for a portfolio: what is in it, or why it can't be made, with what was typed."""

    since: str
    until: str
    kinds: tuple[str, ...]
    found: Portfolio | Refusal
    rounds: int

    @property
    def query(self) -> str:
        """The same choice for the other forms of it."""
        return urlencode([("since", self.since), ("until", self.until), *(("kind", kind) for kind in self.kinds)])


@get("/portfolio", **signed_in)
async def choose(visit: Visited) -> Answer:
    """Choose what comes along, and look it over."""
    asked = await asked_for(visit)
    return again(visit, asked) if isinstance(asked.found, Refusal) else preview(visit, asked, asked.found)


@get("/portfolio/print", **signed_in)
async def show_print(visit: Visited) -> Answer:
    asked = await asked_for(visit)
    if isinstance(asked.found, Refusal):
        return again(visit, asked)
    return visit.page("portfolio/print.html", asked=asked, portfolio=asked.found, kinds=rules.KINDS)


@get("/portfolio.csv", **signed_in)
async def spreadsheet(visit: Visited) -> Answer:
    asked = await asked_for(visit)
    if isinstance(asked.found, Refusal):
        return again(visit, asked)
    return file(csv_file(rules.table(asked.found)), "csv", "text/csv")


@get("/portfolio.json", **signed_in)
async def document(visit: Visited) -> Answer:
    asked = await asked_for(visit)
    if isinstance(asked.found, Refusal):
        return again(visit, asked)
    return file(json.format(json.encode(rules.document(asked.found))), "json", "application/json")


async def asked_for(visit: Visit) -> Asked:
    """The portfolio the address asks for; without any choice in it, everything."""
    asked = visit.request.query_params
    since, until, kinds = asked.get("since", ""), asked.get("until", ""), tuple(asked.getall("kind", []))

    def work(db: Session, me: Me) -> Asked:
        rounds = [each for each in counsels(db, me) if has_accepted(each.within)]
        mine = queries.mine(db, me, rounds, visit.now)
        choice: Choice | Refusal = rules.everything(mine.first, mine.today)
        if {"since", "until", "kind"} & set(asked):
            choice = rules.check_choice(since, until, kinds, mine.first, mine.today)
        if isinstance(choice, Refusal):
            return Asked(since, until, kinds, choice, len(mine.rounds))
        chosen = tuple(kind.value for kind in rules.Kind if kind in choice.kinds)
        found = rules.build(me.name, mine.rounds, choice)
        return Asked(choice.since.isoformat(), choice.until.isoformat(), chosen, found, len(mine.rounds))

    return await visit.read(work)


def preview(visit: Visit, asked: Asked, found: Portfolio) -> Answer:
    return visit.page("portfolio/choose.html", asked=asked, portfolio=found, kinds=rules.KINDS, problems=())


def again(visit: Visit, asked: Asked) -> Answer:
    refusal = asked.found if isinstance(asked.found, Refusal) else Refusal(())
    return visit.refused("portfolio/choose.html", refusal, asked=asked, portfolio=None, kinds=rules.KINDS)


def file(content: bytes, ending: str, kind: str) -> Answer:
    return Response(
        content,
        media_type=kind,
        headers={
            "content-disposition": f'attachment; filename="{FILE}.{ending}"',
            "cache-control": "private, no-store",
        },
    )


@get("/portfolio/naming", **signed_in)
async def show_naming(visit: Visited) -> Answer:
    """Whether my name may stand in others' portfolios."""
    return visit.page("portfolio/naming.html", agreed=await visit.read(queries.has_agreed))


@post("/portfolio/naming", status_code=303, **signed_in)
async def agree(visit: Visited) -> Answer:
    await visit.write(lambda db, me: actions.agree(db, me, now=visit.now, new_id=visit.new_id))
    return visit.go("/portfolio/naming")


@post("/portfolio/naming/withdrawal", status_code=303, **signed_in)
async def take_back(visit: Visited) -> Answer:
    await visit.write(lambda db, me: actions.take_back(db, me, now=visit.now, new_id=visit.new_id))
    return visit.go("/portfolio/naming")


routes: list[Any] = [choose, show_print, spreadsheet, document, show_naming, agree, take_back]
