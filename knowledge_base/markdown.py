"""Markdown of articles as safe HTML, as plain text for the search, and its headings.

markdown-it-py reads it (CommonMark, tables, task lists, ``> [!NOTE]`` callouts, ``<details>``), nh3 makes the result
safe, and both outcomes are remembered per text. Files stand in the text as ``/kb/files/12`` and other articles as
``article:12``; whoever shows it says where these are today (:meth:`Rendered.placed`). Pictures from elsewhere become
links: reading an article must tell nobody about it.
"""

import html
import re
import unicodedata
from collections.abc import Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from core.html import html_to_text
from core.i18n import Language
from knowledge_base.slugs import slug_of

LONGEST: Final = 200_000
"""Characters of an article. The longest honest manuals have some ten thousand."""
DEEPEST: Final = 20
FILE_PREFIX: Final = "/kb/files/"
ARTICLE_PREFIX: Final = "article:"
_FILE: Final = re.compile(r"/kb/files/(\d{1,18})(?![\w/])")
_IMAGE: Final = re.compile(r'<img src="/kb/files/(\d{1,18})"((?: alt="[^"]*")?(?: title="[^"]*")?)>')
_FILE_LINK: Final = re.compile(r'href="/kb/files/(\d{1,18})"')
_ARTICLE_LINK: Final = re.compile(r'<a href="article:(\d{1,18})"[^>]*>(.*?)</a>', re.DOTALL)
_ARTICLE: Final = re.compile(r"\barticle:(\d{1,18})(?!\d)")
_VIDEO_HOSTS: Final = {"youtube.com": "youtube", "youtube-nocookie.com": "youtube", "youtu.be": "youtube",
                       "vimeo.com": "vimeo", "player.vimeo.com": "vimeo"}  # fmt: skip
_VIDEO_FILES: Final = (".mp4", ".webm", ".ogv")


class Heading(msgspec.Struct, frozen=True, rename="camel"):
    """A line of "on this page"."""

    level: int
    id: str
    text: str


class Picture(msgspec.Struct, frozen=True):
    """Where a file is today; its size keeps the page from jumping."""

    url: str
    width: int | None = None
    height: int | None = None


class Rendered(msgspec.Struct, frozen=True):
    """An article's text ready to show, but for the places of files and other articles."""

    html: str
    headings: tuple[Heading, ...]
    text: str

    def placed(self, files: Mapping[int, Picture], articles: Mapping[int, str]) -> str:
        """The HTML with addresses that work.

        Args:
            files: number → where it is; others are left out.
            articles: number → address, of those that the reader may see; others become plain words.
        """

        def image(found: re.Match[str]) -> str:
            file = files.get(int(found[1]))
            if file is None:
                return ""
            size = f' width="{file.width}" height="{file.height}"' if file.width and file.height else ""
            return f'<img src="{html.escape(file.url)}"{found[2]}{size} loading="lazy" decoding="async">'

        def link(found: re.Match[str]) -> str:
            file = files.get(int(found[1]))
            return f'href="{html.escape(file.url)}"' if file else 'href="#"'

        def article(found: re.Match[str]) -> str:
            url = articles.get(int(found[1]))
            return f'<a href="{html.escape(url)}">{found[2]}</a>' if url else found[2]

        shown = _IMAGE.sub(image, self.html)
        return _ARTICLE_LINK.sub(article, _FILE_LINK.sub(link, shown))


def files_in(body: str) -> set[int]:
    """The numbers of the files that a text names."""
    return {int(one) for one in _FILE.findall(body)}


def articles_in(body: str) -> set[int]:
    """The numbers of the articles that a text leads to."""
    return {int(one) for one in _ARTICLE.findall(body)}


class _Renderer(RendererHTML):
    """Our own form of pictures, links and callouts."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        """A picture of ours; one from elsewhere is a link to it."""
        token = tokens[idx]
        source = str(token.attrs.get("src", ""))
        words = self.renderInlineAsText(token.children or [], options, env)
        if _FILE.fullmatch(source):
            title = f' title="{html.escape(str(token.attrs["title"]))}"' if token.attrs.get("title") else ""
            return f'<img src="{source}" alt="{html.escape(words)}"{title}>'
        return f'<a href="{html.escape(source)}">{html.escape(words or source)}</a>'


def _callout(tokens: list[Token], place: int, words: Language) -> None:
    """Put the name of a callout's kind, in the reader's language, where the parser has put the English one."""
    kind = str(tokens[place].meta.get("kind", "note")).lower()
    titles = {
        "note": words.text("Note"),
        "tip": words.text("Tip"),
        "important": words.text("Important"),
        "warning": words.text("Warning"),
        "caution": words.text("Caution"),
    }
    tokens[place].attrs = {"class": f"callout callout-{kind if kind in titles else 'note'}", "role": "note"}
    tokens[place + 1].attrs = {"class": "callout-title"}
    tokens[place + 2].children = [Token("text", "", 0, content=titles.get(kind, titles["note"]))]


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark", {"maxNesting": DEEPEST, "html": True, "alerts": True, "tasklists": True}, renderer_cls=_Renderer
    )
    return parser.enable(["table", "strikethrough"])


def _shape(tokens: list[Token], locale: str) -> list[Heading]:
    """Headings one level down (the title is the first), with ids; steps, callouts and films marked."""
    found: list[Heading] = []
    taken: dict[str, int] = {}
    depth = 0
    shift = 1 if any(token.type == "heading_open" and token.tag == "h1" for token in tokens) else 0
    for place, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            level = min(int(token.tag[1:]) + shift, 6)
            token.tag = f"h{level}"
            if token.type == "heading_open":
                words = _words(tokens[place + 1])
                found.append(Heading(level, _fresh(words, taken), words))
                token.attrSet("id", found[-1].id)
        elif token.type == "ordered_list_open":
            if depth == 0:
                token.attrSet("class", "steps")
            depth += 1
        elif token.type == "bullet_list_open":
            depth += 1
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            depth -= 1
        elif token.type == "alert_open":
            _callout(tokens, place, Language(locale))
        elif token.type == "paragraph_open" and _is_film(tokens[place + 1]):
            token.attrSet("class", "video")
    return found


def _linked(tokens: list[Token]) -> None:
    """Make links of web addresses that stand in the text as they are."""
    for inline in tokens:
        if inline.type != "inline" or "://" not in inline.content:
            continue
        made: list[Token] = []
        inside = 0
        for one in inline.children or []:
            inside += one.nesting if one.type in ("link_open", "link_close") else 0
            made += [one] if inside or one.type != "text" else _pieces(one)
        inline.children = made


def _pieces(text: Token) -> list[Token]:
    found, at = [], 0
    for url in _URL.finditer(text.content):
        target = url[0].rstrip(".,;:!?)'\"")
        opened = Token("link_open", "a", 1, attrs={"href": target})
        found += [Token("text", "", 0, content=text.content[at : url.start()]), opened]
        found += [Token("text", "", 0, content=target), Token("link_close", "a", -1)]
        at = url.start() + len(target)
    return [
        one for one in [*found, Token("text", "", 0, content=text.content[at:])] if one.type != "text" or one.content
    ]


def _words(inline: Token) -> str:
    return "".join(one.content for one in inline.children or [] if one.type in ("text", "code_inline")).strip()


def _fresh(words: str, taken: dict[str, int]) -> str:
    """An id that no heading has yet; ``taken`` holds the number to go on with, for one text may have thousands."""
    base = f"s-{slug_of(words) or 'part'}"
    name, number = base, taken.get(base, 1)
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken[name] = 1
    taken[base] = number
    return name


def _is_film(inline: Token) -> bool:
    """Whether a paragraph is nothing but a link to a film; the link is marked with it."""
    children = inline.children or []
    if len(children) < 2 or children[0].type != "link_open" or children[-1].type != "link_close":
        return False
    if sum(one.type == "link_open" for one in children) != 1:
        return False
    name = video_of(str(children[0].attrs.get("href", "")))
    if name:
        children[0].attrSet("class", "video-link")
        children[0].attrSet("data-video", name)
    return name is not None


def video_of(url: str) -> str | None:
    """The film behind an address: ``youtube:ID``, ``vimeo:ID`` or ``file``; None when it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    service = _VIDEO_HOSTS.get(host)
    if service is None:
        return "file" if parts.path.lower().endswith(_VIDEO_FILES) else None
    last = parts.path.rstrip("/").rpartition("/")[2]
    name = parse_qs(parts.query).get("v", [""])[0] if parts.path == "/watch" else last
    return f"{service}:{name}" if re.fullmatch(r"[\w-]{5,20}", name) else None


def _keep(tag: str, name: str, value: str) -> str | None:
    """What becomes of an attribute that is on the list; None drops it."""
    if name == "class":
        kept = [word for word in value.split() if word in _CLASSES]
        return " ".join(kept) or None
    if name == "id":
        return value if value.startswith("s-") else None
    if tag == "img" and name == "src":
        return value if _FILE.fullmatch(value) else None
    if tag == "a" and name == "href" and value.startswith("/"):
        return value if _FILE.fullmatch(value) or value.startswith("/portal/") else None
    return value


_CLASSES: Final = frozenset({
    "callout", "callout-title", "callout-note", "callout-tip", "callout-important", "callout-warning",
    "callout-caution", "steps", "video", "video-link", "contains-task-list", "task-list-item",
})  # fmt: skip
_HEADINGS: Final = ("h2", "h3", "h4", "h5", "h6")
_CLEANER: Final = nh3.Cleaner(
    tags={
        "p", "br", "hr", "blockquote", "pre", "code", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td",
        "strong", "em", "s", "del", "sub", "sup", "kbd", "mark", "a", "img", "div", "details", "summary", "dl", "dt",
        "dd", "abbr", *_HEADINGS,
    },
    clean_content_tags={"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math",
                        "select", "textarea", "audio", "video", "canvas"},
    attributes={
        "a": {"href", "title", "class", "data-video"},
        "img": {"src", "alt", "title"},
        "ol": {"start", "class"}, "ul": {"class"}, "li": {"class"}, "p": {"class"}, "div": {"class", "role"},
        "th": {"align", "scope"}, "td": {"align"}, "details": {"open"}, "abbr": {"title"},
        **{tag: {"id"} for tag in _HEADINGS},
    },
    attribute_filter=_keep,
    url_schemes={"http", "https", "mailto", "tel", "article"},
    link_rel="noopener noreferrer",
    strip_comments=True,
)  # fmt: skip
_ALIGN: Final = re.compile(r'<(th|td) style="text-align:(left|right|center)">')
_URL: Final = re.compile(r"https?://[^\s<>\"`{}|\\^\[\]]{2,2000}")
_HEAD_CELL: Final = re.compile(r"<th(?=[ >])")
_TASK_BOX: Final = re.compile(r'<input class="task-list-item-checkbox"([^>]*)>')


def render(body: str, locale: str = "en") -> Rendered:
    """An article's text as HTML.

    Args:
        body: Markdown; beyond :data:`LONGEST` characters it is cut.
        locale: the language of the words that we add to it, such as "Note".
    """
    return _render(unicodedata.normalize("NFC", body[:LONGEST].replace("\x00", "")), locale)


@lru_cache(maxsize=512)
def _render(body: str, locale: str) -> Rendered:
    parser = _parser()
    env: dict[str, Any] = {}
    tokens = parser.parse(body, env)
    _linked(tokens)
    headings = _shape(tokens, locale)
    raw = str(parser.renderer.render(tokens, parser.options, env))
    raw = _ALIGN.sub(r'<\1 align="\2">', raw)
    raw = _HEAD_CELL.sub('<th scope="col"', raw)
    raw = _TASK_BOX.sub(lambda found: "☑" if "checked=" in found[1] else "☐", raw)
    clean = _CLEANER.clean(raw)
    return Rendered(clean, tuple(headings), text_of(clean))


def text_of(clean: str) -> str:
    """The words of rendered HTML, for the search and for letters."""
    return html_to_text(re.sub(r"<img[^>]*>", "", clean))


def file_address(file_id: int) -> str:
    """How a file is named in a text."""
    return f"{FILE_PREFIX}{file_id}"


def shown_name(name: str) -> str:
    """A file's name as the last part of an address."""
    shown = quote(name.replace("/", "_").replace("\\", "_")[:120], safe="")
    return shown if shown.strip(".") else "file"
