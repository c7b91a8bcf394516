"""Holds requests against a published OpenAPI description: path, method, parameters, and the shape of the body."""

import json
import re
from pathlib import Path
from typing import Any


class Description:
    """An OpenAPI 3 description.

    Args:
        path: of its JSON file.
    """

    def __init__(self, path: Path) -> None:
        self._tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))

    def complaints(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        """What the description has against a request; empty: nothing."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is not described"]
        known = {each["name"] for each in map(self._resolved, operation.get("parameters", ())) if each["in"] == "query"}
        found = [f"{method} {path}: unknown parameter {name}" for name in query if name not in known]
        content = self._resolved(operation.get("requestBody", {})).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if body is not None and schema is None:
            return [*found, f"{method} {path}: takes no JSON body"]
        if schema is not None:
            found += self._check(schema, body, f"{method} {path}")
        return found

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for template, operations in sorted(self._tree["paths"].items(), key=lambda item: item[0].count("{")):
            pattern = re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                return dict(operations[method.lower()])
        return None

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._tree
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def _check(self, schema: dict[str, Any], value: Any, at: str) -> list[str]:
        schema = self._resolved(schema)
        for name in ("oneOf", "anyOf"):
            if name in schema:
                tries = [self._check(each, value, at) for each in schema[name]]
                return [] if any(not each for each in tries) else min(tries, key=len)
        found = [each for part in schema.get("allOf", ()) for each in self._check(part, value, at)]
        kinds = schema.get("type")
        if kinds is not None and not any(_is(kind, value) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
            return [*found, f"{at}: {value!r} is not of type {kinds}"]
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{at}: {value!r} is none of {schema['enum']}")
        if isinstance(value, list) and "items" in schema:
            found += [each for item in value for each in self._check(schema["items"], item, f"{at}[]")]
        if isinstance(value, dict) and kinds is not None:
            found += self._members(schema, value, at)
        return found

    def _members(self, schema: dict[str, Any], value: dict[str, Any], at: str) -> list[str]:
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        found = [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, each in value.items():
            if name in properties:
                found += self._check(properties[name], each, f"{at}.{name}")
            elif isinstance(more, dict):
                found += self._check(more, each, f"{at}.{name}")
            elif properties and more is not True:
                found.append(f"{at}: there is no {name}")
        return found


def _is(kind: str, value: Any) -> bool:
    if kind == "null":
        return value is None
    if kind in ("integer", "number"):
        return isinstance(value, (int, float) if kind == "number" else int) and not isinstance(value, bool)
    types = {"string": str, "boolean": bool, "array": list, "object": dict}
    return isinstance(value, types[kind])
