"""Every setting of the service, read once at the root and passed down."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from github_metrics.environment import Environment, is_secret, process_environment, variable, variables
from replay.errors import SettingsError

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_ORIGIN = re.compile(r"\*|https?://[^/\s]+")
_URL = re.compile(r"https?://[^/\s]+\S*")


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    items = tuple(item.strip() for item in re.split(r"[,\n]", value) if item.strip())
    if value.strip() and not items:
        raise ValueError("a list without an entry")
    return items


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _repository(value: str) -> str:
    if not _REPOSITORY.fullmatch(value):
        raise ValueError(f"{value} is not a repository in the form org/repo")
    return value


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        raise ValueError(f"{value} is not an origin such as https://example.org")
    return value


def _url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise ValueError(f"{value} is not a URL that begins with http:// or https://")
    return value


def _optional_projection(value: str) -> str:
    from projections.catalog import optional_fault  # all projections are loaded only to look one up

    if fault := optional_fault(value):
        raise ValueError(fault)
    return value


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


def _user_data_directory() -> Path:
    return Path(platformdirs.user_data_dir("github-metrics", appauthor=False))


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
Repositories = Annotated[tuple[Annotated[str, AfterValidator(_repository)], ...], NoDecode, BeforeValidator(_split)]
ExtraProjections = Annotated[
    tuple[Annotated[str, AfterValidator(_optional_projection)], ...], NoDecode, BeforeValidator(_split)
]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_split)]
File = Annotated[Path, AfterValidator(_absolute)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Each field is the environment variable METRICS_<FIELD>; lists are comma-separated.

    A secret may instead be given in a file named by METRICS_<FIELD>_FILE.
    """

    model_config = SettingsConfigDict(frozen=True, env_prefix="METRICS_", populate_by_name=True, extra="ignore")

    db_name: str | None = Field(None, description="PostgreSQL database; without one, an embedded PostgreSQL is used")
    db_user: str | None = Field(None, description="PostgreSQL user")
    db_password: SecretStr | None = Field(None, description="PostgreSQL password")
    db_host: str = Field("localhost", description="PostgreSQL host, or the directory of its socket")
    db_port: Port = Field(5432, description="PostgreSQL port")
    db_pool_size: int = Field(20, ge=1, le=10_000, description="database connections of all workers together")
    server_host: str = Field("0.0.0.0", description="address to listen on")  # noqa: S104 - a container's port is mapped
    server_port: Port = Field(8080, description="port to listen on")
    server_workers: int = Field(4, ge=1, le=64, description="uvicorn worker processes")
    data_dir: File = Field(
        default_factory=_user_data_directory,
        description="directory of the embedded PostgreSQL",
        json_schema_extra={"default_text": "the user's data directory"},
    )
    mcp_enabled: bool = Field(True, description="serve MCP for assistants at /mcp")
    api_keys: Secrets = Field((), description="API keys that may read; without any, everyone may")
    cors_origins: Origins = Field((), description="web origins whose pages may read from a browser")
    webhook_secret: Secrets = Field((), description="webhook secret; several during a rotation")
    verify_github_ips: bool = Field(False, description="accept deliveries from GitHub's addresses only")
    verify_cloudflare_ips: bool = Field(False, description="accept deliveries through Cloudflare's addresses only")
    setup_webhook: bool = Field(False, description="create the webhooks of METRICS_REPOSITORIES at start")
    github_token: SecretStr | None = Field(None, description="GitHub token with admin rights on the repositories")
    webhook_url: Annotated[str, AfterValidator(_url)] | None = Field(
        None, description="URL that GitHub delivers to, as https://metrics.example.org/metrics"
    )
    repositories: Repositories = Field((), description="repositories to set webhooks up for, as org/repo")
    bot_logins: Names = Field((), description="logins that count as bots besides those GitHub marks as such")
    approval_label_prefix: str = Field("approved-", description="prefix of the labels that approve")
    lgtm_label_prefix: str = Field("lgtm-", description="prefix of the labels that say 'looks good to me'")
    team_label_prefix: str = Field("sig-", description="prefix of the labels that name a team")
    production_environments: Names = Field(
        ("production", "prod"), description="deployment environments that count as production"
    )
    extra_projections: ExtraProjections = Field((), description="optional projections to switch on")
    teams_file: File | None = Field(
        None,
        validation_alias=AliasChoices("METRICS_TEAMS_FILE", "METRICS_SIG_TEAMS_CONFIG"),
        description="YAML file of teams and maintainers; METRICS_SIG_TEAMS_CONFIG means the same",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="least severe level logged: debug, info, warning or error"
    )
    log_format: Annotated[Literal["auto", "console", "json"], BeforeValidator(_lower)] = Field(
        "auto", description="console, json, or auto: console on a terminal, else json"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, Environment(settings_cls, process_environment()))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if faults := [*self._missing_database(), *self._missing_setup()]:
            raise ValueError("\n".join(faults))
        return self

    def _missing_database(self) -> list[str]:
        required = ("db_name", "db_user", "db_password")
        given = [
            name
            for name in (*required, "db_host", "db_port")
            if name in self.model_fields_set and getattr(self, name) is not None
        ]
        missing = [name for name in required if getattr(self, name) is None]
        if not given:
            return []
        return [f"{variable(name)} is missing, although {variable(given[0])} is given" for name in missing]

    def _missing_setup(self) -> list[str]:
        if not self.setup_webhook:
            return []
        missing = [name for name in ("github_token", "webhook_url", "repositories") if not getattr(self, name)]
        return [f"{variable(name)} is missing, although METRICS_SETUP_WEBHOOK is true" for name in missing]

    @property
    def embedded(self) -> bool:
        """Whether no database is configured, so that the embedded PostgreSQL is used."""
        return self.db_name is None

    def conninfo(self) -> str:
        """The configured database for libpq; the password is in it."""
        from psycopg.conninfo import make_conninfo  # --help and `settings` need no database, and show themselves sooner

        if self.db_name is None or self.db_password is None:
            raise SettingsError("METRICS_DB_NAME is missing: no database is configured")
        return make_conninfo(
            host=self.db_host,
            port=self.db_port,
            dbname=self.db_name,
            user=self.db_user,
            password=self.db_password.get_secret_value(),
            connect_timeout=10,
            application_name="github-metrics",
        )


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment over `.env`, or only `environ` if it is given.

    Raises SettingsError with one line per fault; a line names the variable and never shows a secret.
    """
    source = Environment(Settings, process_environment() if environ is None else environ)
    sources: dict[str, Any] = {"_build_sources": ((source,), {})}
    try:
        settings = Settings(**sources)
    except ValidationError as error:
        raise SettingsError("\n".join([*source.faults, *_lines(error)])) from None
    if source.faults:
        raise SettingsError("\n".join(source.faults))
    return settings


def _lines(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for fault in error.errors(include_url=False, include_context=False):
        message = fault["msg"].removeprefix("Value error, ")
        if not fault["loc"]:
            lines.extend(message.splitlines())
            continue
        name = str(fault["loc"][0])
        field_name = name.removeprefix("METRICS_").lower()
        secret = is_secret(Settings.model_fields[field_name])
        shown = "" if secret or fault["type"] == "value_error" else f" (given: {fault['input']})"
        lines.append(f"{variable(field_name)}: {message[0].lower() if shown else message[0]}{message[1:]}{shown}")
    return lines


def setting_rows() -> list[tuple[str, str, str]]:
    """Variable, default as a user would write it, and description of every setting, in order."""
    rows = []
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = str(extra.get("default_text") or as_written(field.default))
        rows.append((variables(name, field)[0], default, field.description or ""))
    return rows


def as_written(value: object) -> str:
    """A value as it would be written in the environment; secrets are masked."""
    if isinstance(value, tuple):
        return ",".join(as_written(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
