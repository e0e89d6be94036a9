"""Mux Robots: jobs that an AI does, and the directives that start them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError
from tap_mux.reading.answers import by_field, expand_path
from tap_mux.reading.children import fetch_children
from tap_mux.reading.time_range import is_in
from tap_mux.records.timestamps import utc_timestamp
from tap_mux.streams.base import MuxStream
from tap_mux.streams.cost import Cost

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record


class RobotsStream(MuxStream):
    """A list of Mux Robots by page number, newest first."""

    permission = "Mux Robots: Read, and robots that are switched on for the environment"
    selected_by_default = False

    def pages(self, path: str) -> Iterator[list[Record]]:
        """List the pages."""
        return self.lists.by_page(path, self.query)


class Directives(RobotsStream):
    """What is to be done with new assets.

    Follows https://www.mux.com/docs/api-reference/robots/directives/list-directives
    """

    name = "directives"
    path = "/robots/v0/directives"

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the pages."""
        return self.pages(self.path)


class DirectiveRuns(RobotsStream):
    """Runs of directives. Mux keeps them for 30 days.

    Follows https://www.mux.com/docs/api-reference/robots/directives/list-directive-runs
    """

    name = "directive_runs"
    cost = Cost.RECORDS
    path = "/robots/v0/directives/{DIRECTIVE_ID}/runs"
    primary_keys = ("run_id",)
    replication_key = "started_at"

    @property
    def lookback_seconds(self) -> int:
        """All that Mux keeps, since runs may have been completed meanwhile."""
        return 30 * 86_400

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the directives, and the runs of each."""
        is_wanted = is_in(self.time_range(partition), "started_at", self.now)

        def runs(directive: Record) -> list[Record]:
            path = expand_path(self.path, directive.get("id"))
            pages = self.lists.page_after_page(path, {}, by_field("run_id"))
            return [
                {**run, "directive_id": directive["id"]}
                for page in pages
                for run in page["data"]
                if is_wanted(run)
            ]

        directives = (each for page in self.pages(Directives.path) for each in page)
        return fetch_children(self.workers, runs, directives)

    def probe(self) -> None:
        """Ask for a directive."""
        self.client.get(Directives.path, {"limit": 1})


class RobotJobs(RobotsStream):
    """Jobs with their parameters and outputs. Mux keeps them for 30 days.

    Follows https://www.mux.com/docs/api-reference/robots/jobs/list-jobs
    """

    name = "robot_jobs"
    cost = Cost.RECORDS
    path = "/robots/v0/jobs"
    replication_key = "updated_at"
    ignored_fields = frozenset({"_links", "resources.assets._links"})
    parameters = frozenset({"workflow", "status", "asset_id"})

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the jobs, and ask for those that changed since the last run."""
        jobs = (job for page in self.pages(self.path) for job in page)
        changed = filter(is_in(self.time_range(partition), "updated_at", self.now), jobs)
        return fetch_children(self.workers, self._whole, changed)

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> str:
        """Return the start of the run: a job may change while the run goes on."""
        return utc_timestamp(self.now)

    def _whole(self, job: Record) -> list[Record]:
        path = expand_path(
            f"{self.path}/{{WORKFLOW}}/{{JOB_ID}}", job.get("workflow"), job.get("id")
        )
        try:
            whole: Record = self.client.get(path, data=dict)["data"]
        except APIError as error:
            if not error.is_not_found:
                raise
            self.logger.warning("%s has no parameters and outputs of a job: %s", self.name, error)
            return [job]
        return [{**job, **whole}]
