"""The floor of memory and start: a page by Litestar under uvicorn with one asyncpg pool on the embedded PostgreSQL.

python -m tools.bench.bare FOLDER PORT
"""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import asyncpg
import uvicorn
import uvloop
from litestar import Litestar, get

from core.embedded import EmbeddedServer

POOL: "list[asyncpg.Pool[asyncpg.Record]]" = []  # quoted: the class takes no argument at run time


@get("/")
async def page() -> str:
    """A page that asks the database."""
    return f"<p>{await POOL[0].fetchval('select 1')}</p>"


async def main(folder: Path, port: int) -> None:
    """Serve until told to stop."""
    server = EmbeddedServer(folder)
    POOL.append(await asyncpg.create_pool(await server.prepare(), min_size=1, max_size=4))
    config = uvicorn.Config(Litestar([page]), host="127.0.0.1", port=port, loop="none", log_level="warning")
    web = uvicorn.Server(config)
    web.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment] # no signal is ours
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: setattr(web, "should_exit", True))
    await web.serve()
    POOL[0].terminate()
    server.stop()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
