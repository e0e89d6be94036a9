"""What the command line accepts; a wrong value is told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mux_sandbox.options import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from click.decorators import FC

_ERRORS = range(400, 600)
_MAX_SECONDS = 60
_MAX_RATE = 1e6


class Refused(click.ClickException):
    """A command line that makes no sense."""

    exit_code = 2


class Command(click.Command):
    """A command that tells what is wrong in one line, without its usage."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the command line."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise Refused(error.format_message()) from error


def count(name: str, default: int, allowed: click.IntRange, meaning: str) -> Callable[[FC], FC]:
    """Declare an option that takes a whole number."""
    return click.option(name, default=default, type=allowed, metavar="NUMBER", help=meaning)


def seconds(_context: click.Context, _option: click.Parameter, value: str) -> float:
    """Read a number of seconds."""
    number = _number(value)
    if 0 <= number <= _MAX_SECONDS:
        return number
    raise _refusal(value, f"a number of seconds from 0 to {_MAX_SECONDS}")


def shares(
    _context: click.Context, _option: click.Parameter, values: Iterable[str]
) -> list[tuple[int, float]]:
    """Read statuses, each with the share of requests that get it."""
    return [_share(value) for value in values]


def _share(value: str) -> tuple[int, float]:
    status, _, text = value.partition(":")
    share = _number(text)
    if status.isdecimal() and int(status) in _ERRORS and 0 <= share <= 1:
        return int(status), share
    raise _refusal(value, "a status from 400 to 599 and a share from 0 to 1, such as 429:0.05")


def rate(_context: click.Context, _option: click.Parameter, value: str | None) -> RateLimit | None:
    """Read a rate limit."""
    if value is None:
        return None
    capacity, _, refill = value.partition(":")
    limit = RateLimit(_number(capacity), _number(refill))
    if 1 <= limit.capacity <= _MAX_RATE and 0 < limit.refill_per_second <= _MAX_RATE:
        return limit
    form = "a number of requests and how many more come each second, such as 20:5"
    raise _refusal(value, form)


def _number(text: str) -> float:
    """Read a number; a text that is none becomes NaN, which is in no range."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _refusal(value: str, form: str) -> click.BadParameter:
    return click.BadParameter(f"{value!r} is not {form}")
