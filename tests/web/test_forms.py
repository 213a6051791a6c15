"""Forms arrive as they were typed, whatever a browser, or somebody else, puts into them."""

from urllib.parse import urlencode

import pytest

from threefold.web.forms import MOST_FIELDS, fields_of


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


SENT_BY_NO_BROWSER = {
    b"": (),
    b"&=&a&=x": (("", ""), ("a", ""), ("", "x")),
    b"a==b=": (("a", "=b="),),
    b"%&%zz%4=%00": (("%", ""), ("%zz%4", "")),
    b"\xfe=%ff&%c3%ff=1": (("�", "�"), ("��", "1")),
}


@pytest.mark.parametrize("body", SENT_BY_NO_BROWSER)
def test_what_no_browser_sends_is_read_without_a_stumble(body: bytes) -> None:
    assert fields_of(body) == SENT_BY_NO_BROWSER[body]


def test_more_fields_than_anybody_fills_in_are_refused() -> None:
    assert len(fields_of(b"&".join([b"a=1"] * MOST_FIELDS))) == MOST_FIELDS
    with pytest.raises(ValueError, match="fields"):
        fields_of(b"&".join([b"a=1"] * (MOST_FIELDS + 1)))
