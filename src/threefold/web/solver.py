"""Long searches in processes of their own: started, followed, stopped; the web process goes on answering.

A search belongs to one cohort, and there is one at a time for each. It is known to the process that started it;
its result is a row, so that everybody sees it.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from threefold.matching import USUAL, CourseProblem, Effort, Plan
from threefold.matching.week.offers import WeekProblem
from threefold.matching.week.wire import Found, found_in, week_out
from threefold.matching.wire import plan_in, problem_out

log = structlog.get_logger("threefold.solver")


@dataclass
class Search:
    """A search under way: `done` of at most `of` steps, the fewest repeats so far, and the fewest there can be.

    The last two are None until the search has said so much.
    """

    done: int = 0
    of: int = 1
    best: int | None = None
    least: int | None = None
    process: asyncio.subprocess.Process | None = None
    plan: Plan | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def hundredths(self) -> int:
        return min(100, 100 * self.done // max(1, self.of))


class Solver:
    """Runs `python -m threefold.matching` for whoever asks, with so much effort for each."""

    def __init__(self, effort: Effort = USUAL) -> None:
        self.effort = effort
        self.searches: dict[UUID, Search] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def under_way(self, cohort_id: UUID) -> Search | None:
        return self.searches.get(cohort_id)

    def start(
        self, cohort_id: UUID, problem: CourseProblem, seed: int, keep: Callable[[Plan], Awaitable[None]]
    ) -> Search:
        """Begin a search, unless one is under way for this cohort; `keep` is given the plan at the end."""
        if running := self.searches.get(cohort_id):
            return running
        search = self.searches[cohort_id] = Search()
        task = asyncio.create_task(self._run(cohort_id, search, problem, seed, keep))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return search

    async def drawn(self, key: UUID, problem: CourseProblem) -> Plan | None:
        """A plan for a small problem, waited for; None where there is none. Asked twice at once, it is drawn once."""

        async def keep(_plan: Plan) -> None:
            """Whoever waits takes it."""

        search = self.start(key, problem, 1, keep)
        await search.finished.wait()
        return search.plan

    def stop(self, cohort_id: UUID) -> None:
        """Stop looking further and use the best plan so far."""
        search = self.searches.get(cohort_id)
        if search and search.process and search.process.stdin:
            search.process.stdin.close()

    async def close(self) -> None:
        """End every search; nothing is kept of them."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(
        self,
        cohort_id: UUID,
        search: Search,
        problem: CourseProblem,
        seed: int,
        keep: Callable[[Plan], Awaitable[None]],
    ) -> None:
        try:
            plan = await self._search(search, problem, seed)
            search.plan = plan
            if plan is not None:
                await keep(plan)
        except Exception as unforeseen:
            log.exception("a search ended early", kind=type(unforeseen).__name__)
        finally:
            self.searches.pop(cohort_id, None)
            search.finished.set()

    async def _search(self, search: Search, problem: CourseProblem, seed: int) -> Plan | None:
        process = search.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "threefold.matching",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=16_000_000,
        )
        if process.stdin is None or process.stdout is None:  # both were asked for just above
            return None
        question = {"problem": problem_out(problem), "seed": seed, "moves_per_place": self.effort.moves_per_place}
        process.stdin.write(json.dumps(question).encode() + b"\n")
        try:
            await process.stdin.drain()
            async for line in process.stdout:
                heard = json.loads(line)
                if "plan" in heard:
                    return plan_in(heard["plan"], heard["seed"], heard["steps"])
                search.done, search.of = heard["done"], heard["of"]
                search.best, search.least = heard["best"], heard["least"]
            log.error("a search gave no plan")
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def week_matched(problem: WeekProblem) -> Found:
    """A week's groups, and who has no place and why, found in a process of their own. Raises RuntimeError if it ends
    without an answer.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "threefold.matching.week",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        answer, _ = await process.communicate(json.dumps(week_out(problem)).encode())
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise RuntimeError("a week could not be matched")
    return found_in(json.loads(answer))
