"""Messages as mail programs take them apart: the parts in order, the headers whole, nothing smuggled in."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mail.test_calendar import INVITATION
from threefold.core.invitation import Method, Status
from threefold.mail.calendar import invitation_bytes
from threefold.mail.message import check_message, compose

NINE = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
WORDS = "Thursday 8 October 2026, 18:30 UK time, Room 2. https://practice.elm.example/sessions/2\n"
CALENDAR = invitation_bytes(INVITATION)


def a_letter(
    *,
    name: str = "Kit Thomas",
    recipient: str = "kit@example.org",
    subject: str = "Your practice sessions",
    text: str = WORDS,
    sender_name: str = "Elm House",
    message_id: str = "<2@elm.example>",
    answers: str | None = None,
    references: tuple[str, ...] = (),
    calendar: bytes | None = None,
    method: str | None = None,
    unsubscribe: str | None = None,
) -> bytes:
    return compose(
        sender_name=sender_name,
        sender="practice@elm.example",
        recipient_name=name,
        recipient=recipient,
        subject=subject,
        text=text,
        html=f"<p>{text}</p>",
        message_id=message_id,
        date=NINE,
        in_reply_to=answers,
        references=references,
        calendar=calendar,
        method=method,
        list_unsubscribe=unsubscribe,
    )


def read(data: bytes) -> EmailMessage:
    return BytesParser(_class=EmailMessage, policy=SMTP).parsebytes(data)


def test_a_letter_is_plain_text_and_html() -> None:
    data = a_letter(answers="<1@elm.example>", references=("<0@elm.example>",))
    message = read(data)
    assert [(name, str(value)) for name, value in message.items()][:9] == [
        ("From", "Elm House <practice@elm.example>"),
        ("To", "Kit Thomas <kit@example.org>"),
        ("Subject", "Your practice sessions"),
        ("Date", "Tue, 01 Sep 2026 09:00:00 +0000"),
        ("Message-ID", "<2@elm.example>"),
        ("In-Reply-To", "<1@elm.example>"),
        ("References", "<0@elm.example> <1@elm.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ]
    assert [part.get_content_type() for part in message.walk()] == [
        *("multipart/alternative", "text/plain", "text/html"),
    ]
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == WORDS
    assert check_message(data) == ()


def test_an_invitation_carries_its_calendar_twice_in_the_same_bytes() -> None:
    data = a_letter(calendar=CALENDAR, method="REQUEST", answers="<1@elm.example>")
    message = read(data)
    assert [part.get_content_type() for part in message.walk()] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics"),
    ]
    parts = list(message.walk())
    assert dict(parts[4]["Content-Type"].params) == {"method": "REQUEST", "charset": "utf-8"}
    assert parts[4]["Content-Disposition"] is None
    assert [parts[4].get_payload(decode=True), parts[5].get_payload(decode=True)] == [CALENDAR, CALENDAR]
    assert parts[5].get_filename() == "invite.ics"
    assert check_message(data) == ()


def test_a_cancellation_passes_too() -> None:
    cancel = invitation_bytes(replace(INVITATION, method=Method.CANCEL, status=Status.CANCELLED, sequence=1))
    assert check_message(a_letter(calendar=cancel, method="CANCEL", subject="Cancelled: Thursday 8 October")) == ()


def test_the_same_letter_is_the_same_bytes_and_seven_bit() -> None:
    letters = {a_letter(name="Zoë 🦉", calendar=CALENDAR, method="REQUEST") for _ in range(3)}
    assert len(letters) == 1
    assert letters.pop().isascii()


HOSTILE = st.text(
    st.sampled_from("Ann é🦉אÅ\u202e\u200d\"'\\;:,=<>()@?_ ")
    | st.characters(codec="utf-8", exclude_categories=["C", "Z"]),
    max_size=120,
).map(str.strip)


@settings(deadline=None)
@given(name=HOSTILE, sender_name=HOSTILE, subject=HOSTILE.filter(bool))
def test_any_name_and_subject_arrive_whole(name: str, sender_name: str, subject: str) -> None:
    data = a_letter(name=name, sender_name=sender_name, subject=subject)
    message = read(data)
    assert check_message(data) == ()
    assert str(message["Subject"]) == subject
    assert [to.addr_spec for to in message["To"].addresses] == ["kit@example.org"]
    assert [sender.addr_spec for sender in message["From"].addresses] == ["practice@elm.example"]
    older = message_from_bytes(data)  # the newer parser puts a space between two encoded words of a name
    assert str(make_header(decode_header(older["Subject"]))) == subject
    for header, whole in (("To", name), ("From", sender_name)):
        said, _ = parseaddr(older[header])
        assert str(make_header(decode_header(said))) == whole
    assert max(len(line) for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")) <= 78


@settings(deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_arrives_whole(text: str) -> None:
    data = a_letter(text=f"Hello {text}")
    plain = read(data).get_body(("plain",))
    assert plain is not None
    expected = f"Hello {text}".replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    assert plain.get_content().replace("\r\n", "\n").removesuffix("\n") == expected.removesuffix("\n")
    assert not any(sentence.startswith("MIME-01") for sentence in check_message(data))


@pytest.mark.parametrize("smuggled", ["\r\nBcc: all@example.org", "\n", "\r", "\x00", "\u2028", "\ud800", "\x85"])
def test_no_header_can_be_smuggled_in(smuggled: str) -> None:
    with pytest.raises(ValueError, match="header"):
        a_letter(name="Kit" + smuggled)
    with pytest.raises(ValueError, match="header"):
        a_letter(subject="Hello" + smuggled)
    with pytest.raises(ValueError, match="header"):
        a_letter(recipient="kit@example.org" + smuggled)
    with pytest.raises(ValueError, match="header"):
        a_letter(message_id="<2@elm.example>" + smuggled)


@pytest.mark.parametrize(
    "recipient", ["jürgen@example.org", "kit", "kit@example.org, ben@example.org", "<kit@example.org>"]
)
def test_what_is_no_single_ascii_address_is_refused(recipient: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        a_letter(recipient=recipient)


def test_a_calendar_needs_its_method() -> None:
    with pytest.raises(ValueError, match="together"):
        a_letter(calendar=CALENDAR)


def test_a_foreign_domain_leaves_in_punycode() -> None:
    calendar = invitation_bytes(replace(INVITATION, attendee_email="kit@bücher.example"))
    data = a_letter(recipient="kit@bücher.example", calendar=calendar, method="REQUEST")
    assert b"<kit@xn--bcher-kva.example>" in data
    assert check_message(data) == ()


def test_a_reminder_can_be_unsubscribed_from_in_one_click() -> None:
    data = a_letter(unsubscribe="https://practice.elm.example/notifications/x")
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in data
    assert check_message(data) == ()
    assert check_message(a_letter(unsubscribe="mailto:x@elm.example")) == (
        "HDR-09: List-Unsubscribe is one https address, with List-Unsubscribe-Post",
    )


def test_the_plain_text_of_an_invitation_says_when_and_where_to_click() -> None:
    broken = check_message(a_letter(text="See you soon", calendar=CALENDAR, method="REQUEST"))
    assert broken == (
        "MIME-05: the plain text does not name 8 October, 18:30",
        "MIME-05: the plain text has no link",
    )


GOOD = a_letter(calendar=CALENDAR, method="REQUEST", answers="<1@elm.example>")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"\r\nTo:", b"\nTo:", "MIME-01"),
        (b"Subject: Your", b"Subject: " + b"x" * 1000, "MIME-01"),
        (b"Subject: Your", "Subject: Yöur".encode(), "MIME-04"),
        (b"text/html", b"text/plain", "MIME-02"),
        (b'method="REQUEST"', b'method="CANCEL"', "ICS-05"),
        (b"To: Kit Thomas", b"To: ben@example.org, Kit Thomas", "HDR-07"),
        (b"To: Kit Thomas", b"Cc: ben@example.org\r\nTo: Kit Thomas", "HDR-07"),
        (b"To: Kit Thomas <kit@", b"To: Kit Thomas <ben@", "ICS-11"),
        (b"Date:", b"Date: Tue, 01 Sep 2026 09:00:00 +0000\r\nDate:", "HDR-01"),
        (b"Subject: Your practice sessions", b"Subject: ", "HDR-01"),
        (b"Message-ID: <2@elm.example>", b"Message-ID: <2@ash.example>", "HDR-02"),
        (b"References: <1@elm.example>\r\n", b"", "HDR-03"),
        (b"auto-generated", b"no", "HDR-04"),
        (b"practice@elm.example>", b"practice@ash.example>", "HDR-06"),
    ],
)
def test_each_broken_rule_is_named(old: bytes, new: bytes, rule: str) -> None:
    assert old in GOOD
    assert rule in {sentence.partition(":")[0] for sentence in check_message(GOOD.replace(old, new, 1))}


def test_a_file_that_differs_from_the_calendar_part_is_noticed() -> None:
    head, mark, tail = GOOD.rpartition(b"QkVHSU46VkNBTEVOREFSDQpWRVJTSU9OOjIuMA0K")
    assert "MIME-06: the file is not the same bytes as the calendar part" in check_message(
        head + mark.replace(b"MA0K", b"MQ0K") + tail
    )
