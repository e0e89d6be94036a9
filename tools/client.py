"""What the vendor's Python client says of the API, in the form of its description.

The client is generated from the description, but is often older. It has no lists of words.
"""

from __future__ import annotations

import inspect
import re
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Json = dict[str, Any]

_PATH = re.compile(r"""call_api\(\s*['"]([^'"]+)['"], ['"]GET['"]""")
_MODEL = re.compile(r"""200: ['"](\w+)['"]""")
_QUERY = re.compile(r"""query_params\.append\(\(['"]([^'"]+)['"]""")
_LIST = re.compile(r"list\[(.*)\]")

_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_TYPES |= {"object": "object", "dict": "object", "date": "string", "datetime": "string"}


def document() -> Json:
    """Describe the API by the source of the client: it names what it asks for nowhere else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client's own
        import mux_python  # noqa: PLC0415
        from mux_python import models  # noqa: PLC0415
    apis = [kind for name, kind in vars(mux_python).items() if name.endswith("Api")]
    kinds = {name: kind for name, kind in vars(models).items() if hasattr(kind, "openapi_types")}
    return {
        "paths": dict(endpoint for api in apis for endpoint in _endpoints(inspect.getsource(api))),
        "components": {
            "schemas": {
                name: {"properties": {f: _type(k) for f, k in kind.openapi_types.items()}}
                for name, kind in kinds.items()
            }
        },
    }


def _endpoints(source: str) -> Iterator[tuple[str, Json]]:
    for method in source.split("    def "):
        path, model = _PATH.search(method), _MODEL.search(method)
        if path and model:
            schema = {"$ref": f"#/components/schemas/{model[1]}"}
            parameters = [{"name": name, "in": "query"} for name in _QUERY.findall(method)]
            answer = {"200": {"content": {"application/json": {"schema": schema}}}}
            yield path[1], {"get": {"parameters": parameters, "responses": answer}}


def _type(kind: str) -> Json:
    """Translate the name of a type."""
    if inner := _LIST.fullmatch(kind):
        return {"type": "array", "items": _type(inner[1])}
    plain = kind.partition("(")[0]
    if plain in _TYPES:
        return {"type": _TYPES[plain]}
    return {"$ref": f"#/components/schemas/{kind}"}
