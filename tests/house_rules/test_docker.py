"""What can be checked of docker/ without an engine: the commands, variables and paths it names exist."""

import re
from pathlib import Path

import yaml

from threefold.cli import COMMANDS
from threefold.settings import variables

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"


def test_every_variable_named_there_is_a_setting() -> None:
    known = {name for name, _, _ in variables()}
    for file in DOCKER.iterdir():
        assert set(re.findall(r"THREEFOLD_[A-Z_]+", file.read_text())) <= known, file.name


def test_every_command_named_there_exists() -> None:
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    commands = {s["command"].split()[1] for s in services.values() if "command" in s}
    image = re.findall(r'CMD \["threefold", "([\w-]+)"\]', (DOCKER / "Dockerfile").read_text())
    assert commands | set(image) == {"serve", "work", "migrate"}
    assert commands | set(image) <= set(COMMANDS)


def test_every_path_copied_there_exists() -> None:
    for line in (DOCKER / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source


def test_the_image_runs_as_an_ordinary_user_with_locked_requirements() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    assert "USER threefold" in text
    assert "--require-hashes" in text


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
