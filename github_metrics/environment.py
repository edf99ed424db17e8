"""Where settings come from: the process's environment over the `.env` file of the working directory."""

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from replay.errors import SettingsError

PREFIX = "METRICS_"
TEST_PREFIX = "METRICS_TEST_"


def process_environment() -> dict[str, str]:
    """The environment over `.env`: what is exported wins."""
    try:
        written = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    except UnicodeDecodeError:
        raise SettingsError(".env cannot be read: it is not UTF-8") from None
    return {**written, **os.environ}


def variable(field_name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field_name.upper()


def is_secret(field: FieldInfo) -> bool:
    """Whether the value must never be shown, and may be given in a file."""
    return SecretStr.__name__ in str(field.annotation)


class Environment(PydanticBaseSettingsSource):
    """Reads variables, and for each secret NAME the file that NAME_FILE names.

    An empty value counts as not given, as `${UNSET}` in a compose file leaves one.
    `faults` holds a line for each file that could not be read.
    """

    def __init__(self, settings_class: type[BaseSettings], environ: Mapping[str, str]) -> None:
        """`environ` maps variable names, upper case, to values."""
        super().__init__(settings_class)
        self.environ = {name: value for name, value in environ.items() if value.strip()}
        self.faults: list[str] = []

    def __call__(self) -> dict[str, Any]:
        """The values given, by field."""
        values: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                values[name] = value
        return values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value as written, the field's name, and that it is never JSON."""
        names = variables(field_name, field)
        value = next((self.environ[name] for name in names if name in self.environ), None)
        if is_secret(field) and (path := self.environ.get(f"{names[0]}_FILE")):
            value = self._read(names[0], path, value)
        return value, field_name, False

    def _read(self, name: str, path: str, value: str | None) -> str | None:
        if value is not None:
            self.faults.append(f"{name} and {name}_FILE are both given: give one of them")
            return value
        try:
            read = Path(path).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self.faults.append(f"{name}_FILE: cannot read {path}: {reason}")
            return None
        if not read:
            # A secret that is not there yet must not open the door that it was to close.
            self.faults.append(f"{name}_FILE: {path} is empty")
        return read or None


def variables(field_name: str, field: FieldInfo) -> list[str]:
    """Every variable that gives a field its value, the one documented first."""
    if isinstance(field.validation_alias, AliasChoices):
        return [str(choice) for choice in field.validation_alias.choices if str(choice).startswith(PREFIX)]
    return [variable(field_name)]


def unknown_variables(settings_class: type[BaseSettings], environ: Iterable[str]) -> list[str]:
    """One line for each METRICS_ name that is no setting, with the nearest that is."""
    fields = settings_class.model_fields.items()
    known = [name for field_name, field in fields for name in variables(field_name, field)]
    known += [f"{variable(name)}_FILE" for name, field in fields if is_secret(field)]
    lines = []
    for name in sorted(environ):
        if name.upper().startswith(PREFIX) and not name.startswith(TEST_PREFIX) and name not in known:
            nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.8)
            hint = f": did you mean {nearest[0]}?" if nearest else ""
            lines.append(f"{name} is not a setting{hint}")
    return lines
