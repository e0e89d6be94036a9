"""Settings from environment variables.

The SDK can read them, too. But then a value of the wrong form ends the program with a traceback, or
counts as false.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "TAP_MUX_"

_NO_SETTINGS = ("TAP_MUX_LOGLEVEL", "TAP_MUX__")
"""Variables that begin like this are for the SDK, or for Meltano."""

_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


def settings_in(
    variables: Mapping[str, str], properties: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Read the settings in variables. An empty variable is the same as none.

    Args:
        variables: The environment variables.
        properties: The JSON Schema of each setting.

    Returns:
        The settings, also unknown ones, and an error in one sentence for each that has the wrong
        form. Errors do not quote the value, which may be a credential.
    """
    settings: dict[str, Any] = {}
    errors = []
    for variable, text in sorted(variables.items()):
        is_setting = variable.startswith(PREFIX) and not variable.startswith(_NO_SETTINGS)
        if is_setting and text.strip():
            name = variable.removeprefix(PREFIX).lower()
            try:
                settings[name] = _value(text, properties.get(name, {}))
            except ValueError as error:
                errors.append(f"{variable} has to be {error}")
    return settings, errors


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    """Read one value.

    Raises:
        ValueError: The value has the wrong form. The text of the error says which form is right.
    """
    types = schema.get("type", ())
    if "integer" in types:
        return _integer(text)
    if "boolean" in types:
        return _boolean(text)
    if "array" in types and "string" in schema["items"].get("type", ()) and "[" not in text:
        return [word.strip() for word in text.split(",")]
    if "array" in types:
        return _json(text, list, "a list in JSON")
    if "object" in types:
        return _json(text, dict, "an object in JSON")
    return text


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        what = "a whole number"
        raise ValueError(what) from None


def _boolean(text: str) -> bool:
    value = _WORDS.get(text.strip().lower())
    if value is None:
        what = "true or false"
        raise ValueError(what)
    return value


def _json(text: str, kind: type, what: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise ValueError(what)  # noqa: TRY004 - an error of the same kind as the others
    return value
