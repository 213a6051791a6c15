"""The command `threefold` as an operator meets it: what it does, and what it says when something is wrong."""

import asyncio
import html
import os
import re
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from click.testing import CliRunner, Result
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.builders import a_person, an_id
from tests.house import House
from tests.mail.server import Mailbox, mail_server
from tests.mail.test_courier import a_letter
from threefold.app import build_app
from threefold.cli import main
from threefold.core.reply import reply_address
from threefold.settings import from_environment
from threefold.store.engine import Store
from threefold.store.tables import Person

SAFE = {
    "THREEFOLD_BASE_URL": "https://practice.example.org",
    "THREEFOLD_SECRET": "a-secret-for-tests-only-0123456789abcdef",
    "THREEFOLD_SMTP_URL": "smtp://127.0.0.1:9",
    "THREEFOLD_SENDER": "practice@example.org",
}
Variables = dict[str, str]


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def installed(sqlite_template: Path, tmp_path: Path) -> Variables:
    """The variables of an installation whose database is up to date."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "threefold.db").write_bytes(sqlite_template.read_bytes())
    return {**SAFE, "THREEFOLD_DATA_FOLDER": str(folder)}


def threefold(*words: str, **variables: str) -> Result:
    """The command in this process, with these THREEFOLD_* variables and no others."""
    inherited = {name: None for name in os.environ if name.startswith("THREEFOLD_")}
    done = CliRunner().invoke(main, words, env={**inherited, **variables})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def told(done: Result) -> list[str]:
    """What a command that gave up said, a sentence a line."""
    assert (done.exit_code, done.stdout) == (1, "")
    return done.stderr.splitlines()


def findings(done: Result) -> list[str]:
    """What `check` found, below its list of settings."""
    return done.stdout.partition("\n\n")[2].splitlines()


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = Store.open(url)
    yield store
    store.close_now()


def people(db: Session) -> int:
    """How many there are."""
    return db.scalar(select(func.count(Person.id))) or 0


# --- the first tutor ------------------------------------------------------------------------------------------


async def test_from_nothing_to_the_first_tutor_signed_in(tmp_path: Path) -> None:
    variables = {**SAFE, "THREEFOLD_DATA_FOLDER": str(tmp_path)}
    for _ in range(2):
        assert threefold("migrate", **variables).stdout == "The database is up to date.\n"
    made = threefold("create-tutor", "Marion@Example.org", "--name", "Marion Shaw", **variables)
    assert made.exit_code == 0
    said, link = made.stdout.splitlines()
    assert said == "Marion@Example.org may set up cohorts. This link signs them in once, until tomorrow:"
    assert link.startswith("https://practice.example.org/sign-in/link/")

    settings = from_environment(variables)
    house = House(app=None, store=Store.open(settings.database), settings=settings)  # type: ignore[arg-type] # set below
    house.app = build_app(settings, house.store)
    async with house._stack:
        browser = await house.visitor(origin="https://practice.example.org")
        page = await browser.get(link)
        assert "Sign in as Marion" in html.unescape(page.text)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        signed_in = await browser.post(link, data=fields)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/cohorts")
        assert "No cohorts yet" in (await browser.get("/cohorts")).text
        somebody_else = await house.visitor(origin="https://practice.example.org")
        assert "Sign in as" not in (await somebody_else.get(link)).text
    await house.store.close()


def test_creating_a_tutor_again_keeps_one_person(installed: Variables) -> None:
    for address in ("marion@example.org", "MARION@example.org"):
        assert threefold("create-tutor", address, **installed).exit_code == 0
    with opened(from_environment(installed).database) as store:
        assert store.read_now(people) == 1


def test_an_address_that_is_none_is_told_in_words(installed: Variables) -> None:
    (sentence,) = told(threefold("create-tutor", "marion-at-example", **installed))
    assert "address" in sentence


# --- who reads concerns ---------------------------------------------------------------------------------------


def test_who_reads_concerns_is_named_and_ended_and_check_says_when_nobody_does(installed: Variables) -> None:
    nobody = "Concerns: Nobody reads what people are worried about. Name two: `threefold concern-reader EMAIL`."
    assert findings(threefold("check", **installed))[-1] == nobody
    assert told(threefold("concern-reader", "marion@example.org", **installed)) == [
        "Nobody here has this address. They have to be known here first, as a tutor, say."
    ]
    assert threefold("create-tutor", "marion@example.org", **installed).exit_code == 0
    for _ in range(2):
        named = threefold("concern-reader", "Marion@Example.org", **installed)
        assert (named.exit_code, named.stdout) == (0, "Marion@Example.org reads concerns.\n")
    assert findings(threefold("check", **installed))[-1] == "Concerns: all is well."
    ended = threefold("concern-reader", "marion@example.org", "--end", **installed)
    assert ended.stdout.splitlines() == [
        "marion@example.org no longer reads concerns.",
        "Nobody reads concerns now: people are shown whom to call, and no form.",
    ]
    assert told(threefold("concern-reader", "marion@example.org", "--end", **installed)) == [
        "marion@example.org does not read concerns."
    ]
    assert findings(threefold("check", **installed))[-1] == nobody


def test_without_a_database_the_next_step_is_named(tmp_path: Path) -> None:
    variables = {**SAFE, "THREEFOLD_DATA_FOLDER": str(tmp_path / "data")}
    assert told(threefold("create-tutor", "marion@example.org", **variables)) == [
        "The database is not up to date. Run `threefold migrate`."
    ]
    assert told(threefold("backup", str(tmp_path / "copy.db"), **variables)) == [
        "There is no database to copy yet. Run `threefold migrate`."
    ]
    assert list(tmp_path.iterdir()) == []


# --- check ----------------------------------------------------------------------------------------------------


async def test_all_is_well(installed: Variables) -> None:
    assert threefold("create-tutor", "marion@example.org", **installed).exit_code == 0
    assert threefold("concern-reader", "marion@example.org", **installed).exit_code == 0
    async with mail_server() as box:
        installed["THREEFOLD_SMTP_URL"] = f"smtp://127.0.0.1:{box.port}"
        done = await asyncio.to_thread(threefold, "check", **installed)
    looked_at = ("Settings", "Database", "Mail server", "Signing letters", "Letters", "Concerns")
    assert findings(done) == [f"{what}: all is well." for what in looked_at]
    assert done.exit_code == 0
    assert box.arrived == []


def test_every_setting_is_listed_with_its_sentence_and_no_secret(installed: Variables) -> None:
    said = threefold("check", **{**installed, "THREEFOLD_CENTRE": "Elm [House] :house:"}).stdout
    assert "THREEFOLD_CENTRE: Elm [House] :house:\n    The centre's name, as letters and pages say it." in said
    assert "THREEFOLD_SECRET: set\n" in said
    assert "THREEFOLD_CONTACT: not set\n" in said
    assert installed["THREEFOLD_SECRET"] not in said


def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    done = threefold("check", THREEFOLD_DATA_FOLDER=str(tmp_path), THREEFOLD_SECRET="short")
    assert done.exit_code == 1
    *settings, database, mail, _signing, _letters, _concerns = findings(done)
    assert [line.split()[1] for line in settings] == [
        "THREEFOLD_SECRET", "THREEFOLD_BASE_URL", "THREEFOLD_SMTP_URL", "THREEFOLD_SENDER",
    ]  # fmt: skip
    assert database == "Database: The database is not up to date. Run `threefold migrate`."
    assert mail == "Mail server: THREEFOLD_SMTP_URL is not set, so no letter can leave."


def test_a_mail_server_nobody_answers_at(installed: Variables) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    done = threefold("check", **{**installed, "THREEFOLD_SMTP_URL": f"smtp://127.0.0.1:{port}"})
    assert done.exit_code == 1
    assert findings(done)[2] == (
        f"Mail server: 127.0.0.1, port {port}: the mail server cannot be reached. "
        "THREEFOLD_SMTP_URL says which one it is."
    )


@asynccontextmanager
async def a_guarded_mail_server(word: str) -> AsyncIterator[int]:
    """A mail server that wants a name and this password; its port."""

    def judge(_server: object, _talk: object, _envelope: object, _how: str, given: object) -> AuthResult:
        return AuthResult(success=getattr(given, "password", b"") == word.encode(), handled=False)

    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Mailbox(), authenticator=judge, auth_require_tls=False), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("elm", "all is well."),
        ("oak", "{}: the mail server does not accept the name and password. THREEFOLD_SMTP_URL says which one it is."),
    ],
)
async def test_the_mail_servers_password_is_tried(installed: Variables, word: str, found: str) -> None:
    async with a_guarded_mail_server("elm") as port:
        installed["THREEFOLD_SMTP_URL"] = f"smtp://practice:{word}@127.0.0.1:{port}"
        done = await asyncio.to_thread(threefold, "check", **installed)
    assert findings(done)[2] == f"Mail server: {found.format(f'127.0.0.1, port {port}')}"
    assert word not in done.stdout


def test_a_variable_nobody_knows_is_named_below_the_list_of_those_there_are(installed: Variables) -> None:
    done = threefold("check", **{**installed, "THREEFOLD_SECRT": "x"})
    assert done.exit_code == 1
    assert done.stderr == "THREEFOLD_SECRT is not a setting. Run `threefold check` to see them all.\n"
    assert "THREEFOLD_SECRET: set\n" in done.stdout


# --- refusing to start ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["serve", "work"])
def test_what_is_not_safe_does_not_start_and_every_reason_is_told(command: str, tmp_path: Path) -> None:
    first, *reasons = told(
        threefold(
            command,
            THREEFOLD_DATA_FOLDER=str(tmp_path),
            THREEFOLD_BASE_URL="http://practice.example.org",
            THREEFOLD_SMTP_URL="smtp://mail.example.org:many",
        )
    )
    assert first == "Threefold does not start like this:"
    for reason, words in zip(
        reasons,
        (
            "THREEFOLD_SECRET must be at least 32 characters",
            "THREEFOLD_BASE_URL must start with https://",
            "THREEFOLD_SENDER must be an address of your own domain",
            "The mail server’s URL must look like smtp://host:25",
            "The database is not up to date. Run `threefold migrate`.",
        ),
        strict=True,
    ):
        assert reason.startswith(words)


def test_a_damaged_database_is_left_alone_and_named(installed: Variables) -> None:
    file = Path(installed["THREEFOLD_DATA_FOLDER"]) / "threefold.db"
    file.write_bytes(b"not a database at all" * 400)
    before = file.read_bytes()
    for command in ("serve", "work", "check", "migrate", "backup", "create-tutor"):
        more = {"backup": [str(file.with_name("copy.db"))], "create-tutor": ["marion@example.org"]}.get(command, [])
        done = threefold(command, *more, **installed)
        assert done.exit_code == 1, command
        assert f"{file} is damaged or not a database" in done.stdout + done.stderr, command
        assert "Put the last backup in its place" in done.stdout + done.stderr, command
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["threefold.db"]


def test_a_folder_that_is_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    variables = {**SAFE, "THREEFOLD_DATA_FOLDER": str(tmp_path / "file" / "data")}
    (sentence,) = told(threefold("migrate", **variables))
    assert sentence == f"{tmp_path}/file/data cannot be used: Not a directory."
    assert told(threefold("serve", **variables))[0] == "Threefold does not start like this:"


def test_a_port_that_is_taken_is_told_in_a_sentence(installed: Variables) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = f"Port {port} on 127.0.0.1 is taken by another program. Choose another with"
        assert told(threefold("serve", **{**installed, "THREEFOLD_PORT": port})) == [f"{sentence} THREEFOLD_PORT."]
        assert told(threefold("demo", "--port", port)) == [f"{sentence} --port."]


# --- backup ---------------------------------------------------------------------------------------------------


async def test_a_backup_is_whole_while_people_go_on_writing(installed: Variables, tmp_path: Path) -> None:
    copy, writing, before = tmp_path / "copy.db", threading.Event(), 40
    store = Store.open(from_environment(installed).database)
    for number in range(before):
        await a_person(store, f"Trainee {number}")

    async def go_on() -> int:
        written = before
        while not writing.is_set():
            await a_person(store, f"Trainee {written}")
            written += 1
        return written

    going_on = asyncio.create_task(go_on())
    done = await asyncio.to_thread(threefold, "backup", str(copy), **installed)
    writing.set()
    written = await going_on
    assert (done.exit_code, done.stdout) == (0, f"Copied to {copy}.\n")
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert await store.read(people) == written
    await store.close()
    with opened(f"sqlite:///{copy}") as restored:
        assert before <= restored.read_now(people) <= written


def test_a_backup_that_has_nowhere_to_go_is_told_in_a_sentence(installed: Variables, tmp_path: Path) -> None:
    (sentence,) = told(threefold("backup", str(tmp_path / "nowhere" / "copy.db"), **installed))
    assert sentence.endswith("cannot be used: No such file or directory.")


# --- running --------------------------------------------------------------------------------------------------


@contextmanager
def running(*words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own; killed at the end if it is still there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THREEFOLD_")}
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "threefold", *words],
        env={**kept, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def eventually(holds: Callable[[], object]) -> None:
    """Wait until `holds()` is true."""
    for _ in range(1200):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")


@pytest.mark.heavy
async def test_the_demo_shows_its_links_once_it_is_ready_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running("demo", "--port", "0", TMPDIR=str(tmp_path)) as process:
        assert process.stdout is not None
        shown: dict[str, str] = {}
        for line in process.stdout:
            name, _, address = line.strip().partition("  ")
            shown |= {name: address.strip()} if address.strip().startswith("http://127.0.0.1:") else {}
            if line.endswith("Press Ctrl+C to stop.\n"):
                break
        assert list(shown) == ["open", "tutor", "trainee", "observer", "outbox"]
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(f"{shown['open']}/health/ready")).json() == {"status": "ready"}
            assert "Sign in as Marion" in html.unescape((await browser.get(shown["tutor"])).text)
            await eventually(lambda: len(list(tmp_path.glob("threefold-demo-*/*/outbox/*.eml"))) > 14)
            outbox = await browser.get(shown["outbox"])
            assert (outbox.status_code, "@example.com" in outbox.text) == (200, True)
        process.send_signal(signal.SIGTERM)
        ended = await asyncio.to_thread(process.communicate, timeout=30)
        assert (process.returncode, ended) == (0, ("", ""))
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - a folder of nothing, looked at once


async def test_the_courier_alone_delivers_what_waits_and_stops_when_asked(installed: Variables) -> None:
    store = Store.open(from_environment(installed).database)
    letter = await a_letter(store, "Your dates", due=datetime.now(UTC) - timedelta(minutes=1))
    await store.close()
    async with mail_server() as box:
        with running("work", **{**installed, "THREEFOLD_SMTP_URL": f"smtp://127.0.0.1:{box.port}"}) as process:
            await eventually(lambda: box.arrived)
            process.send_signal(signal.SIGTERM)
            _, logged = await asyncio.to_thread(process.communicate, timeout=30)
    assert box.arrived == [("amara@example.com", letter.message)]
    assert process.returncode == 0
    assert "raised" not in logged
    assert "amara" not in logged


@pytest.mark.heavy
def test_the_courier_takes_in_what_calendars_answer_where_it_is_asked_to(installed: Variables) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told_where = {"THREEFOLD_REPLIES": "yes", "THREEFOLD_INBOUND": f"lmtp://127.0.0.1:{port}"}
    assert threefold("check", **installed, **told_where).stdout.endswith("Calendars’ replies: all is well.\n")
    assert told(threefold("work", "--inbound", **installed)) == [
        "Nothing says where replies come in: set THREEFOLD_INBOUND or THREEFOLD_IMAP_URL."
    ]
    to = reply_address(installed["THREEFOLD_SECRET"], installed["THREEFOLD_SENDER"], an_id())
    with running("work", "--inbound", **installed, **told_where) as process:

        def knock() -> bool:
            try:
                with smtplib.LMTP("127.0.0.1", port, local_hostname="mx.example.org") as client:
                    return client.sendmail("amara@example.com", [to], b"Subject: Yes\r\n\r\nI'll be there.\r\n") == {}
            except ConnectionRefusedError:
                return False

        while not knock():
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "a message was left alone" in logged
    assert to not in logged
