"""Figures: what was measured, what was aimed at, and one line for each that says whether the aim is met."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measurement; smaller is better. `detail` holds what a ratio was made from."""

    name: str
    measured: float
    aim: float
    unit: str
    detail: str = ""

    @property
    def verdict(self) -> str:
        return "met" if self.measured <= self.aim else "short"

    def line(self) -> str:
        measured, aim = f"{self.measured:.4g} {self.unit}", f"at most {self.aim:g} {self.unit}"
        return f"{self.name:<58} {measured:>13}   {aim:<17} {self.verdict:<6} {self.detail}".rstrip()


def machine() -> str:
    """What this was measured on, in a line."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("litestar", "uvicorn", "sqlalchemy"))
    return (
        f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def report(compared: str, figures: Iterable[Figure], file: Path | None) -> None:
    """Say each figure as soon as it is known, and keep them all as JSON if a file is named."""
    print(f"Machine: {machine()}\nCompared: {compared}\n")  # noqa: T201 - a benchmark speaks on the terminal
    known = []
    for figure in figures:
        print(figure.line(), flush=True)  # noqa: T201 - as above
        known.append(figure)
    if file is not None:
        found = [{**asdict(figure), "verdict": figure.verdict} for figure in known]
        kept = {"machine": machine(), "compared": compared, "figures": found}
        file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
