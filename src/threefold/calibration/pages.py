"""Practice scenes to rate before the first observation, with a reasoned key that is shown once one has rated."""

from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.calibration import actions, queries
from threefold.calibration.queries import FEWEST, Closeness, Offered, Practised
from threefold.calibration.scenes import framework, scene_of, scenes
from threefold.core.competency import Competency, Framework
from threefold.core.refusal import Refusal
from threefold.core.vignette import ABOUT_MINUTES, Key
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for
from threefold.web.visit import Answer, Visited, signed_in


@dataclass(frozen=True)
class Asked:
    """One competency of a scene: what it is, the key, and the level chosen so far, as a form says it."""

    competency: Competency
    key: Key
    chosen: str = ""

    def levels(self, words: Framework) -> list[tuple[str, str, str]]:
        """The levels to choose from, each told by its anchor."""
        return [(str(level), words.levels[level], anchor) for level, anchor in self.competency.anchors.items()]


@dataclass(frozen=True)
class ScenePage:
    """A scene for one person. `place` counts from 1; `next_code` is a scene they have not rated yet, or ""."""

    offered: Offered
    place: int
    of: int
    asked: tuple[Asked, ...]
    framework: Framework
    next_code: str


def scene_page(db: Session, me: Me, code: str) -> ScenePage:
    scene_of(code)
    found = queries.offered(db, me)
    here = next(one for one in found if one.scene.code == code)
    place = found.index(here)
    words = framework()
    asked = tuple(
        Asked(competency, key, str(here.levels.get(key.code, "")))
        for key in here.scene.keys
        if (competency := words.of(key.code))
    )
    others = [*found[place + 1 :], *found[:place]]
    following = next((one.scene.code for one in others if not one.is_done), "")
    return ScenePage(here, place + 1, len(found), asked, words, following)


@get("/calibration", **signed_in)
async def offered(visit: Visited) -> Answer:
    """The scenes, and which of them one has rated."""
    found = await visit.read(queries.offered)
    return visit.page("calibration/list.html", offered=found, minutes=ABOUT_MINUTES, problems=())


@get("/calibration/{scene:str}", **signed_in)
async def scene(visit: Visited, scene: FromPath[str]) -> Answer:
    """The scene to rate; once it is rated, one’s own answer beside the key."""
    page = await visit.read(lambda db, me: scene_page(db, me, scene))
    template = "calibration/key.html" if page.offered.is_done else "calibration/scene.html"
    return visit.page(template, page=page, problems=())


@get("/calibration/{scene:str}/again", **signed_in)
async def again(visit: Visited, scene: FromPath[str]) -> Answer:
    """The scene once more, without the key, to rate it anew."""
    page = await visit.read(lambda db, me: scene_page(db, me, scene))
    return visit.page("calibration/scene.html", page=page, problems=())


@post("/calibration/{scene:str}/ratings", status_code=303, **signed_in)
async def rate(visit: Visited, scene: FromPath[str]) -> Answer:
    form = await visit.form()
    typed = {code: form.get(f"{code}.level") for code in scene_of(scene).codes}

    def work(db: Session, me: Me) -> Refusal | None:
        levels = {code: int(level) for code, level in typed.items() if level in {"1", "2", "3", "4"}}
        return actions.rate(db, scene_of(scene), levels, framework(), by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(lambda db, me: scene_page(db, me, scene))
        chosen = tuple(Asked(one.competency, one.key, typed[one.key.code]) for one in page.asked)
        sent = ScenePage(page.offered, page.place, page.of, chosen, page.framework, page.next_code)
        return visit.refused("calibration/scene.html", refusal, page=sent)
    return visit.go(f"/calibration/{scene}")


@get("/calibration/cohorts/{cohort_id:uuid}", **signed_in)
async def of_a_cohort(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """For its tutors: who has practised, and how near the key the group came; never what any one person chose."""

    def work(db: Session, me: Me) -> tuple[CohortRow, tuple[Practised, ...], tuple[Closeness, ...]]:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        return within.cohort, queries.practised(db, within), queries.closeness(db, within)

    cohort, people, near = await visit.read(work)
    return visit.page(
        "calibration/cohort.html",
        cohort=cohort,
        people=people,
        of=len(scenes()),
        near=near,
        fewest=FEWEST,
        framework=framework(),
        problems=(),
    )


routes = [offered, scene, again, rate, of_a_cohort]
