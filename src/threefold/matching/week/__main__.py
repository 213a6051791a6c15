"""`python -m threefold.matching.week`: a week on standard input, its groups on standard output, as one JSON object."""

import json
import sys

from threefold.matching.week import plan_week
from threefold.matching.week.wire import found_out, week_in

if __name__ == "__main__":
    found = plan_week(week_in(json.loads(sys.stdin.read())))
    print(json.dumps(found_out(found)), flush=True)  # noqa: T201 - the answer's channel
