"""A make-believe Meilisearch, so that the search engine can be tried and tested without its server.

Answers on a port of its own like the description of the real one says: indexes, settings, documents, tasks that are
done at once, exchange of two indexes, and a search with filters, typos, synonyms, stop words, marks and facets. How it
ranks is simple (more words, fewer typos). Everything is kept in memory, with every request for tests to look at.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from core.search_question import edits
from core.search_text import norm

_WORD: Final = re.compile(r"[^\W_](?:\w|[\u0900-\u0dff])*")
_CONDITION: Final = re.compile(r'(\S+) (IN|=|>=|<) (\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\S+)')
_CROP: Final = 200
Json = dict[str, Any]


@dataclass
class Index:
    """One index."""

    key: str
    settings: Json = field(default_factory=dict)
    documents: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass
class Twin:
    """The server's memory.

    Attributes:
        key: the API key that is asked for; "": none.
        down: answer nothing but 503.
        fails: the next tasks fail.
        seen: every request.
    """

    key: str = ""
    down: bool = False
    fails: bool = False
    indexes: dict[str, Index] = field(default_factory=dict)
    tasks: list[Json] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def answer(self, method: str, target: str, authorization: str, body: Any) -> tuple[int, Json]:
        """Answer a request: status and JSON."""
        parts = urlsplit(target)
        self.seen.append(Seen(method, parts.path, dict(parse_qsl(parts.query)), body))
        try:
            if self.down:
                raise Refused(503, "unavailable")
            if self.key and authorization != f"Bearer {self.key}":
                raise Refused(403, "invalid_api_key")
            return self._route(method, parts.path.strip("/").split("/"), body)
        except Refused as refused:
            said = f"The answer is {refused.code}."
            return refused.status, {"message": said, "code": refused.code, "type": "invalid_request", "link": ""}

    def _route(self, method: str, path: list[str], body: Any) -> tuple[int, Json]:
        match (method, *path):
            case ("GET", *_):
                return 200, self._read(path)
            case ("POST", "indexes", uid, "documents", "fetch"):
                return 200, self._fetch(uid, body)
            case ("POST", "indexes", uid, "search"):
                return 200, self._search(self._index(uid), body)
        return self._task(*self._change(method, path, body))

    def _read(self, path: list[str]) -> Json:
        match path:
            case ["health"]:
                return {"status": "available"}
            case ["indexes", uid]:
                return {"uid": uid, "primaryKey": self._index(uid).key, "createdAt": "", "updatedAt": ""}
            case ["tasks", number]:
                return self.tasks[int(number)]
        raise Refused(404, "not_found")

    def _change(self, method: str, path: list[str], body: Any) -> tuple[str, Callable[[], object]]:
        match (method, *path):
            case ("POST", "indexes"):
                return "indexCreation", lambda: self._create(body)
            case ("DELETE", "indexes", uid):
                return "indexDeletion", lambda: self.indexes.pop(uid)
            case ("PATCH", "indexes", uid, "settings"):
                return "settingsUpdate", lambda: self._index(uid).settings.update(body)
            case ("POST", "indexes", uid, "documents"):
                return "documentAdditionOrUpdate", lambda: self._add(uid, body)
            case ("POST", "indexes", uid, "documents", "delete"):
                return "documentDeletion", lambda: self._delete(uid, body["filter"])
            case ("POST", "swap-indexes"):
                return "indexSwap", lambda: self._swap(body)
        raise Refused(404, "not_found")

    def _index(self, uid: str) -> Index:
        if uid not in self.indexes:
            raise Refused(404, "index_not_found")
        return self.indexes[uid]

    def _task(self, kind: str, work: Callable[[], object]) -> tuple[int, Json]:
        task: Json = {"uid": len(self.tasks), "type": kind, "status": "succeeded", "error": None, "details": {}}
        task |= {"enqueuedAt": "2026-01-01T00:00:00.000000Z", "indexUid": None, "canceledBy": None, "duration": "PT0S"}
        try:
            if self.fails:
                raise Refused(400, "internal")
            work()
        except (Refused, KeyError) as problem:
            task |= {"status": "failed", "error": {"message": str(problem), "code": "internal"}}
        self.tasks.append(task)
        short = {"taskUid": task["uid"], "indexUid": None, "status": "enqueued", "type": kind}
        return 202, short | {"enqueuedAt": task["enqueuedAt"]}

    def _create(self, body: Json) -> None:
        if body["uid"] in self.indexes:
            raise Refused(409, "index_already_exists")
        self.indexes[body["uid"]] = Index(body["primaryKey"])

    def _add(self, uid: str, documents: list[Json]) -> None:
        index = self._index(uid)
        for document in documents:
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,511}", document[index.key]):
                raise Refused(400, "invalid_document_id")
            index.documents[document[index.key]] = document

    def _delete(self, uid: str, wanted: str) -> None:
        index = self._index(uid)
        for key in [key for key, each in index.documents.items() if fits(index, each, wanted)]:
            del index.documents[key]

    def _swap(self, body: list[Json]) -> None:
        for pair in body:
            one, other = pair["indexes"]
            self.indexes[one], self.indexes[other] = self._index(other), self._index(one)

    def _fetch(self, uid: str, body: Json) -> Json:
        found = list(self._index(uid).documents.values())
        offset, limit = body.get("offset", 0), body.get("limit", 20)
        shown = [{name: each[name] for name in body["fields"]} for each in found[offset : offset + limit]]
        return {"results": shown, "offset": offset, "limit": limit, "total": len(found)}

    @staticmethod
    def _search(index: Index, body: Json) -> Json:
        stop = set(index.settings.get("stopWords") or ())
        asked = [word for word in _words(body.get("q") or "") if word not in stop]
        synonyms = index.settings.get("synonyms") or {}
        found: list[tuple[float, Json, set[str]]] = []
        for document in index.documents.values():
            if not fits(index, document, body.get("filter") or ""):
                continue
            score, marked = _score(index, document, asked, synonyms)
            if score > 0 or not asked:
                found.append((score, document, marked))
        if asked:
            found.sort(key=lambda each: -each[0])
        elif body.get("sort"):
            found.sort(key=lambda each: -each[1]["updated_at"])
        offset, limit = body.get("offset", 0), body.get("limit", 20)
        answer: Json = {
            "hits": [_shown(body, *each) for each in found[offset : offset + limit]],
            "estimatedTotalHits": len(found),
            "query": body.get("q") or "",
            "limit": limit,
            "offset": offset,
            "processingTimeMs": 0,
        }
        if body.get("facets"):
            answer["facetDistribution"] = {name: _counted(name, found) for name in body["facets"]}
        return answer


def _words(text: str) -> list[str]:
    return [norm(match[0]) for match in _WORD.finditer(text)]


def _value(document: Json, name: str) -> Any:
    found: Any = document
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def fits(index: Index, document: Json, wanted: str) -> bool:
    """Whether a document fits a filter; a field that the settings do not name is refused, as the real one does."""
    for name, sign, text in _CONDITION.findall(wanted):
        if name not in index.settings.get("filterableAttributes", ()):
            raise Refused(400, "invalid_search_filter")
        value = _value(document, name)
        values = value if isinstance(value, list) else [value]
        limit = json.loads(text)
        if sign == "IN" and not any(each in limit for each in values):
            return False
        if sign == "=" and limit not in values:
            return False
        if sign == ">=" and not (value is not None and value >= limit):
            return False
        if sign == "<" and not (value is not None and value < limit):
            return False
    return True


def _score(index: Index, document: Json, asked: list[str], synonyms: Json) -> tuple[float, set[str]]:
    score, marked = 0.0, set()
    for number, name in enumerate(index.settings.get("searchableAttributes") or ("title", "body")):
        words = set(_words(document.get(name) or ""))
        for place, word in enumerate(asked):
            forms = [word, *synonyms.get(word, ())]
            near = [each for each in words if any(_is_near(form, each, last=place + 1 == len(asked)) for form in forms)]
            marked.update(near)
            if near:
                score += (2 if word in near else 1) / (1 + number)
    return score, marked


def _is_near(wanted: str, word: str, *, last: bool) -> bool:
    allowed = 0 if len(wanted) < 4 else 1 if len(wanted) < 8 else 2
    return (last and word.startswith(wanted)) or (
        abs(len(word) - len(wanted)) <= allowed and edits(wanted, word) <= allowed
    )


def _shown(body: Json, score: float, document: Json, marked: set[str]) -> Json:
    hit = {name: document[name] for name in body["attributesToRetrieve"]}
    if body.get("showRankingScore"):
        hit["_rankingScore"] = score / (1 + score)
    if body.get("attributesToHighlight"):

        def mark(match: re.Match[str]) -> str:
            before, after = body["highlightPreTag"], body["highlightPostTag"]
            return f"{before}{match[0]}{after}" if norm(match[0]) in marked else match[0]

        hit["_formatted"] = {
            name: _WORD.sub(mark, str(document[name])[: _CROP if name in body["attributesToCrop"] else None])
            for name in body["attributesToHighlight"]
        }
    return hit


def _counted(name: str, found: list[tuple[float, Json, set[str]]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for _, document, _ in found:
        value = _value(document, name)
        for each in value if isinstance(value, list) else [] if value is None else [value]:
            counts[str(each)] = counts.get(str(each), 0) + 1
    return counts


class Server:
    """The twin on a port of the loopback.

    Args:
        twin: its memory.
        port: where; 0 takes any.
    """

    def __init__(self, twin: Twin, port: int = 0) -> None:
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def _handle(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                with lock:
                    status, said = twin.answer(self.command, self.path, self.headers.get("Authorization") or "", body)
                content = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self._handle
                raise AttributeError(name)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
