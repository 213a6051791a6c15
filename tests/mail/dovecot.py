"""A real Dovecot of a test's own: its own folder, on loopback, ended by its own process."""

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

SETTINGS = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{home}/mail
passdb {{
  driver = static
  args = password=wo"rd
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  client_limit = 100
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Holds one mailbox, whoever signs in with the right password."""

    port: int

    @property
    def url(self) -> str:
        return f"imap://practice%40elmhouse.example:wo%22rd@127.0.0.1:{self.port}/Replies"

    def open(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        client.login("practice@elmhouse.example", 'wo"rd')
        client.create("Replies")
        client.select("Replies")
        return client

    def put(self, content: bytes) -> None:
        with self.open() as client:
            client.append("Replies", "", "", content)

    def flags(self) -> list[list[str]]:
        """The flags of each message, in order."""
        with self.open() as client:
            found = client.fetch("1:*", "(FLAGS)")[1]
            flags = [imaplib.ParseFlags(each) for each in found if isinstance(each, bytes)]
            return [sorted(flag.decode() for flag in each if flag != b"\\Recent") for each in flags]


def installed() -> str:
    """Where Dovecot is; without it (or without the right to run it) the test is skipped, or fails where it must be."""
    if DOVECOT and os.geteuid() == 0:
        return DOVECOT
    sentence = (
        "no Dovecot to run: `apt-get install dovecot-imapd`, and run this test as root (its processes change users)"
    )
    if os.environ.get("THREEFOLD_TEST_DOVECOT") == "required":
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    program = installed()
    home = Path(tempfile.mkdtemp(prefix="tf-dovecot-"))  # not below pytest's own folder, which is closed to others
    home.chmod(0o755)
    (home / "mail").mkdir()
    shutil.chown(home / "mail", "mail", "mail")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = home / "dovecot.conf"
    config.write_text(SETTINGS.format(home=home, port=port))
    running = subprocess.Popen([program, "-F", "-c", str(config)])  # noqa: S603 - Debian's own, in a folder of this run
    try:
        for _ in range(200):
            with socket.socket() as knocking:
                if knocking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert running.poll() is None, (home / "log").read_text()
            time.sleep(0.1)
        yield Dovecot(port)
    finally:
        running.terminate()
        running.wait(20)
        shutil.rmtree(home, ignore_errors=True)
