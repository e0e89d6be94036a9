"""A tap made from the SDK's template: requests one by one, and defaults for everything else.

The schemas are those of tap-mux.
"""

from __future__ import annotations

import decimal
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from requests.auth import HTTPBasicAuth
from singer_sdk import SchemaDirectory, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.helpers.jsonpath import extract_jsonpath
from singer_sdk.pagination import JSONPathPaginator, PageNumberPaginator
from singer_sdk.streams import RESTStream

from tap_mux import schemas

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests
    from singer_sdk.streams.rest import HTTPRequest, PageContext

LIMIT = 100


class PlainStream(RESTStream[Any]):
    """What both streams share."""

    records_jsonpath = "$.data[*]"
    schema: ClassVar[StreamSchema[str]] = StreamSchema(SchemaDirectory(schemas))
    primary_keys = ("id",)

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["api_url"])

    @property
    @override
    def authenticator(self) -> HTTPBasicAuth:
        return HTTPBasicAuth(self.config["token_id"], self.config["token_secret"])

    @override
    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        yield from extract_jsonpath(
            self.records_jsonpath, input=response.json(parse_float=decimal.Decimal)
        )


class AssetsStream(PlainStream):
    """All assets, by cursor."""

    name = "assets"
    path = "/video/v1/assets"

    @override
    def get_new_paginator(self) -> JSONPathPaginator:
        return JSONPathPaginator("$.next_cursor")

    @override
    def get_http_request(self, *, page: PageContext[str | None]) -> HTTPRequest:
        request = super().get_http_request(page=page)
        request.params["limit"] = LIMIT
        if page.next_page_token:
            request.params["cursor"] = page.next_page_token
        return request


class VideoViewsStream(PlainStream):
    """All views of one timeframe, by page number."""

    name = "video_views"
    path = "/data/v1/video-views"
    replication_key = "view_end"

    @override
    def get_new_paginator(self) -> PageNumberPaginator:
        return PageNumberPaginator(1)

    @override
    def get_http_request(self, *, page: PageContext[int]) -> HTTPRequest:
        request = super().get_http_request(page=page)
        start = self.get_starting_timestamp(None)
        request.params |= {
            "limit": LIMIT,
            "page": page.next_page_token,
            "order_direction": "asc",
            "timeframe[]": [int(start.timestamp()) if start else 0, self.config["end"]],
        }
        return request


class TapPlain(Tap):
    """The plain tap."""

    name = "tap-plain"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("token_id", th.StringType(nullable=False), required=True),
        th.Property("token_secret", th.StringType(nullable=False), required=True, secret=True),
        th.Property("start_date", th.DateTimeType(nullable=True)),
        th.Property("end", th.IntegerType(nullable=False), description="In epoch seconds."),
        th.Property("api_url", th.StringType(nullable=False), default="https://api.mux.com"),
    ).to_dict()

    @override
    def discover_streams(self) -> list[PlainStream]:
        return [AssetsStream(self), VideoViewsStream(self)]


if __name__ == "__main__":
    TapPlain.cli()
