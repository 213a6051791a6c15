"""Whether observers of the same round see the same things: agreement between them, and how stern or kind each is.

For tutors alone, always with how many rounds it rests on. Levels are 1 to 4; a competency that somebody did not see is
missing, never a zero.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations
from math import ceil
from statistics import fmean, median

Unit = tuple[int, ...]
"""What two or more people gave one thing in one round, in ascending order."""
Cluster = tuple[Unit, ...]
"""Every unit of one round: what the same people saw together is drawn together."""

FEWEST_ROUNDS = 10
"""Below so many rounds with two observers nothing is said about agreement."""

FEWEST_OF_ONE = 5
"""Below so many rounds nothing is said about one observer."""

RESAMPLES = 1000
SEED = 20111125  # any will do, as long as the same ratings always give the same interval
HALF_A_LEVEL = 0.5


@dataclass(frozen=True)
class Seen:
    """One observer's levels on one round; codes they did not see, or were not asked about, are left out."""

    round: Hashable
    observer: Hashable
    levels: Mapping[str, int]


# --- agreement ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's α with its 95 % interval, over `rounds` that two or more people rated.

    `alpha` is None where there are too few rounds, or where everybody gave one and the same level: nothing varies, so
    that nothing can be said. `low` and `high` are None with it.
    """

    rounds: int
    alpha: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def enough(self) -> bool:
        return self.rounds >= FEWEST_ROUNDS

    @property
    def words(self) -> str:
        """In words, by the lower bounds .75, .60 and .40 that Cicchetti (1994) gives for such figures."""
        if not self.enough:
            return "Too few to say"
        if self.alpha is None:
            return "Everybody gave the same level"
        bands = ((0.75, "Much the same"), (0.60, "Mostly the same"), (0.40, "Partly the same"))
        return next((said for least, said in bands if self.alpha >= least), "Each in their own way")


def agreement(seen: Iterable[Seen], code: str | None = None) -> Agreement:
    """How far observers agree, on one competency or on all of them together.

    Only rounds with two or more observers count. The interval is a percentile bootstrap: whole rounds are drawn again
    with replacement (with everything rated in them, since one round's ratings hang together), α is reckoned for each
    draw, and the middle 95 % are kept. That is a plain resampling of units, not the resampling of deviations with fixed
    expected disagreement in Hayes and Krippendorff (2007), Communication Methods and Measures 1(1), 77-89. Draws in
    which nothing varies have no α and are left out. The same ratings always give the same interval.
    """
    by_round: dict[Hashable, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in seen:
        for each, level in one.levels.items():
            if code in {None, each}:
                by_round[one.round][each].append(level)
    clusters = [
        tuple(sorted(tuple(sorted(levels)) for levels in codes.values() if len(levels) > 1))
        for codes in by_round.values()
    ]
    return _of(tuple(sorted(cluster for cluster in clusters if cluster)))


@lru_cache(maxsize=512)
def _of(clusters: tuple[Cluster, ...]) -> Agreement:
    if len(clusters) < FEWEST_ROUNDS:
        return Agreement(len(clusters))
    values = sorted({value for unit in chain.from_iterable(clusters) for value in unit})
    vectors = [_vector(Counter(cluster), values) for cluster in clusters]
    found = _alpha(len(values), _summed(vectors))
    if found is None:
        return Agreement(len(clusters))
    draw = random.Random(SEED)
    drawn = (_alpha(len(values), _summed(draw.choices(vectors, k=len(vectors)))) for _ in range(RESAMPLES))
    kept = sorted(alpha for alpha in drawn if alpha is not None)
    return Agreement(len(clusters), found, _percentile(kept, 0.025), _percentile(kept, 0.975))


def alpha_of(units: Mapping[Unit, int]) -> float | None:
    """Krippendorff's α with the ordinal metric, for any number of raters and missing values. None: nothing varies.

    `units` counts how often each set of values occurs; units with fewer than two values are left out. As in
    Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", part D: every pair of values c, k within a unit
    of m values adds 1/(m - 1) to the coincidence o(c, k); n(c) sums a row, n all of them;
    δ²(c, k) = (n(c)/2 + n(c+1) + … + n(k-1) + n(k)/2)²; and α = 1 - (n - 1) Σ o(c, k) δ² / Σ n(c) n(k) δ², over c < k.
    """
    values = sorted({value for unit in units for value in unit})
    return _alpha(len(values), _vector(units, values))


def _alpha(values: int, vector: Sequence[float]) -> float | None:
    """α from a vector of how often each of so many values is paired, then of the coincidences of each c < k."""
    totals, n = vector[:values], sum(vector[:values])
    # How far each value lies along the scale that the ratings themselves make: all before it and half of its own.
    middle, before = [], 0.0
    for total in totals:
        middle.append(before + total / 2)
        before += total
    observed = expected = 0.0
    for (c, k), met in zip(combinations(range(values), 2), vector[values:], strict=True):
        distance = (middle[k] - middle[c]) ** 2
        observed += met * distance
        expected += totals[c] * totals[k] * distance
    return 1 - (n - 1) * observed / expected if expected else None


def _vector(units: Mapping[Unit, int], values: Sequence[int]) -> tuple[float, ...]:
    coincidences, totals = coincidences_of(units)
    met = (coincidences.get(pair, 0.0) for pair in combinations(values, 2))
    return (*(totals.get(value, 0.0) for value in values), *met)


def _summed(vectors: Iterable[Sequence[float]]) -> list[float]:
    return [sum(column) for column in zip(*vectors, strict=True)]


def coincidences_of(units: Mapping[Unit, int]) -> tuple[dict[tuple[int, int], float], dict[int, float]]:
    """How often values meet within units, for c ≤ k (the matrix is symmetric), and how often each is paired at all."""
    coincidences: dict[tuple[int, int], float] = defaultdict(float)
    totals: dict[int, float] = defaultdict(float)
    for unit, times in units.items():
        if len(unit) < 2:
            continue
        share = times / (len(unit) - 1)
        counts = sorted(Counter(unit).items())
        for place, (c, of_c) in enumerate(counts):
            totals[c] += times * of_c
            coincidences[c, c] += of_c * (of_c - 1) * share
            for k, of_k in counts[place + 1 :]:
                coincidences[c, k] += of_c * of_k * share
    return dict(coincidences), dict(totals)


# --- each observer --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lean:
    """How one observer's levels differ from others' in the same rounds; above zero is kinder. In levels.

    `rounds`: how many they shared with somebody. `middle`, `low` and `high`: the median of their differences, a round
    each, and its middle half. `weighed`: their mean difference, drawn towards none by as much as it may be chance.
    """

    observer: Hashable
    rounds: int
    middle: float
    low: float
    high: float
    weighed: float

    @property
    def enough(self) -> bool:
        return self.rounds >= FEWEST_OF_ONE

    @property
    def words(self) -> str:
        """What can be said of them: half a level either way is as others see it."""
        if not self.enough:
            return "Too few rounds to say"
        if abs(self.weighed) < HALF_A_LEVEL:
            return "As others do"
        return "Tends to be kinder" if self.weighed > 0 else "Tends to be sterner"


def leans(seen: Iterable[Seen]) -> list[Lean]:
    """Everybody who has observed a round beside somebody else, the kindest first.

    A round's difference is the mean, over what both they and somebody else rated, of their level less the mean of the
    others'. Few rounds say little, so the mean difference m of each observer is pooled in part (empirical Bayes, as in
    Efron and Morris (1975), JASA 70, 311-319): weighed = m τ² / (τ² + v), with v = s²/n from the pooled spread s² of
    differences within observers, and τ², the true spread between them, by the moments that DerSimonian and Laird (1986)
    use, with a known mean of zero: τ² = max(0, (Σ m²/v - J) / Σ 1/v) for J observers. The mean is zero because whatever
    one is above, the others are below; differences of two people who share a round mirror each other, which this leaves
    out of account.
    """
    differences = differences_of(seen)
    spread = _within(differences.values())
    means = {who: fmean(values) for who, values in differences.items()}
    variances = {who: spread / len(values) for who, values in differences.items()}
    between = _between([(means[who], variances[who]) for who in differences])
    found = [
        Lean(
            who,
            len(values),
            median(values),
            _percentile(sorted(values), 0.25),
            _percentile(sorted(values), 0.75),
            means[who] * between / (between + variances[who]) if between else 0.0,
        )
        for who, values in differences.items()
    ]
    return sorted(found, key=lambda lean: (not lean.enough, -lean.middle, -lean.rounds, str(lean.observer)))


def differences_of(seen: Iterable[Seen]) -> dict[Hashable, list[float]]:
    """For each observer, by how much they differ from others in each round that they share with somebody."""
    rounds: dict[Hashable, list[Seen]] = defaultdict(list)
    for one in seen:
        rounds[one.round].append(one)
    found: dict[Hashable, list[float]] = defaultdict(list)
    for together in rounds.values():
        for one in together:
            against = []
            for code, level in one.levels.items():
                others = [other.levels[code] for other in together if other is not one and code in other.levels]
                if others:
                    against.append(level - fmean(others))
            if against:
                found[one.observer].append(fmean(against))
    return dict(found)


def _within(differences: Iterable[Sequence[float]]) -> float:
    """The pooled variance of differences within observers; an eighth of a level where nothing can be reckoned."""
    squares, freedom = 0.0, 0
    for values in differences:
        mean = fmean(values)
        squares += sum((value - mean) ** 2 for value in values)
        freedom += len(values) - 1
    return max(squares / freedom if freedom else 0.0, LEAST_SPREAD)


LEAST_SPREAD = 0.125**2  # so that a handful of rounds that happen to agree are not taken for certainty


def _between(observers: Sequence[tuple[float, float]]) -> float:
    """The variance of true differences between observers, from each one's mean and its variance."""
    weights = sum(1 / variance for _, variance in observers)
    scatter = sum(mean**2 / variance for mean, variance in observers)
    return max(0.0, (scatter - len(observers)) / weights) if observers else 0.0


def _percentile(values: Sequence[float], share: float) -> float:
    """A percentile of ascending values, between two neighbours in proportion."""
    at = share * (len(values) - 1)
    below = int(at)
    above = min(ceil(at), len(values) - 1)
    return values[below] + (values[above] - values[below]) * (at - below)
