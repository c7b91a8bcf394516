"""What was pasted from Word, a web page or a mail, as clean Markdown.

markdownify does the work; this adds what Word calls a list (paragraphs with a bullet typed into them), throws its
styles and comments away, and shifts headings so that the title stays the only first one.
"""

import re
from typing import Any, Final

import msgspec
from markdownify import MarkdownConverter

from core.html import html_to_text
from core.html_cost import is_costly

LONGEST: Final = 1_000_000
_COMMENT: Final = re.compile(r"<!--.*?-->|<!\[[^\]>]*\]>|<\?xml[^>]*>", re.DOTALL)
_DROPPED: Final = re.compile(
    r"<(script|style|head|title|xml|svg|noscript|template|iframe|object|form|select|textarea)\b.*?(?:</\1\s*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_BLANK: Final = re.compile(r"\n{3,}")
_TRAILING: Final = re.compile(r"[ \t]+$", re.MULTILINE)
_LEVEL: Final = re.compile(r"level(\d)", re.IGNORECASE)
_ORDERED: Final = re.compile(r"^\(?(?:\d+|[a-zA-Z]|[ivxlc]+)[.)]")
_APART_ITEMS: Final = re.compile(r"(^(?: {4})*(?:-|1\.) .*)\n\n(?=(?: {4})*(?:-|1\.) )", re.MULTILINE)


class Pasted(msgspec.Struct, frozen=True, rename="camel"):
    """Markdown, and the number of pictures that could not be taken along."""

    markdown: str
    lost_images: int


class _Converter(MarkdownConverter):
    """HTML to our Markdown."""

    class Options(MarkdownConverter.DefaultOptions):  # type: ignore[name-defined,misc]  # not in the library's stubs
        """Hyphens for lists, hash marks for headings, tables with a head."""

        heading_style = "atx"
        bullets = "-"
        strong_em_symbol = "*"
        newline_style = "backslash"
        escape_underscores = False
        table_infer_header = True

    lost = 0
    keeps_pictures = False

    def escape(self, text: str, parent_tags: Any) -> str:
        """A sign that would begin HTML stays a sign."""
        escaped: str = super().escape(text, parent_tags)  # type: ignore[misc]  # not in the library's stubs
        return escaped.replace("<", "\\<")

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        """Our own pictures stay; those of the clipboard or of other sites do not come along."""
        source = str(el.get("src", ""))
        if source.startswith("/kb/files/") or (self.keeps_pictures and source.startswith(("http:", "https:"))):
            kept: str = super().convert_img(el, text, parent_tags)  # type: ignore[misc]  # the same
            return kept
        self.lost += 1
        return str(el.get("alt") or "")

    def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
        """Links to places on the page and to scripts are only words."""
        if not re.match(r"(?:https?:|mailto:|tel:|article:|/kb/files/)", str(el.get("href", "")), re.IGNORECASE):
            return text
        linked: str = super().convert_a(el, text, parent_tags)  # type: ignore[misc]  # the same
        return linked

    def convert_span(self, el: Any, text: str, parent_tags: Any) -> str:
        """Word's typed bullets go; bold and italic that are only styles become what they mean."""
        del parent_tags
        style = str(el.get("style", "")).replace(" ", "").lower()
        if "mso-list:ignore" in style or "display:none" in style:
            return ""
        words = text.strip()
        if not words:
            return text
        mark = "**" if "font-weight:bold" in style or "font-weight:700" in style else ""
        mark += "*" if "font-style:italic" in style else ""
        return text.replace(words, f"{mark}{words}{mark[::-1]}", 1) if mark else text

    def convert_p(self, el: Any, text: str, parent_tags: Any) -> str:
        """A paragraph of Word that is an item of a list or a heading becomes one."""
        kinds = " ".join(el.get("class") or [])
        style = str(el.get("style", ""))
        words = text.strip()
        heading = re.search(r"Mso(?:Title|Heading(\d))", kinds)
        if heading and words:
            return f"\n\n{'#' * (int(heading[1] or 1) + 1)} {words}\n\n"
        if words and ("mso-list" in style or "MsoListParagraph" in kinds):
            level = _LEVEL.search(style)
            marker = el.find(style=re.compile(r"mso-list:\s*ignore", re.IGNORECASE))
            typed = marker.get_text().strip() if marker else ""
            indent = "    " * (int(level[1]) - 1 if level else 0)
            return f"\n\n{indent}{'1.' if _ORDERED.match(typed) else '-'} {words}\n\n"
        made: str = super().convert_p(el, text, parent_tags)  # type: ignore[misc]  # the same
        return made


def to_markdown(markup: str, *, keep_pictures: bool = False) -> Pasted:
    """HTML of any quality as Markdown.

    Args:
        markup: HTML; beyond :data:`LONGEST` characters it is cut. What is nested without measure becomes plain words.
        keep_pictures: keep the addresses of pictures on other sites, for an import that may have them.
    """
    markup = markup[:LONGEST].replace("\x00", "")
    if is_costly(markup):
        return Pasted(html_to_text(markup), 0)
    clean = _DROPPED.sub("", _COMMENT.sub("", markup))
    clean = re.sub(r"</?o:p[^>]*>", "", clean)
    converter = _Converter()
    converter.keeps_pictures = keep_pictures
    text = str(converter.convert(clean)).replace("\xa0", " ")
    text = _APART_ITEMS.sub(r"\1\n", _BLANK.sub("\n\n", _TRAILING.sub("", text)))
    return Pasted(_shifted(text).strip(), converter.lost)


def _shifted(text: str) -> str:
    """Headings one level down where the text has a first one; code stays as it is."""
    lines = text.split("\n")
    fenced = False
    heads: list[int] = []
    for place, line in enumerate(lines):
        fenced ^= line.startswith("```")
        if not fenced and re.match(r"#{1,6} ", line):
            heads.append(place)
    if any(lines[place].startswith("# ") for place in heads):
        for place in heads:
            lines[place] = ("#" + lines[place]) if not lines[place].startswith("######") else lines[place]
    return "\n".join(lines)
