"""What observers look for: a cohort's choice from a framework, in its own words for the roles."""

from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.cohorts import actions, queries
from threefold.cohorts.actions import Looking
from threefold.core.competency import Framework
from threefold.core.contract import usual_contract
from threefold.core.refusal import Refusal
from threefold.core.roles import Turning
from threefold.matching import Remainder
from threefold.store.frameworks import available, framework_for
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import Within
from threefold.web.access import Right, cohort_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visited, signed_in

LABELS: dict[str, dict[str, str]] = {
    "counsellor": {},
    "helper": {"counsellor": "helper", "client": "helpee", "observer": "observer"},
    "coach": {"counsellor": "coach", "client": "client", "observer": "observer"},
}


YES = "yes"
TURNINGS = (Turning.CLIENT_RESTS, Turning.CLIENT_COUNSELS)


@dataclass(frozen=True)
class FrameworkPage:
    """Step three: what observers look for, in which words, and whom people turn to."""

    cohort: CohortRow
    steps: queries.Steps
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
        "turning": cohort.turning,
        "even_quads": YES if cohort.even_quads else "",
        "safeguarding_lead": cohort.safeguarding_lead,
        "contract": cohort.contract or usual_contract(),
    }
    values = {name: form.get(name) if form and form.has(name) else value for name, value in saved.items()}
    if form and not form.has("even_quads"):  # a box without a tick sends nothing
        values["even_quads"] = ""
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
        looking = read_looking(form, framework, within.cohort)
        if isinstance(looking, Refusal):
            return looking
        done = actions.set_framework(db, within, looking, by=me, now=visit.now, new_id=visit.new_id)
        return done or within

    done = await visit.write(work)
    if isinstance(done, Refusal):
        page = await visit.read(lambda db, me: load_framework(db, me, cohort_id, form))
        return visit.refused("cohorts/framework.html", done, page=page)
    return visit.go(f"/cohorts/{cohort_id}" if done.cohort.published_at else f"/cohorts/{cohort_id}/plan")


def read_looking(form: Form, framework: Framework, cohort: CohortRow) -> Looking | Refusal:
    """The whole step, or every problem of it at once. How groups are made stays as it was once they are published."""
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
    remainder, turning, even_quads = cohort.remainder, cohort.turning, cohort.even_quads
    if cohort.published_at is None:
        remainder = form.one_of("remainder", tuple(Remainder), "Choose what happens with one or two over.")
        turning = form.one_of("turning", TURNINGS, "Choose what people do after being client.")
        even_quads = form.get("even_quads") == YES
    if form.refusal:
        return form.refusal
    own = "" if contract == usual_contract() else contract
    return Looking(framework, codes, dict(labels), remainder, turning, even_quads, lead, own)


routes = [framework_step, set_framework]
