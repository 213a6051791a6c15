"""Lists of names, and how often, the way one says them."""

from collections.abc import Sequence

from threefold.core.said import number


def times(count: int) -> str:
    """How often: "once", "twice", "three times"."""
    return {1: "once", 2: "twice"}.get(count, f"{number(count)} times")


def listed(words: Sequence[str], most: int, rest: str = "others", between: str = ", ") -> str:
    """Names as one lists them: "Ben, Dev and Priya". Beyond `most`, the first of them and how many more."""
    if len(words) > most:
        words = [*words[: most - 1], f"{number(len(words) - most + 1)} {rest}"]
    return " and ".join([between.join(words[:-1]), words[-1]] if len(words) > 1 else words)


def opening(phrase: str) -> str:
    """A phrase as a sentence begins: its first letter large, the rest left as it is."""
    return phrase[:1].upper() + phrase[1:]
