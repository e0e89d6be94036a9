"""The one base class of all streams: a listing in, clean records and a bookmark out."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from singer_sdk import Stream, metrics
from singer_sdk.exceptions import MapExpressionError
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from singer_sdk.singerlib import ActivateVersionMessage, RecordMessage
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL

from tap_mux import schemas
from tap_mux.api.errors import APIError, MuxError, UnexpectedAnswerError, expecting
from tap_mux.reading.pagination import Listing
from tap_mux.reading.time_range import span_to_read
from tap_mux.records.normalizer import MisfitError, compile_normalizer, utc_timestamp
from tap_mux.records.writer import RECORDS_AT_ONCE, BatchWriter
from tap_mux.run.outcome import StreamOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_mux.api.client import Query
    from tap_mux.api.environment import Environment, Environments
    from tap_mux.reading.time_range import Span
    from tap_mux.records.normalizer import Normalizer, Record
    from tap_mux.run.outcome import Outcome


T = TypeVar("T")


class MuxStream(Stream):
    """A stream of Mux records.

    A stream says what it reads: its name, path and keys, a schema file of its name, and how Mux
    lists it (``batches``). All else is here, and the same for every stream.

    It builds on the SDK's ``Stream`` rather than ``RESTStream``, whose requests go one at a time,
    each stream with its own connection; here one client serves all streams of an environment.
    """

    path: ClassVar[str]
    """Path of the endpoint, below the base URL."""

    ignored_fields: ClassVar[frozenset[str]] = frozenset()
    """Paths of fields that Mux sends and that are left out without a word."""

    permission: ClassVar[str]
    """What the access token needs, in the words of the Mux dashboard."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    """Query parameters of the endpoint that users may set."""

    ids_repeat: ClassVar[bool] = False
    """Whether two environments may have records with the same keys."""

    environment: Environment
    """The environment that is being read."""

    primary_keys: Sequence[str] = ("id",)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the normalizer does that work

    def __init__(self, tap: Tap, environments: Environments, outcome: Outcome) -> None:
        """Make the stream; nothing is asked yet.

        Args:
            tap: The tap that the stream belongs to.
            environments: The Mux environments to read.
            outcome: Takes note if the stream cannot be read.
        """
        super().__init__(tap)
        self._environments = environments
        if environments.are_many and self.ids_repeat:
            self.primary_keys = (*self.primary_keys, "environment_id")
        self._outcome = outcome
        self._outcomes: dict[str, StreamOutcome] = {}
        self._is_complete = True
        self._writer = tap.message_writer
        self._state_writer = tap.state_writer
        self._now = tap.initialized_at // 1000

    @abstractmethod
    def batches(self, context: Context | None) -> Iterator[Iterable[Record]]:
        """List the records as Mux sends them.

        Args:
            context: The state partition: the environment, and what else ``slices`` names.

        Yields:
            Some of the records. In a sorted incremental stream they come in order of the
            replication key, and each batch is complete, so that the state may be written after it.

        Raises:
            MuxError: Mux did not answer as it should.
        """

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Read all records and write them, some at a time.

        The SDK's loop takes one record after the other from here and looks up for each how it is to
        be written, which costs more than all else together. So they are written here, by the SDK's
        public parts (selection, stream maps, counter, state), and none is left to be yielded. Only
        a dry run, which the SDK ends after so many records, goes its way.

        Args:
            context: The state partition: the environment.

        Yields:
            The records of a dry run.

        Raises:
            MuxError: Mux did not answer as it should, in a dry run. Otherwise this is noted, and
                the other streams go on.
        """
        if not context:
            return  # the settings name nothing to read
        self.environment = self._environments.readable[context["environment_id"]]
        self._so_far = self._outcomes.setdefault(
            self._label, StreamOutcome(self._label, self.permission, self._outcome)
        )
        if not self._so_far.is_unavailable:  # as an earlier slice would have shown
            yield from self._read_slice(context)
        if context == self.partitions[-1]:
            for outcome in self._outcomes.values():
                outcome.end()
            self._activate_version()

    def _read_slice(self, context: Context) -> Iterator[Record]:
        """Read and write a slice; yield its records instead in a dry run."""
        self._so_far.begin_slice()
        tidy = self._compile_tidy(context)
        try:
            for batch in self._expected(self.batches(context)):
                yield from self._emit(batch, tidy, context)
        except MuxError as error:
            if self.ABORT_AT_RECORD_COUNT is not None:
                raise
            self._is_complete = False
            # Else the SDK would take the rows that came for all there are, and move the bookmark.
            self.get_context_state(context).pop("progress_markers", None)
            self._so_far.note_error(error, _named(context))

    def _emit(
        self, batch: Iterable[Record], tidy: Normalizer, context: Context | None
    ) -> Iterator[Record]:
        """Write a batch and its state; yield its records instead in a dry run."""
        for some in _batched(self._expected(batch), RECORDS_AT_ONCE):
            yield from self._emit_some(some, tidy, context)
        self._so_far.note_answer()
        if self.replication_method == REPLICATION_INCREMENTAL:
            self._state_writer.write_state(self.tap_state)

    def _emit_some(
        self, some: Iterable[Record], tidy: Normalizer, context: Context | None
    ) -> Iterator[Record]:
        """Write a few records without their state; yield them instead in a dry run."""
        records = [tidy(raw) for raw in some]
        self._so_far.note_answer()
        if self.ABORT_AT_RECORD_COUNT is not None:
            yield from records
            return
        self._write_records(records)
        self._counter.increment(len(records))
        self._note(records, context)

    def _expected(self, items: Iterable[T]) -> Iterator[T]:
        """Give what is read from Mux; where that makes no sense, only this stream fails."""
        with expecting(self.path):
            yield from items

    @property
    def _label(self) -> str:
        """What the stream is called where the user is told of it."""
        many = self._environments.are_many
        return f"{self.name} of {self.environment.name}" if many else self.name

    @property
    def _version(self) -> int | None:
        """Number of this run's version of a table that is read whole; None for other tables.

        What a stream reads incrementally is kept in the warehouse when Mux has long deleted it.
        """
        is_whole_list = (
            self.replication_method == REPLICATION_FULL_TABLE
            and not isinstance(getattr(type(self), "replication_key", None), str)
            and not self.query
        )
        wanted = self.config.get("emit_activate_version_messages") and is_whole_list
        return self._now if wanted else None

    def _activate_version(self) -> None:
        """Tell loaders that all rows of other versions are gone, if all rows have come."""
        version = self._version
        if version is None or self.ABORT_AT_RECORD_COUNT is not None:
            return
        if not (self._is_complete and self._environments.are_all_readable):
            self.logger.warning("%s was not read to its end: no rows are deleted", self.name)
            return
        for stream_map in self.stream_maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                self._writer.write_message(
                    ActivateVersionMessage(stream=stream_map.stream_alias, version=version)
                )

    def probe(self) -> None:
        """Ask for as little as shows whether the stream can be read.

        Raises:
            MuxError: It cannot.
        """
        self.environment.client.get(self.path, {**self.query, "limit": 1})

    def report(self) -> Iterator[str]:
        """Say for each environment whether the stream can be read, and note where not.

        Yields:
            A line for each environment.
        """
        for environment in self._environments.readable.values():
            self.environment = environment
            answer = "available"
            try:
                with expecting(self.path):
                    self.probe()
            except MuxError as error:
                unavailable = isinstance(error, APIError) and error.is_unavailable
                noted = self._outcome.unavailable if unavailable else self._outcome.failed
                noted[self._label] = str(error)
                answer = f"failed: {error}"
                if unavailable:
                    answer = f"not available: {error}. It needs the permission {self.permission}"
            yield f"{self._label}: {answer}"

    @property
    def query(self) -> Query:
        """Query parameters that the user has set for this stream."""
        query: Query = self.config.get("stream_params", {}).get(self.name, {})
        return query

    @property
    def listing(self) -> Listing:
        """Reads the lists of the environment."""
        return Listing(
            self.environment.client,
            self.environment.fetcher,
            twice=self._version is not None,
            tell_incomplete=self._tell_incomplete,
        )

    def _tell_incomplete(self, sentence: str) -> None:
        self._is_complete = False
        self.logger.warning("%s may lack records: %s", self._label, sentence)

    def slices(self) -> list[dict[str, Any]]:
        """Say which parts of an environment are read apart, each with a bookmark of its own.

        Returns:
            Columns and their values, which each record of a part gets.
        """
        return [{}]

    @property
    def lookback_seconds(self) -> int:
        """How far before its bookmark a run reads again."""
        seconds: int = self.config["lookback_seconds"]
        return seconds

    def get_record_counter(self, **more: Any) -> metrics.Counter:
        """Return the SDK's counter of records, and keep it to count with.

        Args:
            more: As the SDK's.
        """
        self._counter = super().get_record_counter(**more)
        return self._counter

    def _compile_tidy(self, context: Context | None) -> Normalizer:
        """Make the function from a record as Mux sends it to the one that is emitted."""
        added = self._added(context)
        required = [key for key in self.primary_keys if key not in (context or {})]
        if self.replication_key and self.replication_method == REPLICATION_INCREMENTAL:
            required.append(self.replication_key)
        normalize = self._compile_normalizer()

        def tidy(raw: Mapping[str, Any]) -> Record:
            record = normalize(raw)
            for key in required:
                if record.get(key) is None:
                    text = f"GET {self.path} gave a record without {key}"
                    raise UnexpectedAnswerError(text)
            record |= added
            return record

        return tidy

    def _added(self, context: Context | None) -> Record:
        """Return what each record gets from the partition, if it is selected."""
        return {key: value for key, value in (context or {}).items() if self._is_selected(key)}

    def _write_records(self, records: list[Record]) -> None:
        """Write RECORD messages: many at once, if stream maps leave the records as they are."""
        extracted = datetime.now(UTC)
        if writer := self._batch_writer:
            alias = self.stream_maps[0].stream_alias
            writer.write_records(alias, records, extracted, self._version)
            return
        blank = dict.fromkeys(self._selected_schema["properties"])
        for record in records:
            for stream_map in self.stream_maps:
                try:
                    mapped = stream_map.transform(record)
                except MapExpressionError:  # it may name what Mux has left out
                    mapped = stream_map.transform({**blank, **record})
                if mapped is not None:
                    self._writer.write_message(
                        RecordMessage(
                            stream=stream_map.stream_alias,
                            record=mapped,
                            version=self._version,
                            time_extracted=extracted,
                        )
                    )

    @property
    def _batch_writer(self) -> BatchWriter | None:
        """Writes many records at once; None if stream maps do not leave them as they are."""
        plain = [type(stream_map) for stream_map in self.stream_maps] == [SameRecordTransform]
        if plain and isinstance(self._writer, BatchWriter):
            return None if self.config.get("flattening_enabled") else self._writer
        return None

    def _note(self, records: list[Record], context: Context | None) -> None:
        """Keep in the state, which is not written yet, how far the records have been written."""
        key = self.replication_key
        if not key or self.replication_method != REPLICATION_INCREMENTAL:
            return
        if not self.is_sorted:
            for record in records:
                self.state_manager.increment_state(record, context=context, replication_key=key)
            return
        # A run begins with records older than the bookmark, those of the lookback. For them the SDK
        # can only fail or move the bookmark back, so that a run killed there would resume further
        # back each time.
        state = self.get_context_state(context)
        newest = records[-1][key]
        if state.get("replication_key") != key or newest > (
            state.get("replication_key_value") or ""
        ):
            state["replication_key"] = key
            state["replication_key_value"] = newest

    def span(self, context: Context | None) -> Span:
        """Say which range of time is to be read, by the bookmark and the settings.

        Args:
            context: The state partition: the environment.

        Raises:
            MuxError: The bookmark is not a moment.
        """
        bookmark = self._bookmark(context)
        return span_to_read(self.name, self.config, bookmark, self.lookback_seconds, self._now)

    def _bookmark(self, context: Context | None) -> int | None:
        """Return the bookmark in epoch seconds, and keep it in the form that records have."""
        state = self.get_context_state(context)
        value = state.get("replication_key_value")
        if (
            value is None
            or self.replication_method != REPLICATION_INCREMENTAL
            or state.get("replication_key") != self.replication_key
        ):
            return None
        try:
            moment = utc_timestamp(value)
        except MisfitError:
            text = f"The state of {self.name} is not a moment: {value!r}. Mend or remove it"
            raise MuxError(text) from None
        is_date = self.schema["properties"][self.replication_key].get("format") == "date"
        state["replication_key_value"] = moment[:10] if is_date else moment
        return int(datetime.fromisoformat(moment).timestamp())

    @cached_property
    def schema(self) -> schemas.Schema:
        """The schema that is shown to the user: without credentials unless they are asked for."""
        whole = schemas.read(self.name)
        hidden = () if self.config.get("include_credentials") else schemas.credentials(whole)
        return schemas.without(whole, hidden)

    def _compile_normalizer(self) -> Normalizer:
        kept = self._selected_schema
        return compile_normalizer(
            kept,
            dropped=(self._known_paths | self.ignored_fields) - schemas.paths(kept),
            tell_unknown=self._tell_unknown,
            tell_misfit=self._tell_misfit,
        )

    @property
    def _selected_schema(self) -> schemas.Schema:
        """The schema of what is emitted."""
        schema = self.effective_schema
        deselected = [path for path in schemas.paths(schema) if not self._is_selected(path)]
        return schemas.without(schema, deselected)

    @property
    def _known_paths(self) -> frozenset[str]:
        """Paths of all fields that are known, selected or not."""
        return schemas.paths(schemas.read(self.name)) | schemas.paths(self.effective_schema)

    def _tell_unknown(self, path: str) -> None:
        self.logger.warning(
            "Mux sends a field that the schema of %s does not have; left out: %s", self.name, path
        )

    def _tell_misfit(self, path: str) -> None:
        self.logger.warning(
            "Mux sends a value that does not fit the schema of %s; made null: %s", self.name, path
        )

    def _is_selected(self, path: str) -> bool:
        return self.mask[("properties", *path.replace(".", ".properties.").split("."))]

    @property
    def emit_activate_version_messages(self) -> bool:
        """Keep the SDK from sending ACTIVATE_VERSION before records that may then fail to come.

        It is sent after the last record instead.
        """
        return False

    @property
    def partitions(self) -> list[dict[str, Any]]:
        """The parts that are read one after another, each with a bookmark of its own.

        There is one for each slice of each environment, so that the token of another environment
        starts afresh. Each record gets the values of its partition.
        """
        return [
            {"environment_id": environment_id, **part}
            for environment_id in self._environments.readable
            for part in self.slices()
        ]

    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """Keep the SDK from working out where to start, which is done here.

        Args:
            value: The bookmark.
            start_date_value: The setting.
        """
        return value

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Keep the SDK from noting a limit to the bookmark, which it does not for partitions."""

    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """Keep the SDK from writing BATCH messages, which ignore selection and stream maps."""


def _batched(items: Iterable[Record], most: int) -> Iterator[list[Record]]:
    iterator = iter(items)
    while some := list(islice(iterator, most)):
        yield some


def _named(context: Context) -> str:
    """Say which slice of an environment it is; nothing if there is no other."""
    parts = ((key, value) for key, value in context.items() if key != "environment_id")
    return ", ".join(f"{key}: {value}" for key, value in parts if value)
