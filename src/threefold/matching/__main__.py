"""`python -m threefold.matching`: a problem on standard input, progress and then the plan on standard output.

One JSON object a line. Closing standard input means "stop and give the best so far".
"""

import json
import select
import sys

from threefold.matching.bounds import bounds
from threefold.matching.course import USUAL, Effort, plan_course
from threefold.matching.plan import Plan
from threefold.matching.wire import plan_out, problem_in

EVERY = 2_000_000
"""Steps between two reports, a tenth of a second or so; whether to stop is looked at more often."""


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    problem = problem_in(asked["problem"])
    effort = Effort(asked["moves_per_place"], asked.get("most_moves", USUAL.most_moves))
    whole = effort.moves(problem)
    least = bounds(problem).least_repeats
    told = -EVERY

    def heard(done: int, best: int) -> bool:
        nonlocal told
        if done - told >= EVERY:
            told = done
            _say({"done": done, "of": whole, "best": best, "least": least})
        # Readable means closed: nothing else is ever written to us.
        return not select.select([sys.stdin], [], [], 0)[0]

    plan = plan_course(problem, seed=asked["seed"], effort=effort, progress=heard)
    if not isinstance(plan, Plan):
        raise SystemExit("this problem has no plan; the asker looks for clashes first")
    _say({"plan": plan_out(plan), "seed": plan.seed, "steps": plan.steps})


def _say(answer: object) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer's channel


if __name__ == "__main__":
    main()
