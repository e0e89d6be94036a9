"""Records of one stream, from the form of Mux into the form that is written."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_mux import schemas
from tap_mux.records import urls
from tap_mux.records.normalizer import compile_normalizer
from tap_mux.records.selection import is_selected, known_paths, selected_schema
from tap_mux.records.writer import MAX_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk import Stream
    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Normalizer, Record, Shorten


_IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


class MissingKeyError(Exception):
    """A record lacks a key."""

    def __init__(self, key: str) -> None:
        """Keep the name of the key.

        Args:
            key: The name.
        """
        super().__init__(f"a record without {key}")


class Conformer:
    """Brings the records of a stream into the form of its schema, with the fields selected."""

    def __init__(self, stream: Stream, *, ignored_fields: Iterable[str]) -> None:
        """Take a stream; its catalog entry has been applied.

        Args:
            stream: The stream.
            ignored_fields: Paths of fields that are left out without a report.
        """
        self._stream = stream
        self._ignored_fields = frozenset(ignored_fields)
        self._reported: set[str] = set()
        self._hidden: set[str] = set()

    def chunks(self, batch: Iterable[Record], partition: Context) -> Iterator[list[Record]]:
        """Bring the records of a batch into the form of the schema.

        Args:
            batch: Raw records; read as far as the chunks are asked for.
            partition: The partition of the state.

        Yields:
            The records, up to MAX_RECORDS at a time.

        Raises:
            MissingKeyError: A record lacks a key.
        """
        normalize = self.normalizer(partition)
        raw_records = iter(batch)
        while records := [normalize(raw) for raw in islice(raw_records, MAX_RECORDS)]:
            yield records

    @cached_property
    def selected_schema(self) -> schemas.Schema:
        """The schema of what is written."""
        return selected_schema(self._stream)

    @cached_property
    def shorten(self) -> dict[str, Shorten]:
        """What is done to the URLs that are not shown as a whole, by their paths."""
        # A catalog has no marks, and may be older than the setting: the file tells.
        marked = {} if self._has_credentials else schemas.urls(schemas.read(self._stream.name))
        return {path: self._shorten(path, urls.SHORTENERS[shown]) for path, shown in marked.items()}

    def report_unknown_field(self, path: str) -> None:
        """Warn of a field that the schema does not have, once, and say what becomes of it.

        Args:
            path: The path of the field.
        """
        allowed = self._is_allowed(path.rsplit(".", 1)[-1])
        if not _IDENTIFIER.fullmatch(path):
            path = "one whose name is not shown, since it may be data"
        if path in self._reported:
            return
        self._reported.add(path)
        is_wanted = self._stream.config.get("keep_unknown_fields")
        if not allowed:
            fate = "left out, since its name is like that of a credential"
        elif self._is_collecting:
            fate = f"kept in {schemas.UNKNOWN_FIELDS}"
        else:
            fate = "left out" if is_wanted else "left out (set keep_unknown_fields to keep it)"
        self._stream.logger.warning(
            "Mux sends a field that the schema of %s does not have; %s: %s",
            self._stream.name,
            fate,
            path,
        )

    def is_kept(self, name: str) -> bool:
        """Return whether a field that the schema does not have is kept, by its name.

        Args:
            name: The name, without the path.
        """
        return self._is_collecting and self._is_allowed(name)

    def normalizer(self, partition: Context) -> Normalizer:
        """Return the function from a record as Mux sends it to the one that is written.

        Args:
            partition: The partition of the state.

        Returns:
            The function. It raises MissingKeyError for a record without a key.
        """
        stream, normalize = self._stream, self._normalize
        columns = self._partition_columns(partition)
        required = [key for key in stream.primary_keys if key not in partition]
        if stream.replication_key and stream.replication_method == REPLICATION_INCREMENTAL:
            required.append(stream.replication_key)

        def complete(raw: Mapping[str, Any]) -> Record:
            record = normalize(raw)
            for key in required:
                if record.get(key) is None:
                    raise MissingKeyError(key)
            record |= columns
            return record

        return complete

    def columns_of(self, partition: Context) -> Record:
        """Return the columns that a record without unknown fields has besides its own.

        Args:
            partition: The partition of the state.
        """
        columns = self._partition_columns(partition)
        return {schemas.UNKNOWN_FIELDS: None, **columns} if self._is_collecting else columns

    def _partition_columns(self, partition: Context) -> Record:
        return {key: value for key, value in partition.items() if is_selected(self._stream, key)}

    @cached_property
    def _normalize(self) -> Normalizer:
        known = known_paths(self._stream) | self._ignored_fields
        schema = schemas.without(self.selected_schema, {schemas.UNKNOWN_FIELDS})
        return compile_normalizer(
            schema,
            dropped=known - schemas.paths(schema),
            shorten=self.shorten,
            keep=self._keep if self._is_collecting else None,
            on_unknown_field=self.report_unknown_field,
            on_misfit=self._report_misfit,
        )

    @cached_property
    def _is_collecting(self) -> bool:
        """Whether fields that the schema does not have are collected in a column."""
        return schemas.UNKNOWN_FIELDS in self.selected_schema["properties"]

    def _shorten(self, path: str, shorten: Shorten) -> Shorten:
        def shorten_and_tell(text: str) -> str | None:
            left = shorten(text)
            if left is None and text and path not in self._hidden:
                self._hidden.add(path)
                self._stream.logger.warning(
                    "Mux sends a URL for %s that may hold a secret in a place that is not certain; "
                    "made null (include_credentials shows it): %s",
                    self._stream.name,
                    path,
                )
            return left

        return shorten_and_tell

    def _keep(self, value: Any) -> Any:
        """Return what is kept of fields that the schema does not have."""
        if isinstance(value, dict):
            return {
                name: self._keep(inner) for name, inner in value.items() if self._is_allowed(name)
            }
        if isinstance(value, list):
            return [self._keep(inner) for inner in value]
        if isinstance(value, str) and not self._has_credentials:
            return urls.of_unknown(value)
        return value

    def _is_allowed(self, name: str) -> bool:
        return self._has_credentials or not schemas.looks_like_credential(name)

    @cached_property
    def _has_credentials(self) -> bool:
        return bool(self._stream.config.get("include_credentials"))

    def _report_misfit(self, path: str) -> None:
        self._stream.logger.warning(
            "Mux sends a value that does not fit the schema of %s; made null: %s",
            self._stream.name,
            path,
        )
