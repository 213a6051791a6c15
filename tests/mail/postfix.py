"""A real Postfix of a test's own: its own folder, on loopback, ended by its own process."""

import os
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

POSTFIX = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

# Chroots are off: everything lies in a folder of this run.
MASTER = """\
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
"""


@dataclass(frozen=True)
class Postfix:
    """Takes mail on `port` and hands all of it to our door, which takes its own and refuses the rest."""

    port: int
    log: Path

    def send(self, sender: str, to: str, content: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example.org") as client:
            client.sendmail(sender, [to], content)

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


def installed() -> str:
    """Where Postfix is; without it (or without the right to run it) the test is skipped, or fails where it must be."""
    if POSTFIX and os.geteuid() == 0:
        return POSTFIX
    sentence = "no Postfix to run: `apt-get install postfix`, and run this test as root (its processes change users)"
    if os.environ.get("THREEFOLD_TEST_POSTFIX") == "required":
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def postfix(door: int) -> Iterator[Postfix]:
    """One that hands over to the LMTP door on this port of 127.0.0.1."""
    program = installed()
    # Not below pytest's own folder, which is closed to others: its processes run as an ordinary user.
    home = Path(tempfile.mkdtemp(prefix="tf-postfix-"))
    home.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": home / "queue",
        "data_directory": home / "data",
        "maillog_file": home / "log",
        "maillog_file_prefixes": home,
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "myhostname": "mx.example.org",
        "mydestination": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "recipient_delimiter": "+",
        "relay_domains": "elmhouse.example",
        "relay_transport": f"lmtp:inet:127.0.0.1:{door}",
        "default_transport": f"lmtp:inet:127.0.0.1:{door}",  # it knows nobody of any other domain
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "lmtp_destination_recipient_limit": "1",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "1s",
        "queue_run_delay": "1s",
        "notify_classes": "",
        "message_size_limit": "40000000",
        "smtputf8_enable": "no",
    }
    config = home / "config"
    config.mkdir()
    for name in ("queue", "data"):
        (home / name).mkdir()
    shutil.chown(home / "data", "postfix")
    (config / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (config / "master.cf").write_text(MASTER.format(port=f"127.0.0.1:{port}"))
    running = subprocess.Popen(  # noqa: S603 - Debian's own program, in a folder of this run
        [program, "-c", str(config), "start-fg"], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    made = Postfix(port, home / "log")
    try:
        for _ in range(200):
            with socket.socket() as knocking:
                if knocking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert running.poll() is None, made.said()
            time.sleep(0.1)
        yield made
    finally:
        # What was started is a script; the one whose end ends the others has written its number down.
        master = home / "queue" / "pid" / "master.pid"
        if master.exists():
            os.kill(int(master.read_text()), signal.SIGTERM)
        running.wait(20)
        shutil.rmtree(home, ignore_errors=True)
