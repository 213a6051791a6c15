"""Replies as eight calendars send them: the shape of each is what is publicly known of it, the words are ours."""

import re
from base64 import encodebytes
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

STAMP = datetime(2026, 10, 7, 11, 0, tzinfo=UTC)
STARTS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
WORDS = {"ACCEPTED": "Accepted", "DECLINED": "Declined", "TENTATIVE": "Tentative"}


@dataclass(frozen=True)
class Says:
    """What one person's calendar is to say, whichever calendar it is."""

    uid: str
    to: str  # the seat's reply address
    attendee: str = "amara@example.com"
    answer: str = "ACCEPTED"
    stamp: datetime = STAMP
    sequence: int = 0
    counter: bool = False
    proposes: datetime = STARTS + timedelta(hours=1)

    @property
    def method(self) -> str:
        return "COUNTER" if self.counter else "REPLY"

    @property
    def stamped(self) -> str:
        return z(self.stamp)

    @property
    def starts(self) -> datetime:
        return self.proposes if self.counter else STARTS


def z(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def ics(*lines: str, fold: int = 75) -> str:
    """Lines as a calendar, folded the way RFC 5545 asks."""
    whole = []
    for line in lines:
        pieces = [line[:fold], *(line[n : n + fold - 1] for n in range(fold, len(line), fold - 1))]
        whole.append("\r\n ".join(pieces))
    return "\r\n".join(whole) + "\r\n"


def head(says: Says, *more: str, subject: str = "") -> str:
    return "\r\n".join(
        [
            f"From: {says.attendee}",
            f"To: {says.to}",
            f"Subject: {subject or WORDS.get(says.answer, 'Reply')}: Practice session",
            f"Message-ID: <{says.answer}-{says.stamped}-{says.sequence}@calendar.example>",
            "Date: Wed, 07 Oct 2026 11:00:00 +0000",
            "MIME-Version: 1.0",
            *more,
        ]
    )


def base64_part(kind: str, text: str, *more: str) -> str:
    lines = [f"Content-Type: {kind}", *more, "Content-Transfer-Encoding: base64", ""]
    return "\r\n".join(lines) + "\r\n" + encodebytes(text.encode()).decode().replace("\n", "\r\n")


def parts(boundary: str, *pieces: str) -> str:
    return "".join(f"--{boundary}\r\n{piece}\r\n" for piece in pieces) + f"--{boundary}--\r\n"


def plain(words: str) -> str:
    return f'Content-Type: text/plain; charset="UTF-8"\r\n\r\n{words}\r\n'


def event(*lines: str) -> list[str]:
    return ["BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]


def google(says: Says) -> bytes:
    """Alternatives within a mixed message, the calendar in base64, and again as a file; calls itself automatic."""
    calendar = ics(
        "BEGIN:VCALENDAR",
        "PRODID:-//Google Inc//Google Calendar 70.9054//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        f"METHOD:{says.method}",
        *event(
            f"DTSTART:{z(says.starts)}",
            f"DTEND:{z(says.starts + timedelta(hours=2))}",
            f"DTSTAMP:{says.stamped}",
            f"ORGANIZER;CN=Elm House:mailto:{says.to}",
            f"UID:{says.uid}",
            f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={says.answer};CN={says.attendee};"
            f"X-NUM-GUESTS=0:mailto:{says.attendee}",
            "CREATED:20260901T090000Z",
            "DESCRIPTION:18:45 Counsellor\\n19:20 Client",
            "LAST-MODIFIED:20261007T110000Z",
            f"SEQUENCE:{says.sequence}",
            "STATUS:CONFIRMED",
            "SUMMARY:Practice session",
            "TRANSP:OPAQUE",
        ),
    )
    inner = parts(
        "000b",
        plain("Amara has answered."),
        base64_part(f'text/calendar; charset="UTF-8"; method={says.method}', calendar),
    )
    outer = parts(
        "000a",
        f'Content-Type: multipart/alternative; boundary="000b"\r\n\r\n{inner}',
        base64_part(
            'application/ics; name="invite.ics"', calendar, 'Content-Disposition: attachment; filename="invite.ics"'
        ),
    )
    lines = ("Auto-Submitted: auto-generated", 'Content-Type: multipart/mixed; boundary="000a"')
    return f"{head(says, *lines)}\r\n\r\n{outer}".encode()


def exchange(says: Says) -> bytes:
    """No organiser at all, Windows zones, several parameters in capitals, a mailbox's main address."""
    local = (says.starts + timedelta(hours=1)).strftime("%Y%m%dT%H%M%S")
    calendar = ics(
        "BEGIN:VCALENDAR",
        f"METHOD:{says.method}",
        "PRODID:Microsoft Exchange Server 2010",
        "VERSION:2.0",
        "BEGIN:VTIMEZONE",
        "TZID:GMT Standard Time",
        "BEGIN:STANDARD",
        "DTSTART:16010101T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
        "END:STANDARD",
        "END:VTIMEZONE",
        *event(
            f"ATTENDEE;PARTSTAT={says.answer};CN=Amara Okafor:mailto:{says.attendee}",
            "COMMENT;LANGUAGE=en-GB:\\n",
            f"UID:{says.uid}",
            "SUMMARY;LANGUAGE=en-GB:Accepted: Practice session",
            f"DTSTART;TZID=GMT Standard Time:{local}",
            "DURATION:PT2H",
            "CLASS:PUBLIC",
            "PRIORITY:5",
            f"DTSTAMP:{says.stamped}",
            "TRANSP:OPAQUE",
            "STATUS:CONFIRMED",
            f"SEQUENCE:{says.sequence}",
            "X-MICROSOFT-CDO-APPT-SEQUENCE:0",
            "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
        ),
    )
    body = parts("_000_", plain(""), base64_part(f'text/calendar; charset="utf-8"; method={says.method}', calendar))
    lines = (
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        'Content-Type: multipart/alternative;\r\n\tboundary="_000_"',
    )
    return f"{head(says, *lines)}\r\n\r\n{body}".encode()


def apple(says: Says) -> bytes:
    """An internal address as the attendee with the e-mail address as a parameter; quoted-printable; names a zone."""
    local = (says.starts + timedelta(hours=1)).strftime("%Y%m%dT%H%M%S")
    calendar = ics(
        "BEGIN:VCALENDAR",
        "CALSCALE:GREGORIAN",
        f"METHOD:{says.method}",
        "PRODID:-//Apple Inc.//macOS 15.0//EN",
        "VERSION:2.0",
        *event(
            f'ATTENDEE;CN="Okafor; Amara";CUTYPE=INDIVIDUAL;EMAIL="{says.attendee}";PARTSTAT={says.answer}'
            ":/aMTIzNDU2Nzg5MDEyMzQ1/principal/",
            f"DTSTART;TZID=Europe/London:{local}",
            f"DTSTAMP:{says.stamped}",
            f'ORGANIZER;CN="Elm House";EMAIL="{says.to}":mailto:{says.to}',
            f"SEQUENCE:{says.sequence}",
            f"UID:{says.uid}",
        ),
    )
    kind = f"Content-Type: text/calendar;\r\n\tmethod={says.method};\r\n\tcharset=utf-8\r\n"
    inner = parts("Apple-2", plain("Amara"), f"{kind}Content-Transfer-Encoding: quoted-printable\r\n\r\n{qp(calendar)}")
    return f"{head(says, 'Content-Type: multipart/alternative; boundary=Apple-2')}\r\n\r\n{inner}".encode()


def qp(text: str) -> str:
    """Quoted-printable, every line ending written out, soft breaks that never cut an escape."""
    tokens = re.findall(r"=[0-9A-F]{2}|[^=]", text.replace("=", "=3D").replace("\r", "=0D").replace("\n", "=0A"))
    lines, line = [], ""
    for token in tokens:
        if len(line) + len(token) > 74:
            lines.append(line + "=")
            line = ""
        line += token
    return "\r\n".join([*lines, line]) + "\r\n"


def thunderbird(says: Says) -> bytes:
    """A mixed message with the calendar in 8 bit, the method in the calendar and on the part; names in UTF-8."""
    calendar = ics(
        "BEGIN:VCALENDAR",
        "PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN",
        "VERSION:2.0",
        f"METHOD:{says.method}",
        *event(
            f"DTSTAMP:{says.stamped}",
            f"UID:{says.uid}",
            "SUMMARY:Practice session",
            f"ORGANIZER;CN=Elm House:mailto:{says.to}",
            f"ATTENDEE;CN=Amára Okáfor;RSVP=TRUE;PARTSTAT={says.answer};ROLE=REQ-PARTICIPANT:mailto:{says.attendee}",
            f"DTSTART:{z(says.starts)}",
            f"DTEND:{z(says.starts + timedelta(hours=2))}",
            f"SEQUENCE:{says.sequence}",
        ),
    )
    body = parts(
        "------------x7",
        plain("Amára hat die Einladung beantwortet."),
        f"Content-Type: text/calendar; method={says.method}; charset=UTF-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{calendar}",
    )
    kind = 'Content-Type: multipart/mixed; boundary="------------x7"'
    return f"{head(says, kind)}\r\n\r\n{body}".encode()


def evolution(says: Says) -> bytes:
    """The whole message is the calendar; its zone has the library's path in front; bare line feeds."""
    local = (says.starts + timedelta(hours=1)).strftime("%Y%m%dT%H%M%S")
    zone = "/freeassociation.sourceforge.net/Europe/London"
    calendar = ics(
        "BEGIN:VCALENDAR",
        "CALSCALE:GREGORIAN",
        "PRODID:-//Ximian//NONSGML Evolution Calendar//EN",
        "VERSION:2.0",
        f"METHOD:{says.method}",
        *event(
            f"UID:{says.uid}",
            f"DTSTAMP:{says.stamped}",
            f"DTSTART;TZID={zone}:{local}",
            f"SEQUENCE:{says.sequence}",
            f"ORGANIZER;CN=Elm House:MAILTO:{says.to}",
            f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={says.answer};RSVP=TRUE;LANGUAGE=en:MAILTO:{says.attendee}",
        ),
    )
    kind = f'Content-Type: text/calendar; name="meeting.ics"; charset=utf-8; METHOD={says.method}'
    return f"{head(says, kind, 'Content-Transfer-Encoding: 8bit')}\r\n\r\n{calendar}".replace("\r\n", "\n").encode()


def nextcloud(says: Says) -> bytes:
    """sabre: an attachment without a method of its own on the part; the method stands in the calendar alone."""
    calendar = ics(
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Sabre//Sabre VObject 4.5.4//EN",
        "CALSCALE:GREGORIAN",
        f"METHOD:{says.method}",
        *event(
            f"UID:{says.uid}",
            f"DTSTAMP:{says.stamped}",
            f"SEQUENCE:{says.sequence}",
            f"DTSTART:{z(says.starts)}",
            f"DTEND:{z(says.starts + timedelta(hours=2))}",
            "SUMMARY:Practice session",
            f"ORGANIZER;CN=Elm House:mailto:{says.to}",
            f"ATTENDEE;PARTSTAT={says.answer};CN=Amara Okafor:mailto:{says.attendee}",
            "REQUEST-STATUS:2.0;Success",
        ),
    )
    body = parts(
        "_=_nc",
        plain("Amara has answered your invitation."),
        base64_part(
            'application/octet-stream; name="event.ics"',
            calendar,
            'Content-Disposition: attachment; filename="event.ics"',
        ),
    )
    return f"{head(says, 'Content-Type: multipart/mixed; boundary=_=_nc')}\r\n\r\n{body}".encode()


def zimbra(says: Says) -> bytes:
    """Sent on behalf, an attendee with several words in quotes; SOGo writes much the same."""
    calendar = ics(
        "BEGIN:VCALENDAR",
        "PRODID:Zimbra-Calendar-Provider",
        "VERSION:2.0",
        f"METHOD:{says.method}",
        *event(
            f"UID:{says.uid}",
            "SUMMARY:Accept: Practice session",
            f'ATTENDEE;CN="Okafor, Amara: at work";ROLE=REQ-PARTICIPANT;PARTSTAT={says.answer}:mailto:{says.attendee}',
            f'ORGANIZER;CN="Elm House";SENT-BY="mailto:office@elmhouse.example":mailto:{says.to}',
            f'DTSTART;TZID="Europe/London":{(says.starts + timedelta(hours=1)).strftime("%Y%m%dT%H%M%S")}',
            "CLASS:PUBLIC",
            f"SEQUENCE:{says.sequence}",
            f"DTSTAMP:{says.stamped}",
        ),
    )
    body = parts(
        "=_z",
        plain("Yes, I will attend."),
        f"Content-Type: text/calendar; charset=utf-8; method={says.method}; name=meeting.ics\r\n"
        f"Content-Transfer-Encoding: 7bit\r\n\r\n{calendar}",
    )
    kind = 'Content-Type: multipart/alternative; boundary="=_z"'
    return f"{head(says, kind)}\r\n\r\n{body}".encode()


def fastmail(says: Says) -> bytes:
    """Cyrus: says that it answers by itself, several attendees, only theirs with an answer."""
    calendar = ics(
        "BEGIN:VCALENDAR",
        "PRODID:-//CyrusIMAP.org//Cyrus 3.11//EN",
        "VERSION:2.0",
        f"METHOD:{says.method}",
        *event(
            f"UID:{says.uid}",
            f"DTSTAMP:{says.stamped}",
            f"DTSTART:{z(says.starts)}",
            f"SEQUENCE:{says.sequence}",
            f"ORGANIZER:mailto:{says.to}",
            "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:somebody.else@example.com",
            f"ATTENDEE;PARTSTAT={says.answer}:mailto:{says.attendee}",
        ),
    )
    lines = ("Auto-Submitted: auto-generated", f"Content-Type: text/calendar; method={says.method}; charset=utf-8")
    encoded = encodebytes(calendar.encode()).decode()
    return f"{head(says, *lines)}\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}".encode()


CALENDARS = (google, exchange, apple, thunderbird, evolution, nextcloud, zimbra, fastmail)


def bounce(
    *, to: str, recipient: str, message_id: str = "", status: str = "5.1.1", action: str = "failed", whole: bool = True
) -> bytes:
    """A report as Postfix writes it (RFC 3464); `whole`: with the letter enclosed, or its headers only."""
    returned = f"From: practice@elmhouse.example\r\nMessage-ID: {message_id}\r\nSubject: Practice\r\n\r\nHello\r\n"
    body = parts(
        "b/mx",
        plain("I'm sorry to have to inform you that your message could not be delivered."),
        "Content-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.org\r\nArrival-Date: Wed, 7 Oct 2026 12:00:00 +0000\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nOriginal-Recipient: rfc822;{recipient}\r\nAction: {action}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; 550 {status} no such person\r\n",
        f"Content-Type: {'message/rfc822' if whole else 'text/rfc822-headers'}\r\n\r\n{returned}",
    )
    return (
        f"From: MAILER-DAEMON@mx.example.org\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="b/mx"\r\n\r\n{body}'
    ).encode()


def out_of_office(*, to: str) -> bytes:
    return (
        f"From: amara@example.com\r\nTo: {to}\r\nSubject: Away\r\nAuto-Submitted: auto-replied (vacation)\r\n"
        "Precedence: bulk\r\n\r\nI'm away until Monday.\r\n"
    ).encode()
