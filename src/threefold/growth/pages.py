"""How somebody grows: what people noticed over the term, each sentence linked to its evidence."""

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.growth import Who
from threefold.core.pasted import csv_file
from threefold.growth import queries
from threefold.growth.queries import Growth
from threefold.store.sessions import Me
from threefold.web.access import has_accepted, trainee_for
from threefold.web.errors import MustAccept
from threefold.web.visit import Answer, Visit, Visited, signed_in

SEEN_BY = {Who.OWN: "You", Who.OBSERVER: "Observer", Who.CLIENT: "Client", Who.TUTOR: "Tutor"}


@get("/growth", **signed_in)
async def show(visit: Visited) -> Answer:
    """My own growth, from what I have opened."""
    found = await mine(visit)
    return visit.page("growth/empty.html") if found is None else page(visit, found)


@get("/growth.csv", **signed_in)
async def rows(visit: Visited) -> Answer:
    return spreadsheet(await mine(visit))


@get("/growth/{membership_id:uuid}", **signed_in)
async def show_trainee(visit: Visited, membership_id: FromPath[UUID]) -> Answer:
    """A trainee's growth for their tutors, from everything that has come in."""
    return page(visit, await theirs(visit, membership_id), f"/growth/{membership_id}", membership_id)


@get("/growth/{membership_id:uuid}/growth.csv", **signed_in)
async def rows_of_trainee(visit: Visited, membership_id: FromPath[UUID]) -> Answer:
    return spreadsheet(await theirs(visit, membership_id))


async def mine(visit: Visit) -> Growth | None:
    cohort = visit.request.query_params.get("cohort")

    def work(db: Session, me: Me) -> Growth | None:
        found = queries.own(db, me, visit.now, cohort)
        if found is None:
            return None
        if not has_accepted(found[0]):
            raise MustAccept(found[0].cohort.id)
        return found[1]

    return await visit.read(work)


async def theirs(visit: Visit, membership_id: UUID) -> Growth:
    def work(db: Session, me: Me) -> Growth:
        within, name = trainee_for(db, me, membership_id)
        return queries.of_trainee(db, within, membership_id, name, visit.now)

    return await visit.read(work)


def page(visit: Visit, found: Growth, path: str = "", member: UUID | None = None) -> Answer:
    csv = f"{path}/growth.csv" if path else f"/growth.csv?cohort={found.cohort.id}"
    return visit.page("growth/show.html", growth=found, csv=csv, member=member, seen_by=seen_by(found))


def seen_by(found: Growth) -> dict[Who, str]:
    """What the tables call whose view a mark is."""
    return {**SEEN_BY, Who.OWN: found.name} if found.name else SEEN_BY


def spreadsheet(found: Growth | None) -> Answer:
    """The rows of the tables as CSV."""
    lines: list[tuple[str, ...]] = [("Session", "Round", "Date", "Code", "What", "Seen by", "Level")]
    if found is not None:
        lines += [
            (
                str(row.session),
                str(row.number),
                row.on.isoformat(),
                row.code,
                row.what,
                seen_by(found)[row.who],
                row.level,
            )
            for row in found.rows
        ]
    return Response(
        csv_file(lines),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="growth.csv"', "cache-control": "private, no-store"},
    )


routes: list[Any] = [show, rows, show_trainee, rows_of_trainee]
