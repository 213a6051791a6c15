"""`python -m tests.bench web [--json FILE]`"""

import argparse
import asyncio
import os
from pathlib import Path

from tests.bench import web
from tests.bench.figures import report
from threefold.logs import start_logging

parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Threefold against its aims.")
parser.add_argument("what", choices=["web"], help="web: cost of pages and forms, queries, memory, start")
parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures in FILE as well")
asked = parser.parse_args()
with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
    start_logging(nowhere)
    report(web.COMPARED, asyncio.run(web.measure()), asked.json)
