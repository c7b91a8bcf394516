"""What customers read: an article and the first page, eight readers at once; beside the least answer there is.

The desk has a thousand published articles in ten categories. The floor is the product's own sign of life, which
touches neither the database nor a template.
"""

from pathlib import Path
from typing import Final

import psutil

from core.db import Database, unit_of_work
from knowledge_base import categories, indexing, publishing, writing
from knowledge_base.categories import CategoryChange
from knowledge_base.writing import Properties, Text
from tools.bench.figures import Figure, aimed
from tools.bench.processes import child, free_port
from tools.bench.web import CONNECTIONS, ROUNDS, Answers, Client

SHELVES: Final = 10
ARTICLES: Final = 1000
READ: Final = 50
"""Different articles that are asked for in turn."""
_PARAGRAPH: Final = "The compressor starts, clicks twice and stops when the start relay is worn. " * 4
_BODY: Final = "\n\n".join(f"## Step {number}\n\n{_PARAGRAPH}\n\n1. Look.\n2. Wait." for number in range(1, 7))


async def fill(url: str) -> None:
    """Publish the articles."""
    db = Database(url, pool_size=2)
    shelves: list[int] = []
    async with unit_of_work(db) as session:
        for number in range(SHELVES):
            wanted = CategoryChange(names={"en": f"Shelf {number}"}, slug=f"shelf-{number}")
            shelves.append((await categories.create(session, wanted)).id)
    for start in range(0, ARTICLES, 100):
        async with unit_of_work(db) as session:
            for number in range(start, start + 100):
                text = Text(title=f"Answer {number}", summary="Check the relay.", body=_BODY)
                about = Properties(visibility="public", category_id=shelves[number % SHELVES])
                made = await writing.create(session, "en", text, about)
                told = await writing.get_translation(session, made.id, "en")
                await publishing.approve(session, made.id, "en", told.working_version_id or 0)
                await indexing.refresh(session, [made.id])
    await db.close()


def measure(url: str, folder: Path) -> list[Figure]:
    """The figures of the portal.

    Args:
        url: a filled desk.
        folder: of the run.
    """
    port = free_port()
    command = ["-m", "tools.bench.server", url, str(folder / "portal"), str(port)]
    with child(command, {}, folder / "portal.log") as server:
        server.hear()
        client = Client(port, "nobody", psutil.Process(server.process.pid), folder)
        return [
            _of(client, "portal: article", [f"/portal/en/articles/answer-{number}" for number in range(READ)], 30),
            _of(client, "portal: first page", ["/portal/en"], 30),
        ]


def _of(client: Client, name: str, paths: list[str], most: float) -> Figure:
    product, floor = Answers(), Answers()
    for _ in range(ROUNDS):
        client.ask([("GET", path, None) for path in paths], product)
        client.ask([("GET", "/healthz", None)], floor)
    note = (
        f"p99 at {CONNECTIONS} connections, {product.rate:.0f}/s (floor {floor.rate:.0f}/s), "
        f"CPU {product.cpu_each:.2f} ms each (floor {floor.cpu_each:.2f})"
    )
    return aimed(name, product.p99, "ms", floor.p99, note, ("<", most))
