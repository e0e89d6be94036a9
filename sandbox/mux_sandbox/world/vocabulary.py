"""The words of the generated world: titles, countries, devices and player errors."""

from __future__ import annotations

from mux_sandbox.world.dice import Dice, weighted

SERIES = (
    "Harbour Lights", "Kitchen Physics", "Slow Trains", "The Night Desk", "Garden Diaries",
    "Atlas of Small Islands", "Product Tour", "Weekly All-Hands", "Onboarding", "Choir Practice",
    "Trail Reports", "Physics 101", "Match of the Week", "Studio Sessions", "Robot Workshop",
)  # fmt: skip

TOPICS = (
    "Opening night", "Salt and water", "North by rail", "Interview", "Spring planting",
    "Ferries", "What is new", "Questions and answers", "First steps", "Rehearsal",
    "Ridge walk", "Momentum", "Second half", "Unplugged", "Soldering basics", "Behind the scenes",
)  # fmt: skip

AWKWARD_TITLES = (
    'The "best" of 2025, part 1',
    "Crème brûlée – 5 façons, s'il vous plaît",  # noqa: RUF001
    "日本語の字幕つき予告編",
    "Наука на кухне: вода и соль",
    "مقدمة في الفيزياء",
    "Línea uno\nLínea dos",
    "Tabs\tand\r\nWindows line ends",
    "C:\\videos\\final\\final_v2 (1).mov",
    "🎬 Teaser 🚀 – 👩‍🚀 edition",  # noqa: RUF001
    "100% real; DROP TABLE videos; --",
    "<b>Bold</b> &amp; loud",
    "a,b,,c",
    "null",
    "  leading and trailing  ",
    "e\u0301 is not \u00e9, is it?",
    "Zero\u200bwidth and \u2028 separators",
    "x" * 200,
)

COUNTRIES = weighted(
    {
        "US": 30, "DE": 10, "GB": 9, "BR": 8, "IN": 8, "FR": 6, "JP": 5, "CA": 5, "MX": 4,
        "AU": 3, "NL": 3, "ES": 2, "PL": 2, "NG": 2, "KR": 1, "NZ": 1, None: 1,
    }
)  # fmt: skip

DEVICES = weighted(
    {
        ("Windows", "Chrome"): 22,
        ("Windows", "Edge"): 8,
        ("Windows", "Firefox"): 4,
        ("OS X", "Safari"): 11,
        ("OS X", "Chrome"): 8,
        ("iOS", "Safari"): 17,
        ("iOS", "Harbour Player"): 5,
        ("Android", "Chrome"): 14,
        ("Android", "Samsung Internet"): 4,
        ("tvOS", "Harbour TV"): 2,
        ("Roku OS", "Harbour TV"): 2,
        ("Linux", "Firefox"): 2,
        (None, "Harbour Player"): 1,
        ("Android", None): 1,
    }
)

PLAYER_ERRORS = (
    ("2", "A network error caused the video download to fail.", 310),
    ("3", "The video could not be decoded.", 311),
    ("4", None, 312),
    ("MEDIA_ERR_SRC_NOT_SUPPORTED", 'No supported source: "https://cdn.example/a,b.m3u8"', 313),
    ("-1001", "Zeitüberschreitung bei der Anforderung.", 314),
    ("403", "Token expired\nat playlist.m3u8\nat segment 12", 315),
    (None, "unknown \\ unspecified error 💥", None),
)

LANGUAGES = (
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español (Latinoamérica)"),
    ("ja", "日本語"),
    ("pt-BR", "Português"),
)


def title_of_asset(seed: int, day: int, slot: int) -> str:
    """Give the title of the asset that was the `slot`-th of a day."""
    dice = Dice(seed, "title", day, slot)
    if dice.chance(0.12):
        return dice.pick(AWKWARD_TITLES)
    return f"{dice.pick(SERIES)}: {dice.pick(TOPICS)} ({day % 1000}/{slot + 1})"
