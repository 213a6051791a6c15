"""Fetching a calendar from an address: what is there, and nowhere that nobody outside may go, however one is led."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from threefold.availability.calendars import MOST_BYTES, NO_CALENDAR, TOO_BIG
from threefold.availability.fetching import (
    NOBODY_THERE,
    NOT_HTTPS,
    NOT_OURS_TO_ASK,
    TOO_MANY_HOPS,
    TOO_SLOW,
    Reach,
    fetch,
    tidied,
)
from threefold.core.refusal import Refusal

HERE = Reach(this_machine=True, seconds=5)
CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
Answers = Callable[[str], list[bytes | float]]  # what is sent for a path, piece by piece, with pauses in seconds


@asynccontextmanager
async def server(answers: Answers) -> AsyncIterator[tuple[str, list[str]]]:
    """A web server of a few lines on this machine; its address, and the requests it was sent."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append(head)
            for piece in answers(head.split(" ")[1]):
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    writer.write(piece)
                    await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    started = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with started:
        yield f"http://127.0.0.1:{started.sockets[0].getsockname()[1]}", asked


def says(body: bytes, *headers: str, status: str = "200 OK") -> list[bytes | float]:
    return ["\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body]


def no(sentence: str) -> Refusal:
    return Refusal.because(sentence, "address")


@pytest.mark.parametrize(
    "answer",
    [
        says(CALENDAR, f"Content-Length: {len(CALENDAR)}"),
        says(CALENDAR),
        says(b"10;x=y\r\n%b\r\n10\r\n%b\r\n0\r\n\r\n" % (CALENDAR[:16], CALENDAR[16:]), "Transfer-Encoding: chunked"),
    ],
    ids=["by length", "to the end", "in chunks"],
)  # fmt: skip
async def test_what_lies_there_comes_back_however_it_is_sent(answer: list[bytes | float]) -> None:
    async with server(lambda _path: answer) as (address, asked):
        assert await fetch(f"{address}/cal.ics?key=1", HERE) == CALENDAR
        host = address.removeprefix("http://")
        expected = (
            f"GET /cal.ics?key=1 HTTP/1.1\r\nHost: {host}\r\nAccept: text/calendar, */*;q=0.1\r\n"
            "Accept-Encoding: identity\r\nUser-Agent: Threefold\r\nConnection: close\r\n\r\n"
        )
        assert asked == [expected]


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/cal.ics", "https://localhost/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/",
        "https://0/", "https://10.0.0.8/", "https://172.16.3.4/", "https://192.168.1.1/", "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[::]/",
        "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/", "https://[2002:7f00:1::]/", "https://224.0.0.1/",
        "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/", "https://255.255.255.255/",
        "https://192.0.2.1:22/", "https://example.com:8443/",
    ],
)  # fmt: skip
async def test_nothing_that_is_not_public_is_asked(address: str) -> None:
    assert await fetch(address, Reach()) == no(NOT_OURS_TO_ASK)


@pytest.mark.parametrize(
    "address",
    [
        "", "cal", "http://example.com/cal.ics", "ftp://example.com/", "file:///etc/passwd", "https://",
        "//example.com/", "https://name:word@example.com/", "https://example.com/a\r\nX: y", "https://exa mple.com/", "gopher://example.com/",
        "https://example.com/" + "a" * 3000, "https://ex\u00e4mple.com/", "javascript:alert(1)",
    ],
)  # fmt: skip
async def test_only_plain_https_addresses_are_taken(address: str) -> None:
    assert await fetch(address, Reach()) == no(NOT_HTTPS)


async def test_even_where_this_machine_may_be_asked_its_neighbours_may_not() -> None:
    assert await fetch("http://10.0.0.1/", HERE) == no(NOT_OURS_TO_ASK)
    assert await fetch("http://169.254.169.254/", HERE) == no(NOT_OURS_TO_ASK)
    assert await fetch("https://nobody.invalid/", Reach()) == no(NOBODY_THERE)
    assert await fetch("https://example.com:99999/", Reach()) == no(NOBODY_THERE)


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("http://10.0.0.1/", NOT_OURS_TO_ASK),
        ("http://169.254.169.254/latest", NOT_OURS_TO_ASK),
        ("https://192.168.1.1/", NOT_OURS_TO_ASK),
        ("file:///etc/passwd", NOT_HTTPS),
        ("/again", TOO_MANY_HOPS),
    ],
)
async def test_a_redirect_leads_nowhere_that_could_not_have_been_typed(location: str, sentence: str) -> None:
    moved = says(b"", f"Location: {location}", status="302 Found")
    async with server(lambda _path: moved) as (address, asked):
        assert await fetch(f"{address}/", HERE) == no(sentence)
        assert len(asked) == (5 if location == "/again" else 1)


async def test_a_redirect_on_the_way_to_the_calendar_is_followed() -> None:
    there = {"/": says(b"", "Location: /cal.ics", status="301 Moved"), "/cal.ics": says(CALENDAR)}
    async with server(lambda path: there[path]) as (address, _):
        assert await fetch(f"{address}/", HERE) == CALENDAR


async def test_a_name_is_looked_up_once_and_connected_to_where_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers with this machine first and a neighbour next gets its one request, and no second look-up."""
    found = iter(["127.0.0.1", "10.0.0.1"])
    looked: list[str] = []

    async def names(host: str, port: int, **_: Any) -> list[Any]:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(found), port))]

    async with server(lambda _path: says(CALENDAR)) as (address, asked):
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
        port = address.rpartition(":")[2]
        assert await fetch(f"http://twofaced.example:{port}/", HERE) == CALENDAR
        assert (looked, len(asked)) == (["twofaced.example"], 1)
        assert await fetch(f"http://twofaced.example:{port}/", HERE) == no(NOT_OURS_TO_ASK)
        assert len(asked) == 1


async def test_a_name_with_one_private_address_among_public_ones_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def names(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("93.184.216.34", "192.168.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    assert await fetch("https://mixed.example/", Reach()) == no(NOT_OURS_TO_ASK)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (says(b"x", f"Content-Length: {MOST_BYTES + 1}"), TOO_BIG),
        (says(b"x" * (MOST_BYTES + 1)), TOO_BIG),
        (says(b"1e8481\r\n" + b"x" * 10, "Transfer-Encoding: chunked"), TOO_BIG),
        (says(b"-5\r\n", "Transfer-Encoding: chunked"), NOBODY_THERE),
        (says(b"zz\r\n", "Transfer-Encoding: chunked"), NOBODY_THERE),
        (says(b"\x1f\x8b\x08", "Content-Encoding: gzip"), NO_CALENDAR),
        (says(b"short", "Content-Length: 50"), NOBODY_THERE),
        ([b"SSH-2.0-OpenSSH_9.6\r\n\r\n"], NOBODY_THERE),
        ([b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000], NOBODY_THERE),
        ([b""], NOBODY_THERE),
    ],
    ids=["promises", "keeps on", "chunk", "minus", "no number", "packed", "short", "no web", "headers", "silence"],
)  # fmt: skip
async def test_answers_of_no_good_are_refused(answer: list[bytes | float], sentence: str) -> None:
    async with server(lambda _path: answer) as (address, _):
        assert await fetch(f"{address}/", HERE) == no(sentence)


@pytest.mark.parametrize(
    "answer", [[30.0], [b"HTTP/1.1 200 OK\r\n", *[0.05, b"X: y\r\n"] * 600], says(b"") + [0.05, b"x"] * 600],
    ids=["silent", "slow headers", "slow words"],
)  # fmt: skip
async def test_whoever_answers_drop_by_drop_is_not_waited_for(answer: list[bytes | float]) -> None:
    async with server(lambda _path: answer) as (address, _):
        began = time.monotonic()
        assert await fetch(f"{address}/", Reach(this_machine=True, seconds=0.4)) == no(TOO_SLOW)
        assert time.monotonic() - began < 3


async def test_another_answer_is_said_by_its_number() -> None:
    async with server(lambda _path: says(b"", status="404 Not Found")) as (address, _):
        refusal = await fetch(f"{address}/", HERE)
        assert isinstance(refusal, Refusal)
        assert "it answered “404”" in refusal.problems[0].sentence


def test_webcal_is_https_by_another_name() -> None:
    assert tidied(" WebCal://example.com/cal.ics\n") == "https://example.com/cal.ics"
