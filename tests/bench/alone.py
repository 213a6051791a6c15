"""`python -S alone.py COST COMMAND…`: runs a command and writes into the file COST what that process alone has cost.

A process begins with the peak memory of whoever started it. This one is small, so that what it reports is the
command's own: [seconds by the clock, seconds of a processor, peak in KiB].
"""

import json
import os
import sys
import time

if __name__ == "__main__":
    began = time.perf_counter()
    child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    _, _, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    with open(sys.argv[1], "w", encoding="utf-8") as cost:  # noqa: PTH123 - pathlib would make this process larger
        json.dump([wall, used.ru_utime + used.ru_stime, used.ru_maxrss], cost)
