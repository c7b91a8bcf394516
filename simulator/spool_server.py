"""A mail server of its own: ``python -m simulator.spool_server FOLDER PORT`` serves the spools below a folder by IMAP.

Started, cut and killed by `sampark/commands/soak.py`. Says ``ready PORT`` on its output. Reads orders from its input:
``cut N`` hangs up after N bytes of an answer to FETCH, and tells so by ``cut``; it ends with its input.
"""

import asyncio
import sys
from pathlib import Path

from core.settings import load
from simulator.imap import ImapServer
from simulator.mailboxes import Mailboxes
from simulator.spool import Spool, SpoolFolders


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - this is how it speaks


async def serve(root: Path, port: int) -> None:
    """Serve until the input ends.

    Args:
        root: holds a folder for each address.
        port: of the loopback; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    opened: dict[str, SpoolFolders] = {}

    def folders(address: str) -> SpoolFolders:
        if address not in opened:
            opened[address] = SpoolFolders(Spool(root / address))
        return opened[address]

    server = ImapServer(load(smtp_host="127.0.0.1"), Mailboxes(root / "none"), port, folders)
    server.on_cut = lambda: _say("cut")
    await server.start()
    _say(f"ready {server.port}")
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order, _, number = line.decode().partition(" ")
        if order == "cut":
            server.cut_after = int(number)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
