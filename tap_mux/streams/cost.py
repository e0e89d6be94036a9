"""How many requests a stream takes, roughly: the order in which a lane reads its streams."""

from enum import IntEnum


class Cost(IntEnum):
    """What the number of requests of a stream depends on, the cheapest first."""

    FEW = 1
    """A list that is short in most environments."""

    INTERVALS = 2
    """The time range: requests for each day, hour or minute."""

    PAGES = 3
    """A list of all that there is: a request for a hundred records."""

    RECORDS = 4
    """A list of all that there is, and a request for each of its records."""

    @property
    def is_by_record(self) -> bool:
        """Whether it takes a request for each record."""
        return self is Cost.RECORDS
