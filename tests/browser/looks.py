"""How pages are looked at: what axe finds, on which screens, in which colours, and how the languages share these out."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from core.i18n import NAMES

RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW, WIDE = 320, 1280
PICTURED: Final = ("en", "kn")
"""The languages of which pictures are kept: one of each kind of letters that differ most."""
SMALL: Final = """[...document.querySelectorAll('main a, main button, main input, main select, main textarea, header a')]
    .filter(each => !each.closest('p, .words, .skip, .summary') && !['hidden', 'radio', 'checkbox'].includes(each.type))
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 40).map(each => each.outerHTML)"""
"""What can be pressed on its own and is less than 40 pixels high."""


CALM: Final = """async () => {
    for (let frames = 0; frames < 2; frames++) await new Promise(done => requestAnimationFrame(done))
    const ends = document.getAnimations().filter(each => Number.isFinite(each.effect.getComputedTiming().endTime))
    await Promise.allSettled(ends.map(each => each.finished))
}"""
"""Waits until what changes has changed: grounds do so a frame after the words on them."""


class Look(NamedTuple):
    """A screen's width, and which colours its owner likes."""

    width: int
    colours: Literal["light", "dark"]


LOOKS: Final = (Look(NARROW, "light"), Look(WIDE, "dark"), Look(NARROW, "dark"), Look(WIDE, "light"))


def take(page: Page, look: Look) -> None:
    """Let the page be seen so, without loading it again."""
    page.set_viewport_size({"width": look.width, "height": 800})
    recolour(page, look.colours)


def recolour(page: Page, colours: Literal["light", "dark"]) -> None:
    """Let the page be seen in these colours, without loading it again."""
    page.emulate_media(color_scheme=colours, reduced_motion="reduce")
    page.evaluate(CALM)


def shared_out(names: Sequence[str]) -> Iterator[tuple[str, str, Look]]:
    """(language, name of a page, look): each page in each language and in each look, and each language in each look."""
    for turn, language in enumerate(NAMES):
        for place, name in enumerate(names):
            yield language, name, LOOKS[(turn + place) % len(LOOKS)]


def violations(page: Page, *, within: str | None = None, frames: bool = False) -> list[str]:
    """Broken rules of axe, with the elements.

    Args:
        page: what is looked at.
        within: a selector; only what it finds is looked at.
        frames: look into the frames as well, which must be ours.
    """
    page.evaluate(CALM)
    for frame in page.frames if frames else [page.main_frame]:
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"runOnly": RULES, "resultTypes": ["violations"], "preload": False}
    found = page.evaluate(
        """([within, options]) => axe.run(within ?? document, options).then(found => found.violations.map(
            rule => `${location.pathname} ${rule.id}: ${rule.nodes.map(node => node.html).join(' ')}`))""",
        [within, options],
    )
    return list(found)


def is_too_wide(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def check(page: Page, look: Look, name: str) -> None:
    """Axe finds nothing in this look; on any screen nothing scrolls sideways, and what can be pressed is large enough."""
    other = look._replace(width=NARROW + WIDE - look.width)
    for each in (other, look):
        take(page, each)
        assert not is_too_wide(page), (name, each)
        assert page.evaluate(SMALL) == [], (name, each)
    assert violations(page) == [], (name, look)
