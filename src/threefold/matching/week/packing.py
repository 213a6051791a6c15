"""Set packing at full size: what no choice among very many groups can beat, and the proof that nothing does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

SLACK = 1e-6
"""What is put down to the solver's arithmetic; sums over groups are whole numbers, so it never decides."""


@dataclass(frozen=True)
class Demand:
    """A sum over the chosen groups that has to be at least so much, as one share a column."""

    shares: Any
    least: float


@dataclass(frozen=True)
class Relaxed:
    """No choice is worth more than `most`, and none with column c more than `most - lost[c]`."""

    most: float
    lost: Any


@dataclass(frozen=True)
class Packed:
    """The columns of a choice that meets every demand; None where there is none, or (`certain` False) none found."""

    chosen: tuple[int, ...] | None
    certain: bool


class Packing:
    """Columns that each take one place in some rows; row r has `holds[r]` places.

    The solver (HiGHS) runs on one thread, with a fixed seed and no clock, so the same question gets the same
    answer. It takes the columns as arrays: building a model column by column would take longer than solving it.
    """

    def __init__(self, needs: Sequence[Sequence[int]], holds: Sequence[int]) -> None:
        import highspy  # noqa: PLC0415 - the solver is loaded only by weeks that need a proof
        import numpy as np  # noqa: PLC0415 - as above

        self._highs: Any = highspy
        self._numpy: Any = np
        self.columns = len(needs)
        self._lengths = np.fromiter(map(len, needs), np.int64, self.columns)
        self._rows = np.fromiter((row for need in needs for row in need), np.int64, int(self._lengths.sum()))
        self._holds = np.array(holds, float)

    def relaxed(self, worth: Any, demands: Sequence[Demand] = ()) -> Relaxed:
        """What the columns could be worth together, were parts of columns to be had.

        The bound is summed up here from the prices the solver puts on rows and demands (weak duality), so it holds
        even where the solver's arithmetic is a little off.
        """
        numpy = self._numpy
        worth = numpy.asarray(worth, float)
        everything = numpy.arange(self.columns)
        solver = self._solver()
        solver.passModel(self._model(everything, worth, demands, whole=False))
        solver.run()
        prices = numpy.array(solver.getSolution().row_dual, float)
        rows = len(self._holds)
        of_rows, of_demands = numpy.maximum(prices[:rows], 0), numpy.minimum(prices[rows:], 0)
        starts = numpy.concatenate([[0], numpy.cumsum(self._lengths)[:-1]])
        lost = numpy.add.reduceat(of_rows[self._rows], starts) - worth
        most = float(of_rows @ self._holds)
        for demand, price in zip(demands, of_demands, strict=True):
            lost += price * numpy.asarray(demand.shares, float)
            most += float(price) * demand.least
        # Where prices do not quite pay for a column, every group of two or more could gain the difference.
        most += max(0.0, -float(lost.min())) * rows / 2
        return Relaxed(most, lost)

    def chosen(
        self,
        worth: Any,
        demands: Sequence[Demand],
        among: Any,
        *,
        nodes: int,
        go_on: Callable[[], bool] | None = None,
    ) -> Packed:
        """A choice of most worth among some of the columns that meets the demands; worths are whole numbers.

        By branch and bound, with so many nodes at most; `go_on`, asked now and then, may stop it.
        """
        numpy, status = self._numpy, self._highs.HighsModelStatus
        columns = numpy.flatnonzero(among)
        if not len(columns):
            return Packed(None, certain=True)
        solver = self._solver()
        solver.passModel(self._model(columns, numpy.asarray(worth, float), demands, whole=True))
        for option, value in (("mip_rel_gap", 0.0), ("mip_abs_gap", 1 - SLACK), ("mip_max_nodes", nodes)):
            solver.setOptionValue(option, value)
        if go_on is not None:
            ask = go_on

            def heard(event: Any) -> None:
                if not ask():
                    event.interrupt()

            solver.cbMipInterrupt.subscribe(heard)
        solver.run()
        ended = solver.getModelStatus()
        if ended == status.kInfeasible:
            return Packed(None, certain=True)
        values = numpy.array(solver.getSolution().col_value)
        if (
            not len(values)
            or solver.getInfo().primal_solution_status != self._highs.SolutionStatus.kSolutionStatusFeasible
        ):
            return Packed(None, certain=False)
        return Packed(tuple(int(column) for column in columns[values > 0.5]), certain=ended == status.kOptimal)

    def _solver(self) -> Any:
        solver = self._highs.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
            solver.setOptionValue(option, value)
        return solver

    def _model(self, columns: Any, worth: Any, demands: Sequence[Demand], *, whole: bool) -> Any:
        """Some of the columns as the solver's arrays: the rows first, then one row a demand."""
        numpy, highs = self._numpy, self._highs
        count, rows = len(columns), len(self._holds)
        inside = numpy.zeros(self.columns, bool)
        inside[columns] = True
        lengths = self._lengths[columns]
        index = self._rows[numpy.repeat(inside, self._lengths)]
        value = numpy.ones(len(index))
        if demands:
            column_of = numpy.repeat(numpy.arange(count), lengths)
            shares = numpy.array([numpy.asarray(demand.shares, float)[columns] for demand in demands])
            which, where = shares.nonzero()
            column_of = numpy.concatenate([column_of, where])
            order = numpy.argsort(column_of, kind="stable")
            index = numpy.concatenate([index, rows + which])[order]
            value = numpy.concatenate([value, shares[which, where]])[order]
            lengths = numpy.bincount(column_of, minlength=count)
        model = highs.HighsLp()
        model.num_col_, model.num_row_ = count, rows + len(demands)
        model.sense_ = highs.ObjSense.kMaximize
        model.col_cost_ = worth[columns]
        model.col_lower_ = numpy.zeros(count)
        # Nobody sits in two groups, so no column is chosen twice and needs no upper limit of its own.
        model.col_upper_ = numpy.ones(count) if whole else numpy.full(count, highs.kHighsInf)
        model.row_lower_ = numpy.array([-highs.kHighsInf] * rows + [demand.least for demand in demands])
        model.row_upper_ = numpy.concatenate([self._holds, numpy.full(len(demands), highs.kHighsInf)])
        model.a_matrix_.format_ = highs.MatrixFormat.kColwise
        model.a_matrix_.start_ = numpy.concatenate([[0], numpy.cumsum(lengths)])
        model.a_matrix_.index_ = index
        model.a_matrix_.value_ = value
        if whole:
            model.integrality_ = [highs.HighsVarType.kInteger] * count
        return model
