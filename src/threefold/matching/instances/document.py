"""A JSON document read value by value, each with the place where it stands, so that a fault can be said of it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any


class Malformed(ValueError):  # noqa: N818 - said of a file
    """A file that is not what the format says; its words name the place and what belongs there."""


@dataclass(frozen=True)
class At:
    """A value in the document and where it stands, so that whatever is wrong can be said of it."""

    where: str
    value: Any

    def a(self, kind: type) -> Any:
        """The value, which must be of this kind; a whole number is never below nought here."""
        found = self.value
        if not isinstance(found, kind) or (kind is int and (isinstance(self.value, bool) or self.value < 0)):
            raise self.wrong(f"must be {_KINDS[kind]}")
        if kind is str and not self.value:
            raise self.wrong("must not be empty")
        return self.value

    def get(self, key: str, default: Any = None) -> "At":
        found = self.a(dict).get(key, default)
        if found is None:
            raise self.wrong(f'has no "{key}"') if self.where else Malformed(f'there is no "{key}"')
        return At(f"{self.where}.{key}" if self.where else f'"{key}"', found)

    def has(self, key: str) -> bool:
        return self.value.get(key) is not None

    def each(self) -> "Iterator[At]":
        for place, value in enumerate(self.a(list)):
            yield At(f"{self.where}[{place}]", value)

    def members(self) -> "Iterator[tuple[At, At]]":
        """Keys and values of an object."""
        for key, value in self.a(dict).items():
            yield At(f"{self.where}, key", key), At(f'{self.where}["{key}"]', value)

    def of(self, choices: Collection[str], what: str) -> str:
        if self.a(str) not in choices:
            raise self.wrong(f'names {what} that is not there: "{self.value}"')
        return str(self.value)

    def two(self, people: Collection[str]) -> frozenset[str]:
        pair = [one.of(people, "a person") for one in self.each()]
        if len(pair) != 2 or pair[0] == pair[1]:
            raise self.wrong("must name two people")
        return frozenset(pair)

    def wrong(self, what: str) -> Malformed:
        return Malformed(f"{self.where or 'the file'} {what}")


_KINDS = {dict: "an object", list: "a list", str: "text", int: "a whole number", bool: "true or false"}
