"""What people are called in a small room: first names, and as little more as tells two people apart."""

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def first_name(name: str) -> str:
    """The name somebody is called by: the first word of it as they gave it."""
    words = name.split(maxsplit=1)
    return words[0] if words else name


def initials(name: str) -> str:
    """One or two letters for the round mark beside a name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def short_names(names: Mapping[Key, str]) -> dict[Key, str]:
    """First names; with the last name's initial for those who share one, and the whole name if that is shared too."""
    firsts = {key: first_name(name) for key, name in names.items()}
    if len(set(firsts.values())) == len(firsts):
        return firsts
    among = Counter(firsts.values())
    short = {key: first if among[first] == 1 else _with_initial(names[key]) for key, first in firsts.items()}
    shared = Counter(short.values())
    return {key: said if shared[said] == 1 else names[key] for key, said in short.items()}


def _with_initial(name: str) -> str:
    words = name.split()
    return f"{words[0]} {words[-1][0]}" if len(words) > 1 else name
