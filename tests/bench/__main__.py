"""`python -m tests.bench WHAT [--json FILE] [--instances DIR] [--aims FILE] [--only NAME]`, see `choices` for WHAT."""

import argparse
import asyncio
import os
from pathlib import Path

from tests.bench import matching
from tests.bench.figures import report

parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Threefold against its aims.")
parser.add_argument(
    "what",
    choices=["web", "mail", "feedback", "practice", "matching"],
    help="web: cost of pages and forms, queries, memory, start; mail: how soon letters leave, what that adds to pages, "
    "what a clerk’s look costs, and whether calendars agree; feedback: a form, a class sending at once, pages beside "
    "years of it; "
    "practice: 200 people racing for 60 seats, pages that stay flat, regrouping, repairs, thirty phones on one clock; "
    "matching: how good plans are, and what they cost",
)
parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures in FILE as well")
parser.add_argument("--instances", type=Path, metavar="DIR", help="matching: the problems in DIR (triad-instance/1)")
parser.add_argument("--aims", type=Path, metavar="FILE", help="matching: the best known, {problem: {figure: value}}")
parser.add_argument("--only", default="", metavar="NAME", help="matching: problems whose name holds NAME")
parser.add_argument("--seed", type=int, default=1, help="matching: draw other problems of the same kinds")
asked = parser.parse_args()
if asked.what == "matching":
    report(matching.COMPARED, matching.measure(asked.instances, asked.aims, asked.only, asked.seed), asked.json)
else:
    from tests.bench import feedback, mail, practice, web
    from threefold.logs import start_logging

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        start_logging(nowhere)
        if asked.what == "mail":
            report(mail.COMPARED, mail.measure(), asked.json)
        else:
            measured = {"web": web, "feedback": feedback, "practice": practice}[asked.what]
            report(measured.COMPARED, asyncio.run(measured.measure()), asked.json)
