"""`python -m threefold.matching`: a problem on standard input, progress and then the plan on standard output.

One JSON object a line. Closing standard input means "stop and give the best so far".
"""

import json
import select
import sys

from threefold.matching.course import Effort, plan_course
from threefold.matching.plan import Plan
from threefold.matching.wire import plan_out, problem_in


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    problem = problem_in(asked["problem"])
    effort = Effort(asked["moves_per_place"])
    whole = effort.moves(problem)

    def heard(done: int, best: int) -> bool:
        print(json.dumps({"done": done, "of": whole, "best": best}), flush=True)  # noqa: T201 - the answer's channel
        # Readable means closed: nothing else is ever written to us.
        return not select.select([sys.stdin], [], [], 0)[0]

    plan = plan_course(problem, seed=asked["seed"], effort=effort, progress=heard)
    if not isinstance(plan, Plan):
        raise SystemExit("this problem has no plan; the asker looks for clashes first")
    print(json.dumps({"plan": plan_out(plan)}), flush=True)  # noqa: T201 - the answer's channel


main()
