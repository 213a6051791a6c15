"""How good plans are and what they cost: whole processes of `threefold plan`, judged by a judge of our own.

Each problem is compared with its aim: a limit that cannot be beaten, or the best known where that is told. Peers
that are installed get the smaller courses in the same run.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import peers
from tests.bench.figures import Figure
from tests.bench.judge import Judgement, judge
from tests.bench.problems import problems
from threefold.matching.bounds import bounds
from threefold.matching.instances import read_document
from threefold.matching.problem import CourseProblem

Document = dict[str, Any]
Aims = Mapping[str, Mapping[str, float]]
"""By problem: "repeats", "unplaced", "odd" (groups that are not triads), "moved", "seconds"."""

COMPARED = (
    "repeats, spread of roles and people left over against limits nothing can beat, or the best known; "
    "seconds of a whole process `threefold plan`, imports included; peers on the same problems in the same run, by "
    "placed, repeats, most meetings of a pair, spread and direction, in this order"
)
MIB = 1024
ALONE = [sys.executable, "-S", str(Path(__file__).with_name("alone.py"))]
REACHED: Aims = {
    "rests-15": {"spread": 2},
    "even-13": {"repeats": 6},
}  # of the problems drawn from seed 1, where less than the limit is the best known


@dataclass(frozen=True)
class Run:
    """One process: its plan (None where it wrote none), and what it cost."""

    plan: Document | None
    said: str
    cpu: float
    wall: float
    memory: str


def measure(folder: Path | None, known: Path | None, only: str, seed: int) -> Iterator[Figure]:
    """The figures of every problem, or of those whose name holds `only`; each as soon as it is known.

    Problems are those in a folder, or drawn from the seed; `known` is a file of aims (`Aims` as JSON).
    """
    found = _given(folder) if folder else problems(seed)
    aims: Aims = json.loads(known.read_text(encoding="utf-8")) if known else {} if folder or seed != 1 else REACHED
    with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name:
        for document in found:
            if only in document["name"]:
                yield from _figures(document, aims.get(document["name"], {}), Path(name))


def _given(folder: Path) -> Iterator[Document]:
    """The problems in a folder; other JSON files are passed over."""
    for file in sorted(folder.glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(document, dict) and "sessions" in document:
            yield document


def _figures(document: Document, aims: Mapping[str, float], folder: Path) -> Iterator[Figure]:
    name, weekly = document["name"], document["kind"] == "weekly"
    ours = _run([sys.executable, "-m", "threefold", "plan"], document, folder)
    if ours.plan is None:
        yield Figure(f"{name}: plans written", 0, 1, "", ours.said)
        return
    found = judge(document, ours.plan)
    if found.faults:
        yield Figure(f"{name}: rules broken", len(found.faults), 0, "", found.faults[0])
        return
    proven = _proven(document)
    least = max(found.least_repeats, proven[0], int(document.get("known", {}).get("repeats_lb", 0)))
    evenly = max(found.least_spread, proven[1])
    if weekly:
        yield Figure(f"{name}: people left over", found.most_placed - found.placed, aims.get("unplaced", 0), "")
        yield Figure(f"{name}: groups that are not triads", found.odd_groups, aims.get("odd", 0), "")
    if found.moved is not None:
        yield Figure(f"{name}: appointments moved", found.moved, aims.get("moved", found.least_moved), "")
    yield Figure(f"{name}: repeats", found.repeats, aims.get("repeats", least), "", _detail(found, least))
    yield Figure(f"{name}: spread of roles", found.spread, aims.get("spread", evenly), "")
    if document.get("even_quads"):
        fewest, most = found.odd_seats
        yield Figure(f"{name}: seats out of triads apart", most - fewest, 1, "", f"({fewest} to {most})")
    cost = f"({ours.cpu:.1f} s of a processor, {ours.memory})"
    yield Figure(f"{name}: whole process", ours.wall, aims.get("seconds", _seconds(document)), "s", cost)
    if document["kind"] == "repair":
        first = _run([sys.executable, "-m", "threefold", "plan", "--steps", "0"], document, folder)
        yield Figure(f"{name}: first option, whole process", first.wall, 1, "s", f"({first.cpu:.1f} s of a processor)")
    if document["kind"] == "course" and len(document["people"]) <= 30:
        for peer in peers.installed():
            yield _against(peer, document, found, folder)


def _detail(found: Judgement, least: int) -> str:
    return (
        f"(at least {least}; {found.placed} of {found.most_placed} placed, a pair meets {found.most_meetings} times, "
        f"{found.odd_seats[0]} to {found.odd_seats[1]} seats out of triads, {found.direction} directions again)"
    )


def _proven(document: Document) -> tuple[int, int]:
    """The repeats and the spread that the engine itself says cannot be beaten."""
    problem = read_document(document).problem
    if not isinstance(problem, CourseProblem):
        return 0, 0
    limits = bounds(problem)
    return limits.least_repeats, limits.least_spread


def _seconds(document: Document) -> float:
    """How long a problem of this kind and size may take."""
    people = len(document["people"])
    if document["kind"] == "weekly":
        return 5 if people <= 120 else 10 if people <= 1000 else 60
    everybody = all(len(session["present"]) == people for session in document["sessions"])
    plain = everybody and not document.get("exclusions") and not document.get("together")
    if plain and people <= 99 and document["name"].startswith(("kts", "nkts")):
        return 2
    return 30 if people > 200 else 10 if plain or document["kind"] == "repair" else 20


def _against(peer: str, document: Document, found: Judgement, folder: Path) -> Figure:
    theirs = _run([sys.executable, "-m", "tests.bench.peers", peer], document, folder)
    name = f"{document['name']}: worse than {peer}"
    if theirs.plan is None:
        return Figure(name, 0, 0, "", "(it gives no plan)")
    judged = judge(document, theirs.plan)
    broken = f", {len(judged.faults)} rules broken" if judged.faults else ""
    detail = f"({judged.repeats} repeats, spread {judged.spread}{broken}, {theirs.cpu:.1f} s of a processor)"
    return Figure(name, int(found.rank > judged.rank), 0, "", detail)


def _run(command: list[str], document: Document, folder: Path) -> Run:
    """A fresh process that reads the problem and writes a plan."""
    problem, out, said, cost = (folder / name for name in ("problem.json", "plan.json", "said.txt", "cost.json"))
    problem.write_text(json.dumps(document), encoding="utf-8")
    out.unlink(missing_ok=True)
    asked = [*command, str(problem), *([str(out)] if "tests.bench.peers" in command else ["-o", str(out)])]
    with said.open("w", encoding="utf-8") as told:
        subprocess.run([*ALONE, str(cost), *asked], stdout=told, stderr=subprocess.STDOUT, check=True)  # noqa: S603 - our own commands
    plan = json.loads(out.read_text(encoding="utf-8")) if out.exists() else None
    text = " ".join(said.read_text(encoding="utf-8").split())
    wall, cpu, peak = json.loads(cost.read_text(encoding="utf-8"))
    return Run(plan, text, cpu, wall, f"{peak / MIB:.0f} MiB")
