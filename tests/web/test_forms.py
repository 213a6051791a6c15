"""Forms arrive as they were typed, whatever a browser, or somebody else, puts into them."""

import random
from urllib.parse import parse_qsl, urlencode

import pytest

from threefold.web.forms import MOST_FIELDS, fields_of


def as_the_standard_library_reads(body: bytes) -> tuple[tuple[str, str], ...]:
    """The slower reader that ours has to agree with, but for NUL, which ours leaves out."""
    fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    return tuple((name.replace("\x00", ""), value.replace("\x00", "")) for name, value in fields)


@pytest.mark.parametrize(
    "typed",
    [
        "a=b&c=d+e%20%2B",
        "“Wait — then say it”\r\nשלום 👋",
        '=HYPERLINK("x");\' OR 1=1 --',
        "þÿ ü\u0000x",
    ],
)
def test_words_come_back_as_they_were_typed(typed: str) -> None:
    sent = [("said", typed), ("said", ""), (typed, "level")]
    expected = tuple((name.replace("\x00", ""), value.replace("\x00", "")) for name, value in sent)
    assert fields_of(urlencode(sent).encode()) == expected


SENT_BY_NO_BROWSER = (b"", b"&", b"=", b"a", b"a=&&b", b"=x", b"a==b=", b"%", b"%zz%4", b"\xfe\xff=%fe&%Fe", b"%c3%ff")


@pytest.mark.parametrize("body", SENT_BY_NO_BROWSER)
def test_what_no_browser_sends_is_read_as_the_standard_library_does(body: bytes) -> None:
    assert fields_of(body) == as_the_standard_library_reads(body)


def test_any_bytes_at_all_are_read_as_the_standard_library_does() -> None:
    chance = random.Random(1)
    pieces = b"& = + % %2 %26 %3d %25 %fe %FF %C3 %BC a F \xfe \xff".split()
    for _ in range(5_000):
        body = b"".join(chance.choices(pieces, k=chance.randrange(12)))
        assert fields_of(body) == as_the_standard_library_reads(body), body


def test_more_fields_than_anybody_fills_in_are_refused() -> None:
    assert len(fields_of(b"&".join([b"a=1"] * MOST_FIELDS))) == MOST_FIELDS
    with pytest.raises(ValueError, match="5001 fields"):
        fields_of(b"&".join([b"a=1"] * (MOST_FIELDS + 1)))
