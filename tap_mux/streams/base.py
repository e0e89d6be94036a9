"""The base class of all streams: a stream says what to read, the rest of the tap says how."""

from __future__ import annotations

import sys
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL

from tap_mux import schemas
from tap_mux.api.rate_limit import part_of_api
from tap_mux.api.usage import Usage
from tap_mux.reading.bookmarks import Bookmarks
from tap_mux.reading.extent import Extent
from tap_mux.reading.pagination import Paginator
from tap_mux.reading.stable import StableLists
from tap_mux.reading.time_range import time_range_to_read
from tap_mux.records.emitter import Emitter, ReadBatch
from tap_mux.records.timestamps import utc_timestamp
from tap_mux.streams.cost import Cost

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_mux.api.client import MuxClient, Query
    from tap_mux.api.environment import Environment
    from tap_mux.api.workers import WorkerPool
    from tap_mux.reading.time_range import TimeRange
    from tap_mux.records.normalizer import Record


class MuxStream(Stream):
    """A stream of one Mux environment.

    A subclass has a name, a path, keys, a schema file of its name, and ``batches``: how Mux lists
    its records. Where a run reads several environments, there is an object for each of them.

    This is a ``Stream`` of the SDK, not a ``RESTStream``: that sends one request at a time, and
    each stream has a connection of its own. Here, one client serves all streams of an environment.
    """

    path: ClassVar[str]
    """Path of the endpoint, below the base URL."""

    permission: ClassVar[str]
    """What the access token needs, in the words of the Mux dashboard."""

    cost: ClassVar[Cost] = Cost.FEW
    """How many requests the stream takes. In a lane, cheap streams are read first."""

    ignored_fields: ClassVar[frozenset[str]] = frozenset()
    """Paths of fields that Mux sends and that are left out without a report."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    """Query parameters of the endpoint that users may set."""

    ids_repeat: ClassVar[bool] = False
    """Whether two environments may have records with the same keys."""

    former_replication_keys: ClassVar[frozenset[str]] = frozenset()
    """What states of earlier versions call the replication key."""

    former_primary_keys: ClassVar[frozenset[str]] = frozenset()
    """The keys in catalogs of earlier versions, where today's are others."""

    primary_keys: Sequence[str] = ("id",)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the emitter brings records into form

    def __init__(self, tap: Tap, environment: Environment) -> None:
        """Make the stream of an environment."""
        super().__init__(tap)
        self.environment = environment
        if environment.is_one_of_many and self.ids_repeat:
            self.primary_keys = (*self.primary_keys, "environment_id")
        self.is_complete = True
        """Whether nothing is known to be missing so far."""
        self._begun_at = tap.initialized_at / 1000
        self.usage = Usage()
        """What reading the stream costs."""
        self.extent = Extent()
        """How much there is to read, as far as it is known."""
        self.bookmarks = Bookmarks(self.name, self.label, self.former_replication_keys)
        self._writers = tap.message_writer, tap.state_writer.write_state

    @abstractmethod
    def batches(self, partition: Context) -> Iterator[Iterable[Record]]:
        """List the records as Mux sends them.

        Args:
            partition: The partition of the state: the environment, and the columns of one of
                ``partition_columns``.

        Yields:
            Records. The state is written after each batch. So in a sorted incremental stream a
            batch is complete, and batches come in order of the replication key.

        Raises:
            MuxError: A request failed for good, or an answer was not what the API describes.
        """

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return the columns and values of each part with a bookmark. Its records get them."""
        return [{}]

    def probe(self) -> None:
        """Send the smallest request that shows whether the stream can be read.

        Raises:
            MuxError: It cannot be read.
        """
        self.client.get(self.path, {**self.query, "limit": 1})

    @property
    def lane(self) -> str:
        """The name of the rate limit of Mux that the stream draws on."""
        return part_of_api(self.path)

    @cached_property
    def now(self) -> int:
        """When the run began, by the clock of Mux, in epoch seconds."""
        return int(self.environment.mux_clock.at(self._begun_at))

    @cached_property
    def client(self) -> MuxClient:
        """Sends the requests of the stream, and counts them."""
        return self.environment.client.counted_by(self.usage)

    @property
    def workers(self) -> WorkerPool:
        """Sends several requests at a time."""
        return self.environment.workers(self.lane)

    @property
    def lookback_seconds(self) -> int:
        """How far before its bookmark a run reads again."""
        seconds: int = self.config["lookback_seconds"]
        return seconds

    @property
    def query(self) -> Query:
        """Query parameters that the user has set for this stream."""
        query: Query = self.config.get("stream_params", {}).get(self.name, {})
        return query

    @property
    def lists(self) -> StableLists:
        """Reads the lists of the environment."""
        return self.lists_to_be_read(confirm=self.table_version is not None)

    def lists_to_be_read(self, *, confirm: bool) -> StableLists:
        """Return what reads the lists of the environment.

        Args:
            confirm: Whether nothing may be missing, whatever requests that takes.
        """
        return StableLists(
            Paginator(self.client, self.workers),
            confirm=confirm,
            on_incomplete=self.warn_incomplete,
            on_count=None if self.cost.is_by_record else self.extent.count,
        )

    def warn_incomplete(self, reason: str) -> None:
        """Warn that records may be missing, with the reason in a sentence."""
        self.is_complete = False
        self.logger.warning("%s may lack records: %s", self.label, reason)

    @property
    def label(self) -> str:
        """The name of the stream in messages; with its environment, if there are several."""
        name = self.environment.name
        return f"{self.name} of {name}" if self.environment.is_one_of_many else self.name

    @cached_property
    def emitter(self) -> Emitter:
        """Writes what the stream reads, as the catalog says."""
        return Emitter(
            self, *self._writers, ignored_fields=self.ignored_fields, version=self.table_version
        )

    @property
    def table_version(self) -> int | None:
        """The number of this run, if the loader is to delete records that Mux no longer lists.

        None for an incremental stream: the warehouse keeps what Mux has long deleted.
        """
        is_whole_list = (
            self.replication_method == REPLICATION_FULL_TABLE
            and not isinstance(getattr(type(self), "replication_key", None), str)
            and not self.query
        )
        is_wanted = self.config.get("emit_activate_version_messages") and is_whole_list
        return int(self._begun_at) if is_wanted else None

    def time_range(self, partition: Context) -> TimeRange:
        """Return which range of time is to be read, by the bookmark and the settings.

        Args:
            partition: The partition of the state.

        Raises:
            MuxError: The bookmark is no moment.
        """
        found = time_range_to_read(
            self.config, self.bookmark(partition), self.lookback_seconds, self.now
        )
        self.extent.time_range = found
        return found

    def bookmark(self, partition: Context) -> int | None:
        """Return the bookmark that earlier runs left, in epoch seconds; None if there is none.

        Args:
            partition: The partition of the state.

        Raises:
            MuxError: The bookmark is no moment.
        """
        key = self.replication_key if self.replication_method == REPLICATION_INCREMENTAL else None
        return self.bookmarks.find(partition, self.get_context_state, key, self.query, self.now)

    def read_up_to(self, records: list[Record], moment: int) -> list[Record]:
        """Return sorted records as a batch that says up to which moment there are no others."""
        key = self.replication_key
        if key is None or key != getattr(type(self), "replication_key", None):
            return records  # the catalog names another key, whose values are others
        return ReadBatch(records, utc_timestamp(moment))

    # What follows is for the SDK.

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        """The partitions of the state. The token of another environment starts a new one."""
        return [
            {"environment_id": self.environment.id, **columns}
            for columns in self.partition_columns()
        ]

    @cached_property
    @override
    def schema(self) -> schemas.Schema:
        """The schema for the catalog, in the form that the settings ask for."""
        whole = schemas.read(self.name)
        hidden = () if self.config.get("include_credentials") else schemas.credentials(whole)
        keeps = self.config.get("keep_unknown_fields")
        return schemas.for_catalog(whole, hidden, has_unknown_fields=keeps)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield the records of a partition, for dry runs of the SDK.

        A run of the tap does not use this: it reads ``batches``, and the emitter writes them.

        Args:
            context: The partition; None if there is none.
        """
        if context:
            for batch in self.batches(context):
                for records in self.emitter.conformer.chunks(batch, context):
                    yield from records

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """False: the SDK would send ACTIVATE_VERSION first, before records that may not come."""
        return False

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """Return the bookmark: ``time_range`` compares it with the start date."""
        return value

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> str | None:
        """Return what a bookmark of this run must not pass; None for no limit."""
        return None

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """Return None: BATCH messages ignore selection and stream maps."""
