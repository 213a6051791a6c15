"""The composition root: settings in, a Litestar application out; nothing else."""

import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from litestar import HttpMethod, Litestar
from litestar.datastructures import State
from litestar.di import Provide

from threefold.availability.pages import routes as availability
from threefold.booking.pages import routes as booking
from threefold.calibration.pages import routes as calibration
from threefold.choices.pages import routes as choices
from threefold.clock.pages import routes as shared_clock
from threefold.cohorts.pages import routes as cohorts
from threefold.concerns.pages import routes as concerns
from threefold.coverage.pages import routes as coverage
from threefold.day.pages import routes as day
from threefold.feedback.pages import routes as feedback
from threefold.frameworks.pages import routes as frameworks
from threefold.growth.pages import routes as growth
from threefold.guests.pages import routes as guests
from threefold.noticing.pages import routes as noticing
from threefold.observation.pages import routes as observation
from threefold.people.pages import routes as people
from threefold.plans.pages import routes as plans
from threefold.portfolio.pages import routes as portfolio
from threefold.practice.changes import routes as changes
from threefold.practice.pages import routes as practice
from threefold.practice.replies import routes as replies
from threefold.ratings.pages import routes as ratings
from threefold.repairs.pages import routes as repairs
from threefold.settings import Settings
from threefold.store.engine import Store
from threefold.swaps.pages import routes as swaps
from threefold.web.cached import Kept
from threefold.web.ends import HANDLERS, admit, dress, log_answer
from threefold.web.outbox import routes as outbox
from threefold.web.security import Keys
from threefold.web.service import routes as service
from threefold.web.solver import Solver
from threefold.web.templates import environment, static_files
from threefold.web.visit import House, visit_of

MOST_BYTES = 2_000_000


class Worker(Protocol):
    """Something that works in the background."""

    def start(self) -> None: ...
    async def stop(self) -> None: ...


def build_app(
    settings: Settings,
    store: Store,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    backroom: Sequence[Worker] = (),
) -> Litestar:
    """The whole service for one centre. The caller opens the store; the application closes it when it ends.

    `backroom` works beside it for as long as it runs: the courier, the clerk.
    """
    house = House(settings, store, Keys(settings.secret), environment(), static_files(), clock, Solver(), Kept())

    @asynccontextmanager
    async def open_house(_app: Litestar) -> AsyncIterator[None]:
        for worker in backroom:
            worker.start()
        gc.freeze()  # what was made at the start stays: looking through it again and again would slow every page
        gc.set_threshold(20_000, 20, 20)  # a page makes thousands of values and hardly a cycle
        try:
            yield
        finally:
            for worker in backroom:
                await worker.stop()
            await house.solver.close()
            await store.close()

    arranged = [people, cohorts, frameworks, plans, choices, concerns]
    practised = [practice, changes, replies, availability, booking, swaps, repairs, guests, day, shared_clock, ratings]
    learning = [feedback, observation, calibration, coverage, growth, portfolio, noticing]
    slices = [*arranged, *practised, *learning, service, outbox if settings.demo else ()]
    routes = [handler for each in slices for handler in each]
    for handler in routes:
        if HttpMethod.GET in handler.http_methods:
            handler.http_methods.add(HttpMethod.HEAD)  # the same answer without its body (RFC 9110, 9.3.2)
    return Litestar(
        routes,
        before_request=admit,
        before_send=[log_answer, dress(settings.secure_cookies)],
        dependencies={"visit": Provide(visit_of, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        lifespan=[open_house],
        state=State({"house": house}, deep_copy=False),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MOST_BYTES,
    )
