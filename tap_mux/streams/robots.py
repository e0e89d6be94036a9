"""Mux Robots: jobs that an AI does, and the directives that start them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError, UnexpectedAnswerError
from tap_mux.reading.pagination import by, each, path_to
from tap_mux.records.normalizer import MisfitError, utc_timestamp
from tap_mux.streams.base import MuxStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record


class RobotsStream(MuxStream):
    """A list of Mux Robots by page number, newest first."""

    permission = "Mux Robots: Read, and robots that are switched on for the environment"
    selected_by_default = False

    def pages(self, path: str) -> Iterator[list[Record]]:
        """List the pages."""
        return self.listing.by_page(path, self.query)

    def since(self, context: Context | None) -> str:
        """Give the first moment to read, in the form of the tap."""
        return utc_timestamp(self.span(context).start or 0)


def _moment(row: Record, key: str) -> str:
    try:
        return utc_timestamp(row[key])
    except (KeyError, MisfitError):
        text = f"Mux Robots listed something without {key}"
        raise UnexpectedAnswerError(text) from None


class Directives(RobotsStream):
    """What is to be done with new assets.

    Follows https://www.mux.com/docs/api-reference/robots/directives/list-directives
    """

    name = "directives"
    path = "/robots/v0/directives"

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the pages."""
        return self.pages(self.path)


class DirectiveRuns(RobotsStream):
    """When directives did their work; Mux keeps runs for 30 days.

    Follows https://www.mux.com/docs/api-reference/robots/directives/list-directive-runs
    """

    name = "directive_runs"
    path = "/robots/v0/directives/{DIRECTIVE_ID}/runs"
    primary_keys = ("run_id",)
    replication_key = "started_at"

    @property
    def lookback_seconds(self) -> int:
        """Read again all runs that Mux keeps: they may have been completed."""
        return 30 * 86_400

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the directives, and the runs of each."""
        since = self.since(context)

        def runs(directive: Record) -> list[Record]:
            path = path_to(self.path, directive.get("id"))
            pages = self.listing.page_after_page(path, {}, by("run_id"))
            return [
                {**run, "directive_id": directive["id"]}
                for page in pages
                for run in page["data"]
                if _moment(run, self.replication_key) >= since
            ]

        directives = (row for page in self.pages(Directives.path) for row in page)
        return each(self.environment.fetcher, runs, directives)

    def probe(self) -> None:
        """Ask for a directive."""
        self.environment.client.get(Directives.path, {"limit": 1})


class RobotJobs(RobotsStream):
    """Jobs with what went in and what came out; Mux keeps them for 30 days.

    Follows https://www.mux.com/docs/api-reference/robots/jobs/list-jobs
    """

    name = "robot_jobs"
    path = "/robots/v0/jobs"
    replication_key = "updated_at"
    ignored_fields = frozenset({"_links", "resources.assets._links"})
    parameters = frozenset({"workflow", "status", "asset_id"})

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the jobs, and ask for those that changed since."""
        # The bookmark must not pass what changes after it was asked for.
        self.state_manager.write_replication_key_signpost(utc_timestamp(self._now), context=context)
        return each(self.environment.fetcher, self._whole, self._changed(self.since(context)))

    def _changed(self, since: str) -> Iterable[Record]:
        for page in self.pages(self.path):
            for job in page:
                if _moment(job, self.replication_key) >= since:
                    yield job

    def _whole(self, job: Record) -> list[Record]:
        path = path_to(f"{self.path}/{{WORKFLOW}}/{{JOB_ID}}", job.get("workflow"), job.get("id"))
        try:
            whole: Record = self.environment.client.get(path, data=dict)["data"]
        except APIError as error:
            if not error.is_about_missing:
                raise
            self.logger.warning("%s has no parameters and outputs of a job: %s", self.name, error)
            return [job]
        return [{**job, **whole}]
