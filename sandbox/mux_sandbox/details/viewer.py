"""Viewers. Each has one device and one place, and may watch again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.details.places import COUNTRIES
from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_GROUP_SIZE = 25
"""How many viewers share system, application and country."""


class _System(NamedTuple):
    category: str
    manufacturer: str
    device: str
    models: tuple[str, ...]
    versions: tuple[str, ...]


_SYSTEMS = {
    "Windows": _System("desktop", "Microsoft", "Windows Device", ("NT",), ("10", "11")),
    "OS X": _System("desktop", "Apple", "Mac", ("Mac14,2", "Mac15,6"), ("14.6", "15.5")),
    "Linux": _System("desktop", "Unknown", "Linux PC", ("x86_64",), ("6.8", "6.12")),
    "iOS": _System("phone", "Apple", "iPhone", ("iPhone14,5", "iPhone16,1"), ("17.6.1", "18.5")),
    "Android": _System("phone", "Samsung", "Galaxy", ("SM-A546B", "SM-S921B"), ("14", "15")),
    "tvOS": _System("tv", "Apple", "Apple TV", ("AppleTV14,1",), ("18.4",)),
    "Roku OS": _System("tv", "Roku", "Roku Ultra", ("4850X",), ("14.5",)),
}
_ENGINES = {"Chrome": "Blink", "Edge": "Blink", "Firefox": "Gecko", "Safari": "WebKit"}
_PLANS = (
    ("premium", "active", "paid"),
    ("free", "active", "free"),
    ("premium", "past_due", "paid"),
)
_NO_PLAN = (None, None, None)


def make(view: Row) -> Row:
    """Make up the fields."""
    dice = Dice(view["id"], "viewer")
    return _viewer(
        view["viewer_os_family"],
        view["viewer_application_name"],
        view["country_code"],
        # A viewer with a small number comes back more often.
        int(_GROUP_SIZE * dice.random() ** 2),
    )


@lru_cache(maxsize=20_000)
def _viewer(os_family: str | None, application: str | None, code: str | None, number: int) -> Row:
    dice = Dice("viewer", os_family, application, code, number)
    version = f"{dice.between(100, 140)}.0"
    registered = dice.chance(0.6)
    plan, status, category = dice.pick(_PLANS) if registered else _NO_PLAN
    return {
        "mux_viewer_id": dice.identifier(36),
        "viewer_user_id": f"user-{dice.between(1, 99_999)}" if registered else None,
        "viewer_plan": plan,
        "viewer_plan_status": status,
        "viewer_plan_category": category,
        "viewer_application_engine": _ENGINES.get(application or ""),
        "viewer_application_version": None if application is None else version,
        "platform_summary": f"{application} on {os_family}" if application and os_family else None,
        "platform_description": None,
        "viewer_user_agent": f"Mozilla/5.0 ({os_family}) {application}/{version}",
        "player_language": dice.pick(("en", "de", "pt-BR", None)),
        **_place(code, dice),
        **_device(os_family, dice),
    }


def _place(code: str | None, dice: Dice) -> Row:
    country = COUNTRIES.get(code or "")
    place = dice.pick(country.places) if country else (None, None, None, None)
    region, city, latitude, longitude = place
    asn, asn_name = country.network if country else (None, None)
    return {
        "continent_code": country.continent if country else None,
        "country_name": country.name if country else None,
        "region": region,
        "city": city,
        "latitude": latitude,
        "longitude": longitude,
        "asn": asn,
        "asn_name": asn_name,
        "isp": None,
        "metro": None,
    }


def _device(os_family: str | None, dice: Dice) -> Row:
    system = _SYSTEMS.get(os_family or "")
    mobile = system is not None and system.category == "phone"
    return {
        "viewer_os_version": dice.pick(system.versions) if system else None,
        "viewer_os_architecture": None,
        "viewer_device_category": system.category if system else None,
        "viewer_device_manufacturer": system.manufacturer if system else None,
        "viewer_device_name": system.device if system else None,
        "viewer_device_model": dice.pick(system.models) if system else None,
        "viewer_connection_type": dice.pick(("cellular", "wifi") if mobile else ("wifi", "wired")),
    }
