"""For tutors: what has been seen of each trainee's competencies, and what is still to be looked for."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath

from threefold.coverage.queries import grid_of
from threefold.web.access import Right, cohort_for
from threefold.web.visit import Answer, Visited, signed_in


@get("/cohorts/{cohort_id:uuid}/coverage", **signed_in)
async def show_coverage(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    grid = await visit.read(lambda db, me: grid_of(db, cohort_for(db, me, cohort_id, Right.TUTOR).cohort, visit.now))
    return visit.page("coverage/coverage.html", page=grid)


routes = [show_coverage]
