"""The command `threefold`: its commands by name, each loaded when it is asked for, so that every one starts soon."""

import gc
from importlib import import_module
from typing import cast

import click

COMMANDS = {
    "demo": "demonstration:demo",
    "serve": "serving:serve",
    "work": "serving:work",
    "plan": "planning:plan",
    "letters": "samples:letters",
    "migrate": "upkeep:migrate",
    "create-tutor": "upkeep:create_tutor",
    "concern-reader": "reading:concern_reader",
    "backup": "upkeep:backup",
    "check": "upkeep:check",
}


class Commands(click.Group):
    """A group that knows its commands by where they are."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        room, name = COMMANDS[cmd_name].split(":")
        gc.disable()  # what is loaded stays: looking through it for garbage takes a tenth of the start
        try:
            return cast("click.Command", getattr(import_module(f"threefold.commands.{room}"), name))
        finally:
            gc.freeze()
            gc.enable()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Live practice triads for counselling training: fair plans, invitations, feedback.

    Everything is set by THREEFOLD_* variables; `threefold check` lists them and says what is missing.
    """
