"""The command `threefold plan`: files in, files out, and what it says when something is wrong."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.bench import problems
from tests.bench.judge import judge
from threefold.cli import main


def plan(*words: object) -> Result:
    done = CliRunner().invoke(main, ["plan", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def a_problem(folder: Path, name: str, **changed: Any) -> Path:
    """One of the benchmark's problems in a file, with some keys changed."""
    document = next(one for one in problems.problems(1) if one["name"] == name) | changed
    file = folder / "problem.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def a_roster(folder: Path, text: str) -> Path:
    file = folder / "roster.csv"
    file.write_text(text, encoding="utf-8")
    return file


def rows(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))


# --- problems ---------------------------------------------------------------------------------------------------


def test_a_class_of_nine_is_planned_without_a_repeat_and_the_judge_agrees(tmp_path: Path) -> None:
    file, out = a_problem(tmp_path, "kts-9"), tmp_path / "plan.json"

    done = plan(file, "-o", out, "--explain")

    assert done.exit_code == 0
    assert done.stdout.startswith("Everyone works with everyone. Nobody sits with the same person twice.")
    assert "--seed 0 --steps" in done.stdout
    found = judge(json.loads(file.read_text()), json.loads(out.read_text()))
    assert (found.faults, found.placed, found.repeats, found.spread) == ((), 36, 0, found.least_spread)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "problem.json"]


def test_a_published_plan_is_mended_and_the_other_ways_can_be_taken(tmp_path: Path) -> None:
    file = a_problem(tmp_path, "repair-21-one")
    problem = json.loads(file.read_text())

    for option in (1, 2):
        out = tmp_path / f"plan-{option}.json"
        done = plan(file, "-o", out, "--steps", 0, "--option", option, "--explain")
        assert (done.exit_code, done.stderr) == (0, "")
        assert f"* {option}. " in done.stdout
        found = judge(problem, json.loads(out.read_text()))
        assert (found.faults, found.moved) == ((), 56)

    first, second = (json.loads((tmp_path / f"plan-{option}.json").read_text()) for option in (1, 2))
    assert first != second
    done = plan(file, "-o", tmp_path / "third.json", "--steps", 0, "--option", 3)
    assert (done.exit_code, done.stderr) == (2, "--option 3: this plan can be mended in 2 ways only\n")


def test_a_week_is_matched_and_whoever_is_left_over_is_told_what_would_help(tmp_path: Path) -> None:
    people = [{"id": person} for person in ("Amara", "Ben", "Chloe", "Dev")]
    offers = {"Amara": ["mon"], "Ben": ["mon"], "Chloe": ["mon"], "Dev": ["tue"]}
    slots = [{"id": slot, "day": day, "start_min": 600} for day, slot in enumerate(("mon", "tue"))]
    here = [{"id": "week 1", "present": [person["id"] for person in people]}]
    week = {"people": people, "sessions": here, "slots": slots, "availability": offers, "exclusions": []}
    file, out = a_problem(tmp_path, "weekly-12", **week, history_pairs=[]), tmp_path / "plan.json"

    done = plan(file, "-o", out, "--explain")

    said = done.stdout.splitlines()
    assert said[0] == f"3 of 4 people have a place; no plan can place more. Written to {out}."
    assert said[1:3] == ["0 meetings repeat, as few as can be.", "0 groups are not triads, as few as can be."]
    assert said[3].startswith("Nobody else is free on Dev’s times")
    found = judge(json.loads(file.read_text()), json.loads(out.read_text()))
    assert (found.faults, found.placed) == ((), 3)


def test_a_plan_can_be_made_again_from_its_seed_and_steps(tmp_path: Path) -> None:
    file, out, again = a_problem(tmp_path, "repair-21-one"), tmp_path / "plan.json", tmp_path / "again.json"

    said = plan(file, "-o", out, "--seed", 7, "--seconds", 0, "--explain").stdout
    words = said[said.index("--seed 7 --steps") :].split()
    plan(file, "-o", again, *words[:4])

    assert "The search ended early, because its time was up." in said
    assert again.read_bytes() == out.read_bytes()


# --- rosters ----------------------------------------------------------------------------------------------------


ROSTER = """Name,E-mail,Keep apart from
Amara Bello,amara@example.org,Ben
Ben Cole,ben@example.org,
"=HYPERLINK(""http://example.org"")",c@example.org,
Dev Patel,dev@example.org,
Esther Okafor,esther@example.org,
Farid Aziz,farid@example.org,
Amara Bello,AMARA@example.org,
"""


def test_a_roster_becomes_a_table_of_every_round(tmp_path: Path) -> None:
    out = tmp_path / "plan.csv"

    done = plan(a_roster(tmp_path, ROSTER), "--sessions", 2, "-o", out, "--explain", "--apart", "Dev, esther o")

    assert done.exit_code == 0
    assert "Row 8 has the address of row 2 and was passed over." in done.stdout
    heading, *lines = rows(out)
    assert heading == ["session", "group", "round", "counsellor", "client", "observers"]
    assert len(lines) == 2 * 2 * 3
    groups: dict[tuple[str, str], set[str]] = {}
    for session, group, _, *people in lines:
        groups.setdefault((session, group), set()).update(people)
    assert all(len(people) == 3 for people in groups.values())
    for pair in ({"Amara Bello", "Ben Cole"}, {"Dev Patel", "Esther Okafor"}):
        assert not any(pair <= people for people in groups.values())
    assert '\'=HYPERLINK("http://example.org")' in {name for people in groups.values() for name in people}


def test_a_list_of_names_is_enough_and_pairs_have_a_tutor(tmp_path: Path) -> None:
    out = tmp_path / "plan.csv"

    done = plan(
        a_roster(tmp_path, "Amara\nBen\nChloe\nDev\nEsther\n"), "--sessions", 1, "--rounds", "one", "--pairs", "-o", out
    )

    assert done.exit_code == 0
    lines = rows(out)[1:]
    assert [line[:3] for line in lines] == [["1", "1", "1"], ["1", "2", "1"]]
    assert sorted(name for line in lines for name in line[3:]) == ["Amara", "Ben", "Chloe", "Dev", "Esther", "tutor"]


def test_fours_are_shared_evenly_where_that_is_asked_for(tmp_path: Path) -> None:
    names, out = "Amara\nBen\nChloe\nDev\nEsther\nFarid\nGrace\n", tmp_path / "plan.csv"
    words = ["--sessions", 2, "--rounds", "one", "--steps", 500_000, "--explain", "-o", out]

    for even, seats, said in ((["--even-fours"], {1, 2}, "three more repeats at most."), ([], {0, 1, 2}, "may cost")):
        done = plan(a_roster(tmp_path, names), *words, *even)

        assert said in done.stdout
        fours = [f"{line[3]} and {line[4]} and {line[5]}" for line in rows(out)[1:] if " and " in line[5]]
        assert {sum(name in four for four in fours) for name in names.split()} == seats


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("", [], "nobody is in this file"),
        ("Amara\nBen\nAmara\n", [], "row 3: “Amara” is listed twice; add initials or addresses to tell them apart"),
        ("Amara\nBen\nDev\n", ["--apart", "Amara"], "--apart “Amara” must be two names with a comma between them"),
        ("Amara\nBen\nDev\n", ["--apart", "Amara,Kit"], "--apart: nobody is called “Kit”"),
        ("Amara A\nAmara B\nDev\n", ["--apart", "Dev,Amara"], "--apart: more than one person is called “Amara”"),
        ("Name,Keep apart\nAmara,Amara\nBen,\nDev,\n", [], "row 2: “Amara” is the same person"),
    ],
)
def test_a_roster_that_is_not_clear_is_told_so_in_one_line(
    tmp_path: Path, text: str, words: list[str], said: str
) -> None:
    file, out = a_roster(tmp_path, text), tmp_path / "plan.csv"

    done = plan(file, "--sessions", 1, "-o", out, *words)

    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"{file}: {said}\n")
    assert not out.exists()


def test_a_roster_needs_a_number_of_sessions(tmp_path: Path) -> None:
    file = a_roster(tmp_path, ROSTER)

    done = plan(file, "-o", tmp_path / "plan.csv")

    assert (done.exit_code, done.stderr) == (
        2,
        f"{file}: say how many sessions the plan is for, with --sessions\n",
    )


# --- what goes wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "this is not UTF-8 text"),
        (b"{", "this is not JSON"),
        (b"{}", '"format" must be "triad-instance/1"'),
    ],
)
def test_a_file_nobody_can_read_is_told_so_in_one_line_and_nothing_is_written(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file, out = tmp_path / "problem.json", tmp_path / "plan.json"
    file.write_bytes(content)
    out.write_text("the plan of last week")

    done = plan(file, "-o", out)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{file}: {said}")
    assert done.stderr.count("\n") == 1
    assert out.read_text() == "the plan of last week"


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    missing, nowhere = tmp_path / "missing.json", tmp_path / "no" / "plan.json"

    assert plan(missing, "-o", tmp_path / "plan.json").stderr == f"{missing}: No such file or directory\n"
    done = plan(a_problem(tmp_path, "kts-9"), "-o", nowhere)
    assert (done.exit_code, done.stderr) == (2, f"{nowhere}: there is no folder {nowhere.parent}\n")


def test_a_plan_that_cannot_be_gives_its_reasons_and_status_three(tmp_path: Path) -> None:
    everybody = [{"id": person} for person in "abc"]
    file = a_problem(
        tmp_path,
        "kts-9",
        people=everybody,
        sessions=[{"id": "week 1", "present": list("abc")}, {"id": "week 2", "present": ["a"]}],
        exclusions=[["a", "b"]],
    )

    done = plan(file, "-o", tmp_path / "plan.json")

    assert (done.exit_code, done.stdout) == (3, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["Week 2", "Week 1"]
    assert not (tmp_path / "plan.json").exists()


def test_five_people_cannot_be_threes_and_fours(tmp_path: Path) -> None:
    five = [{"id": person} for person in "abcde"]
    file = a_problem(tmp_path, "kts-9", people=five, sessions=[{"id": "week 1", "present": list("abcde")}])

    done = plan(file, "-o", tmp_path / "plan.json")

    assert (done.exit_code, done.stderr) == (3, "week 1: 5 people cannot be divided into groups of [3, 4].\n")


# --- the process ------------------------------------------------------------------------------------------------


def test_control_c_keeps_the_best_so_far_and_says_so(tmp_path: Path) -> None:
    """A search without end, at a terminal of its own, is stopped as soon as its bar shows how far it is."""
    file, out = a_problem(tmp_path, "repair-39-three"), tmp_path / "plan.json"
    command = [sys.executable, "-m", "threefold", "plan", str(file), "-o", str(out), "--seconds", "600"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:  # noqa: S603 - our own
        os.close(theirs)
        shown = b""
        while b"repeats so far" not in shown:
            shown += os.read(ours, 1000)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    os.close(ours)

    assert process.returncode == 0
    assert "The search ended early, because you stopped it." in said
    assert judge(json.loads(file.read_text()), json.loads(out.read_text())).faults == ()


HEAVY = {"sqlalchemy", "litestar", "uvicorn", "numba", "numpy", "highspy", "rich"}


@pytest.mark.parametrize("words", [["plan", "--help"], ["plan", "missing.json", "-o", "plan.json"]])
def test_the_command_starts_without_the_web_and_without_the_compiler(words: list[str]) -> None:
    code = (
        f"import atexit, sys; sys.argv[1:] = {words!r}\n"
        f"atexit.register(lambda: print(sorted({HEAVY!r} & set(sys.modules))))\n"
        "from threefold.cli import main; main()"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - our own

    assert done.stdout.splitlines()[-1] == "[]"
