"""A search watched from a terminal: a bar while it runs, the clock, and Ctrl+C that keeps the best so far."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Shown = Callable[..., None]
"""Told the steps taken and what the search says of itself."""

Saying = Callable[..., str]
"""What a search says of itself, in a phrase: "12 repeats so far, 10 at least"."""


class Watch:
    """Listens to a search, and ends it when its time is up or somebody presses Ctrl+C.

    `seconds` None means no clock; it starts now. `why` says what ended the search, "" where it came to its end by
    itself.
    """

    def __init__(self, seconds: float | None) -> None:
        self.ends = None if seconds is None else time.monotonic() + seconds
        self.why = ""
        self._shown: Shown | None = None
        self._pressed = False

    def __call__(self, steps: int, *figures: int) -> bool:
        """For the search: what it has done. False asks it to stop with the best so far."""
        if self._shown:
            self._shown(steps, *figures)
        if self._pressed:
            self.why = "you stopped it"
        elif self.ends is not None and time.monotonic() >= self.ends:
            self.why = "its time was up"
        return not self.why

    @contextmanager
    def over(self, whole: int, prepared: Callable[[], Saying]) -> Iterator["Watch"]:
        """While the search runs: Ctrl+C is heard, and a terminal shows how far it is on its `whole` steps.

        `prepared` is called where a bar is shown, for its words. A second Ctrl+C ends the program.
        """

        def pressed(_sign: int, _frame: object) -> None:
            if self._pressed:
                raise KeyboardInterrupt
            self._pressed = True

        before = signal.signal(signal.SIGINT, pressed)
        try:
            if sys.stderr.isatty():
                with _bar(self, whole, prepared()) as self._shown:
                    yield self
            else:
                yield self
        finally:
            self._shown = None
            signal.signal(signal.SIGINT, before)


@contextmanager
def _bar(watch: Watch, whole: int, saying: Saying) -> Iterator[Shown]:
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second that only a terminal needs
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - as above

    began = time.monotonic()
    columns: tuple[Any, ...] = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("beginning", total=1.0)

        def shown(steps: int, *figures: int) -> None:
            said = f"{saying(*figures)}; Ctrl+C takes the best so far"
            part = steps / max(1, whole)
            if watch.ends is not None:
                part = max(part, (time.monotonic() - began) / max(0.001, watch.ends - began))
            progress.update(task, completed=min(1.0, part), description=said)

        yield shown
