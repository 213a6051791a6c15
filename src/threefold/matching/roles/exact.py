"""One round a session, exactly: roles within given limits, or the proof that these groups have none."""

from collections.abc import Sequence
from typing import Any

from threefold.matching.roles.standing import CLIENT, COUNSELLOR, OBSERVER, Roles, Table

SEATS = 2_500
"""Beyond so many seats the proof is not attempted."""

NODES = 200
"""Of branch and bound: what it takes is counted, not timed, so the answer is always the same."""


def roles_within(table: Table, limits: Sequence[int]) -> Roles | None:
    """Roles with which nobody's roles lie further apart than their limit; None where there are none or none was found.

    A whole-number programme: for each seat whether it counsels and whether it is client, for each person the
    minutes of their shortest role; solved by HiGHS on one thread, with a fixed seed.
    """
    import highspy  # noqa: PLC0415 - loaded only where a past or people who rest leave the quick ways behind
    import numpy as np  # noqa: PLC0415 - as above

    solvers: Any = highspy  # its classes have no types
    seats, people = len(table.person_of), table.people
    person = np.array(table.person_of)
    first_person = 2 * seats  # columns: counsels, is client, then everybody's shortest role
    rows = _Rows()
    for seat, group in enumerate(table.group_of):
        rows.add([(seat, 1), (seats + seat, 1)], 1 if table.sizes[group] == 2 else 0, 1)
    for group in range(len(table.sizes)):
        for role in (0, seats):
            rows.add([(role + seat, 1) for seat in table.seats(group)], 1, 1)
    minutes = table.minutes
    for one in range(people):
        own = [int(seat) for seat in np.flatnonzero(person == one)]
        before, least = table.before[one], (first_person + one, -1)
        counsels = [(seat, minutes) for seat in own]
        speaks = [(seats + seat, minutes) for seat in own]
        observes = [(column, -minutes) for seat in own for column in (seat, seats + seat)]
        held = (before[COUNSELLOR], before[CLIENT], before[OBSERVER] + minutes * len(own))
        for terms, so_far in zip((counsels, speaks, observes), held, strict=True):
            rows.add([*terms, least], -so_far, limits[one] - so_far)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = first_person + people, len(rows.low)
    model.col_cost_ = np.zeros(model.num_col_)
    model.col_lower_ = np.zeros(model.num_col_)
    most = max(map(max, table.before), default=0) + minutes * seats
    spared = np.array(table.spared)
    model.col_upper_ = np.concatenate([np.ones(seats), 1.0 - spared, np.full(people, float(most))])
    model.row_lower_, model.row_upper_ = np.array(rows.low, float), np.array(rows.high, float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.array(rows.starts)
    model.a_matrix_.index_ = np.array(rows.columns)
    model.a_matrix_.value_ = np.array(rows.values, float)
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [whole] * first_person + [part] * people
    solver = solvers.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("mip_max_nodes", NODES)):
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    found = np.array(solver.getSolution().col_value[:first_person]) > 0.5
    return [COUNSELLOR if found[seat] else CLIENT if found[seats + seat] else OBSERVER for seat in range(seats)]


class _Rows:
    """Rows of a programme as arrays: what they sum, between what and what."""

    def __init__(self) -> None:
        self.starts, self.columns, self.values = [0], list[int](), list[float]()
        self.low, self.high = list[float](), list[float]()

    def add(self, terms: Sequence[tuple[int, float]], low: float, high: float) -> None:
        for column, value in terms:
            self.columns.append(int(column))
            self.values.append(value)
        self.starts.append(len(self.columns))
        self.low.append(low)
        self.high.append(high)
