"""What is missing or wrong with an installation, said in words, with what to do about each."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

from aiosmtplib import SMTPException
from sqlalchemy import text

from threefold.concerns.queries import anybody_reads
from threefold.core.reply import LONGEST_SENDER
from threefold.mail.carriers import Held, Later, MailServer, SmtpCarrier
from threefold.mail.claims import stuck
from threefold.mail.dkim import dkim_trouble
from threefold.mail.inbound import BoxAddress, DoorAddress, Mailbox, Unreachable
from threefold.settings import Settings, unsafe
from threefold.store import schema
from threefold.store.engine import Busy, Store, Unusable


def look(settings: Settings) -> Iterator[tuple[str, str]]:
    """(what, trouble) for everything looked at; trouble is "" where all is well."""
    for problem in unsafe(settings) or ("",):
        yield "Settings", problem
    yield "Database", database(settings)
    yield "Mail server", asyncio.run(mail_server(settings))
    yield "Signing letters", dkim_trouble(settings)
    for problem in letters(settings) or ("",):
        yield "Letters", problem
    yield "Concerns", concerns(settings)
    if settings.replies or settings.inbound or settings.imap_url:
        for problem in replies(settings) or (asyncio.run(mailbox(settings)),):
            yield "Calendars’ replies", problem


def database(settings: Settings) -> str:
    """What keeps the database from being used; "" when it answers and is up to date."""
    try:
        if not schema.is_current(settings.database):
            return "The database is not up to date. Run `threefold migrate`."
        store = Store.open(settings.database)
    except (Unusable, Busy) as trouble:
        return str(trouble)
    except OSError as refused:
        return f"{refused.filename} cannot be used: {refused.strerror}. THREEFOLD_DATA_FOLDER says where it lies."
    try:
        store.read_now(lambda db: db.scalar(text("SELECT 1")))
    except Busy as trouble:
        return f"The database does not answer: {trouble}"
    finally:
        store.close_now()
    return ""


async def mail_server(settings: Settings) -> str:
    """Connects, encrypts and signs in as a letter would, and sends nothing."""
    if settings.demo:
        return ""
    if not settings.smtp_url:
        return "THREEFOLD_SMTP_URL is not set, so no letter can leave."
    try:
        server = MailServer.from_url(settings.smtp_url)
    except ValueError as trouble:
        return str(trouble)
    carrier = SmtpCarrier(server)
    try:
        await carrier.greet()
    except (Held, Later, SMTPException) as trouble:
        return f"{server.host}, port {server.port}: {trouble}. THREEFOLD_SMTP_URL says which one it is."
    finally:
        await carrier.close()
    return ""


def letters(settings: Settings) -> tuple[str, ...]:
    """How many letters are stuck, and why; nothing where the database cannot be asked, which is said elsewhere."""
    if database(settings):
        return ()
    store = Store.open(settings.database)
    try:
        late, stopped = store.read_now(lambda db: stuck(db, datetime.now(UTC)))
    finally:
        store.close_now()
    return (
        *(f"{count} due, and still here: {why or 'no courier has taken them'}." for why, count in late),
        *(f"{count} stay here ({why}). Tutors see which, under Letters." for why, count in stopped),
    )


def concerns(settings: Settings) -> str:
    """Whether anybody reads what people are worried about; nothing where the database cannot be asked."""
    if database(settings):
        return ""
    store = Store.open(settings.database)
    try:
        read = store.read_now(anybody_reads)
    finally:
        store.close_now()
    return "" if read else "Nobody reads what people are worried about. Name two: `threefold concern-reader EMAIL`."


def replies(settings: Settings) -> tuple[str, ...]:
    """What keeps calendars’ replies from coming in, as far as the settings tell."""
    problems = []
    for url, read in ((settings.inbound, DoorAddress.from_url), (settings.imap_url, BoxAddress.from_url)):
        try:
            if url:
                read(url)
        except ValueError as unusable:
            problems.append(str(unusable))
    way_in = settings.inbound or settings.imap_url
    if settings.replies and not way_in:
        problems.append(
            "THREEFOLD_REPLIES is on, but nothing takes in what calendars answer: set THREEFOLD_INBOUND or "
            "THREEFOLD_IMAP_URL, and run `threefold work --inbound`."
        )
    if way_in and not settings.replies:
        problems.append("THREEFOLD_REPLIES is off, so that invitations name no address at which replies would come in.")
    if settings.replies and len(settings.sender.rpartition("@")[0]) > LONGEST_SENDER:
        problems.append(
            f"THREEFOLD_SENDER may have {LONGEST_SENDER} letters before its @ where replies are taken: each reply "
            "address is made of it."
        )
    return tuple(problems)


async def mailbox(settings: Settings) -> str:
    """Signs in to the mailbox, if there is one, and opens its folder, changing nothing."""
    if not settings.imap_url:
        return ""

    async def leave(_arrived: object) -> bool:
        return False

    try:
        await Mailbox(BoxAddress.from_url(settings.imap_url), leave, lambda: datetime.now(UTC)).greet()
    except Unreachable as trouble:
        return f"{trouble}. THREEFOLD_IMAP_URL says which one it is."
    return ""
