"""Where the portal shows articles and their files, as paths of the desk's own address.

Here, below both audiences, because agents put these addresses into answers and the portal answers at them.
"""

from urllib.parse import quote

from knowledge_base.markdown import shown_name


def article_path(locale: str, slug: str) -> str:
    """The page of an article."""
    return f"/portal/{locale}/articles/{quote(slug, safe='')}"


def category_path(locale: str, slug: str) -> str:
    """The page of a category."""
    return f"/portal/{locale}/categories/{quote(slug, safe='')}"


def file_path(file_id: int, name: str) -> str:
    """A file of an article, for its readers."""
    return f"/portal/article-files/{file_id}/{shown_name(name)}"
