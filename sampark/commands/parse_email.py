"""`sampark parse-email FILE|DIR…`: read mails from files and print one JSON line for each.

Part of the composition root, on top of `channels.email.report`; needs no database and no settings. The
reading happens
in a second process, so that a mail which takes too long, or crashes the interpreter, costs one line and not
the run.
"""

import functools
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from channels.email import mbox
from channels.email.parse import MAX_MAIL
from channels.email.report import describe, encode, failed

DEADLINE_SECONDS = 30.0
"""How long one file may take before it is given up; an ordinary mail takes a thousandth of a second."""

_START_SECONDS = 60.0
_PROGRESS_FROM = 50


class _Worker:
    """The second process and the pipe to it; started again after a mail that it did not survive."""

    def __init__(self, as_: str | None, deadline: float) -> None:
        self.as_ = as_
        self.deadline = deadline
        self.context = multiprocessing.get_context("spawn")
        self.process: BaseProcess | None = None
        self.pipe: Connection | None = None

    def read(self, path: Path) -> list[bytes]:
        """The JSON lines of a file."""
        try:
            pipe = self._started()
            pipe.send(str(path))
            if not pipe.poll(self.deadline):
                self.stop()
                return [encode(failed(path, f"Reading took longer than {self.deadline:g} seconds."))]
            lines: list[bytes] = pipe.recv()
        except (EOFError, OSError):
            self.stop()
            return [encode(failed(path, "Reading it ended the reading process."))]
        return lines

    def _started(self) -> Connection:
        if self.pipe is not None:
            return self.pipe
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=_serve, args=(theirs, self.as_), daemon=True)
        self.pipe, self.process = ours, process
        process.start()
        theirs.close()
        if not ours.poll(_START_SECONDS):
            self.stop()
            raise EOFError
        ours.recv()
        return ours

    def stop(self) -> None:
        """End the second process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
        if self.pipe is not None:
            self.pipe.close()
        self.process = self.pipe = None


def _serve(pipe: Connection, as_: str | None) -> None:
    """Life of the second process: paths come in, JSON lines go out."""
    pipe.send("ready")
    while True:
        try:
            path = Path(pipe.recv())
        except (EOFError, OSError, KeyboardInterrupt):
            return
        pipe.send(read_file(path, as_))


def read_file(path: Path, as_: str | None = None) -> list[bytes]:
    """Read one file; never raises.

    Args:
        path: A mail, or a `.mbox` file of many.
        as_: None for mails; `text` or `html` for a body without headers.

    Returns:
        One JSON line for each message, without line ends.
    """
    try:
        if not path.is_file():
            return [encode(failed(path, "It is no regular file."))]
        if path.suffix.lower() == ".mbox" and as_ is None:
            found = [
                encode(describe(raw, f"{path}#{number}"))
                for number, raw in enumerate(mbox.messages(path.read_bytes()), 1)
            ]
            return found or [encode(failed(path, "There is no message in it."))]
        with path.open("rb") as stream:
            raw = stream.read(MAX_MAIL + 1)
        return [encode(describe(raw, path, as_))]
    except OSError as fault:
        return [encode(failed(path, f"The file could not be read: {fault.strerror or type(fault).__name__}."))]
    except MemoryError:
        return [encode(failed(path, "The file is too large for the memory of this machine."))]


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Files named, and all files below folders named, in sorted order."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, below, names in os.walk(path):
            below.sort()
            yield from (Path(folder) / name for name in sorted(names))


def _could_be_read(path: Path) -> bool:
    if not path.is_file():
        return False  # opening a pipe would wait for somebody who writes into it
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError:
        return False
    return True


@click.command("parse-email")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR…", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "as_",
    type=click.Choice(["text", "html"]),
    help="Read bare bodies without headers: reply and quotes are what matters then.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(min=0.1),
    default=DEADLINE_SECONDS,
    show_default=True,
    help="Seconds after which a file is given up.",
)
def parse_email(paths: tuple[Path, ...], as_: str | None, deadline: float) -> None:
    """Read mails and print one JSON object per message on a line of its own.

    Folders are walked with all folders below them, in sorted order. A `.mbox` file holds many messages. What
    could not be
    read has its reason in `error`; one bad file never stops the rest. The exit status is 1 when a path does
    not exist or
    no file could be read.
    """
    missing = [path for path in paths if not path.exists()]
    for path in missing:
        click.echo(f"{path}: there is no such file or folder", err=True)
    files = [path for path in _files(paths) if path not in missing]
    worker = _Worker(as_, deadline)
    read = 0
    try:
        with _progress(len(files)) as advance:
            for path in files:
                for line in worker.read(path):
                    sys.stdout.buffer.write(line + b"\n")
                sys.stdout.buffer.flush()
                read += _could_be_read(path)
                advance()
    finally:
        worker.stop()
    if missing or not read:
        sys.exit(1)


class _progress:  # noqa: N801  # reads as a verb where it is used
    """A bar on a terminal when there is much to do, else nothing."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        shown = console.is_terminal and total >= _PROGRESS_FROM
        columns = (TextColumn("Reading mails"), BarColumn(), MofNCompleteColumn())
        self.bar = Progress(*columns, console=console, transient=True) if shown else None
        self.total = total

    def __enter__(self) -> Callable[[], None]:
        if self.bar is None:
            return lambda: None
        self.bar.start()
        return functools.partial(self.bar.advance, self.bar.add_task("", total=self.total))

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()


command = parse_email

if __name__ == "__main__":
    parse_email()
