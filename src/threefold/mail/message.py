"""One letter to one person as the bytes that leave: the structure Gmail, Outlook and Apple all take, and its rules.

mixed[ alternative[ plain, html, calendar ], the same calendar as a file ] for an invitation, alternative[ plain,
html ] for a letter. The same arguments always give the same bytes, so a letter sent twice is the same message.
"""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from icalendar import Calendar

from threefold.core.address import ascii_address, email_key
from threefold.core.slots import MONTHS
from threefold.mail.calendar_rules import check

POLICY = SMTP.clone(cte_type="7bit", max_line_length=76)
# The same, with each header read once: asking a part for its type reads the header anew every time otherwise, which
# made the check of an invitation four times as dear.
READING = POLICY.clone(header_factory=lru_cache(maxsize=256)(HeaderRegistry()))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHORT = 66  # characters of a header that still stand on one line with its name
_WORD_OCTETS = 39  # in base64 and its marks 64 characters
_ADDRESS = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.-]+")
_MESSAGE_ID = re.compile(r"<[^\s<>@]+@[^\s<>@]+>")
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type")
_AT_MOST_ONCE = ("Reply-To", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post", "Sender")


def compose(
    *,
    sender_name: str,
    sender: str,
    recipient_name: str,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    message_id: str,
    date: datetime,
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
    calendar: bytes | None = None,
    method: str | None = None,
    reply_to: str | None = None,
    list_unsubscribe: str | None = None,
) -> bytes:
    """The whole message. Message-IDs come with their angle brackets; `calendar` needs its `method`.

    `references` are the thread's earlier Message-IDs, oldest first; `in_reply_to` joins them by itself.
    `list_unsubscribe` is an https address that takes RFC 8058's one-click POST.
    Raises ValueError for a control character in a header, an address beyond ASCII before its @, and a calendar
    without its method.
    """
    if (calendar is None) != (method is None):
        raise ValueError("a calendar part and its method come together")
    headers = {
        "From": _mailbox(sender_name, sender),
        "To": _mailbox(recipient_name, recipient),
        "Reply-To": _mailbox("", reply_to) if reply_to else "",
        "Subject": _encoded(_header(subject)),
        "Date": format_datetime(date.astimezone(UTC)),
        "Message-ID": _id(message_id),
        "In-Reply-To": _id(in_reply_to) if in_reply_to else "",
        "References": "\r\n ".join(map(_id, dict.fromkeys([*references, *filter(None, [in_reply_to])]))),
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{_header(list_unsubscribe)}>" if list_unsubscribe else "",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if list_unsubscribe else "",
    }
    message = EmailMessage(policy=POLICY)
    message.set_content(_lines(text), cte="quoted-printable")
    message.add_alternative(_lines(html), subtype="html", cte="quoted-printable")
    if calendar is not None and method is not None:
        message.add_alternative(
            calendar, maintype="text", subtype="calendar", params={"method": method, "charset": "utf-8"}
        )
        del list(message.iter_parts())[-1]["Content-Disposition"]
        message.add_attachment(
            calendar, maintype="application", subtype="ics", filename="invite.ics", params={"name": "invite.ics"}
        )
    mark = sha256(message_id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{mark}_{number}")  # "=_" stands in no base64 and no quoted-printable line
    # Headers are written here and not by EmailMessage, whose folding has lost marks of long foreign names before.
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return head.encode("ascii") + message.as_bytes()


def _header(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("a header holds a line break or a control character")
    return value


def _id(value: str) -> str:
    if not _MESSAGE_ID.fullmatch(_header(value)) or not value.isascii():
        raise ValueError(f"{value!r} is no Message-ID")
    return value


def _mailbox(name: str, address: str) -> str:
    """A person as a header has them: any name, an ASCII address (a foreign domain in punycode)."""
    name, address = _header(name), ascii_address(_header(address))
    if not _ADDRESS.fullmatch(address):
        raise ValueError("no address, or one beyond ASCII before its @, which needs SMTPUTF8 all the way")
    if not name:
        return address
    if name.isascii() and len(name) < _SHORT and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>' if re.search(r"[^\w ]", name) else f"{name} <{address}>"
    return f"{_words(name)}\r\n <{address}>"


def _encoded(text: str) -> str:
    return text if text.isascii() and len(text) < _SHORT and "=?" not in text else _words(text)


def _words(text: str) -> str:
    """RFC 2047 encoded words, each of whole characters and short enough for its line."""
    chunks = [b""]
    for character in text:
        encoded = character.encode()
        if len(chunks[-1]) + len(encoded) > _WORD_OCTETS:
            chunks.append(b"")
        chunks[-1] += encoded
    return "\r\n ".join(f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in chunks)


def _lines(text: str) -> str:
    """Text with CRLF and without lone surrogates, which no encoding carries."""
    text = re.sub(r"\r\n?", "\n", re.sub("[\x00\ud800-\udfff]", "", text))
    return text if text.endswith("\n") else text + "\n"


def check_message(data: bytes) -> tuple[str, ...]:
    """Every rule the bytes break, in words, those of its calendar part included; nothing when all is well."""
    message = BytesParser(_class=EmailMessage, policy=READING).parsebytes(data)
    return (
        *_on_bytes(data),
        *_on_headers(message),
        *_on_thread(message),
        *_on_structure(message),
        *_on_calendar(message),
    )


def _on_bytes(data: bytes) -> Iterator[str]:
    if b"\n" in (rest := data.replace(b"\r\n", b"")) or b"\r" in rest:
        yield "MIME-01: lines end with CRLF, all of them"
    if not data.isascii() or b"\x00" in data:
        yield "MIME-04: the message is not seven-bit"
    if max(map(len, data.split(b"\r\n"))) > 998:
        yield "MIME-01: a line is longer than 998 octets"


def _on_headers(message: EmailMessage) -> Iterator[str]:
    counts = Counter(name.lower() for name in message.keys())  # noqa: SIM118 - a header that stands twice counts twice
    for name in _ONCE:
        if counts[name.lower()] != 1:
            yield f"HDR-01: {name} stands {counts[name.lower()]} times, not once"
    for name in _AT_MOST_ONCE:
        if counts[name.lower()] > 1:
            yield f"HDR-01: {name} stands {counts[name.lower()]} times"
    for name in ("Cc", "Bcc"):
        if counts[name.lower()]:
            yield f"HDR-07: {name}: a letter goes to one person"
    senders, recipients = _addresses(message, "From"), _addresses(message, "To")
    if len(senders) != 1 or len(recipients) != 1:
        yield f"HDR-07: from one to one, not from {len(senders)} to {len(recipients)}"
    if message["Auto-Submitted"] != "auto-generated":
        yield "HDR-04: Auto-Submitted says auto-generated"
    if not str(message["Subject"] or "").strip():
        yield "HDR-01: the Subject is empty"


def _on_thread(message: EmailMessage) -> Iterator[str]:
    senders = _addresses(message, "From")
    message_id = str(message["Message-ID"] or "").strip()
    domain = message_id.rpartition("@")[2].rstrip(">")
    if not _MESSAGE_ID.fullmatch(message_id) or [domain] != [sender.rpartition("@")[2] for sender in senders]:
        yield "HDR-02: the Message-ID is not one under the sender's domain"
    answered = str(message["In-Reply-To"] or "").split()
    if not set(answered) <= set(str(message["References"] or "").split()):
        yield "HDR-03: In-Reply-To is not among the References"
    unsubscribe = str(message["List-Unsubscribe"] or "")
    if unsubscribe and not (unsubscribe.startswith("<https://") and message["List-Unsubscribe-Post"]):
        yield "HDR-09: List-Unsubscribe is one https address, with List-Unsubscribe-Post"


def _on_structure(message: EmailMessage) -> Iterator[str]:
    for part in message.walk():
        if part.defects:
            yield f"MIME-01: {part.get_content_type()} has {', '.join(map(repr, part.defects))}"
    shape = _shape(message)
    letter = "alternative[text/plain text/html]"
    invitation = "mixed[alternative[text/plain text/html text/calendar] application/ics]"
    if shape not in {letter, invitation}:
        yield f"MIME-02: the parts are {shape}"
    for text in _texts(message):
        if not text.get_content().strip():
            yield f"MIME-05: {text.get_content_type()} is empty"
        if text.get_param("charset") != "utf-8":
            yield f"MIME-03: {text.get_content_type()} is not said to be utf-8"


def _on_calendar(message: EmailMessage) -> Iterator[str]:
    calendars = [part for part in _texts(message) if part.get_content_subtype() == "calendar"]
    for part in calendars[:1]:
        data = part.get_payload(decode=True)
        files = [other.get_payload(decode=True) for other in message.iter_attachments()]
        if not isinstance(data, bytes) or files != [data]:
            yield "MIME-06: the file is not the same bytes as the calendar part"
            return
        method = str(part.get_param("method") or "")
        yield from check(data, method, "".join(_addresses(message, "To")))
        yield from _on_invitation(message, data)


def _on_invitation(message: EmailMessage, data: bytes) -> Iterator[str]:
    event = Calendar.from_ical(data).events[0]
    organizer = str(event.get("organizer", "")).rpartition("@")[2]
    if [organizer] != [sender.rpartition("@")[2] for sender in _addresses(message, "From")]:
        yield "HDR-06: the organiser is not of the sender's domain"
    plain = message.get_body(("plain",))
    words = plain.get_content() if plain else ""
    begins = event.start
    # In UTC, only the text knows the place; the library has more than one UTC, which are not equal.
    if isinstance(begins, datetime) and str(begins.tzinfo) not in {"None", "UTC"}:
        day = f"{begins.day} {MONTHS[begins.month - 1]}"
        if f"{begins:%H:%M}" not in words or day not in words:
            yield f"MIME-05: the plain text does not name {day}, {begins:%H:%M}"
    if not any(urlsplit(word.strip("<>()")).hostname for word in words.split()):
        yield "MIME-05: the plain text has no link"


def _shape(part: EmailMessage | MIMEPart) -> str:
    if not part.is_multipart():
        return part.get_content_type()
    return f"{part.get_content_subtype()}[{' '.join(_shape(inner) for inner in part.iter_parts())}]"


def _texts(message: EmailMessage) -> list[EmailMessage | MIMEPart]:
    return [part for part in message.walk() if part.get_content_maintype() == "text"]


def _addresses(message: EmailMessage, header: str) -> list[str]:
    return [email_key(address.addr_spec) for value in message.get_all(header, ()) for address in value.addresses]
