"""Where the parts of goalcycle find each other: settings by environment, with the local stack as the default.

Lives in the lowest layer that needs it, so that `eventlog`, `api` and `cli` share one model and import
no other.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConnectConfig

SECRETS_DIRECTORY = Path("/run/secrets")
DATABASE_NAME = "goalcycle"
DATABASE_OWNER = "goalcycle"


class NotConfigured(Exception):
    """Something is pointed nowhere: no setting names it and no local stack was started in this home."""


class Settings(BaseSettings):
    """Every setting, read from `GOALCYCLE_<NAME>`, then from a file of that name under /run/secrets (containers).

    Temporal's address, namespace and TLS are read by Temporal's own envconfig (`TEMPORAL_ADDRESS`,
    `TEMPORAL_NAMESPACE`, a profile file), so they are not repeated here.
    """

    model_config = SettingsConfigDict(
        env_prefix="GOALCYCLE_",
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        secrets_dir=SECRETS_DIRECTORY if SECRETS_DIRECTORY.is_dir() else None,
    )

    home: Path = Field(default=Path(".goalcycle"), description="Folder of the local stack: data, logs, keys, ports")

    database_url: SecretStr | None = Field(default=None, description="Postgres of one's own; none: the local server")
    postgres_bin: Path | None = Field(default=None, description="Folder that holds `postgres` and `initdb`")
    postgres_user: str | None = Field(default=None, description="Account that runs Postgres when we are root")
    postgres_port: int = Field(default=0, ge=0, le=65535, description="0: pick a free port and remember it in home")

    temporal_bin: Path | None = Field(default=None, description="The `temporal` program")
    temporal_port: int = Field(default=0, ge=0, le=65535, description="0: pick a free port and remember it in home")
    temporal_ui_port: int = Field(default=0, ge=0, le=65535, description="0: pick a free port and remember it in home")
    temporal_args: tuple[str, ...] = Field(default=(), description="Further arguments of `temporal server start-dev`")

    worker_deployment: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = Field(
        default=None, description="Name of the workers' deployment; none: they are not versioned"
    )
    worker_build: str | None = Field(default=None, description="Build of the worker's code; none: the release")

    api_host: str = Field(default="127.0.0.1", description="Address on which the API listens")
    api_port: int = Field(default=8080, ge=1, le=65535, description="Port of the API")
    queue_limit: int = Field(default=2000, ge=1, description="Requests under way in one API process; one more gets 503")

    metrics_host: str = Field(default="127.0.0.1", description="Address on which the other parts show their metrics")
    worker_metrics_port: int = Field(default=0, ge=0, le=65535, description="/metrics of the worker; 0: none")
    relay_metrics_port: int = Field(default=0, ge=0, le=65535, description="/metrics of the relay; 0: none")
    projector_metrics_port: int = Field(default=0, ge=0, le=65535, description="/metrics of the projector; 0: none")
    temporal_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="/metrics of Temporal's SDK in the worker; 0: none"
    )
    tracing: bool = Field(
        default=False, description="Record OpenTelemetry spans (extra `tracing`; OTEL_* says where to)"
    )

    keyring: Path | None = Field(default=None, description="Folder of the keys of sealed values; none: home/keyring")
    token_secret_file: Path | None = Field(default=None, description="File of the secret that signs callers' tokens")

    log_format: Literal["console", "json"] = Field(default="console", description="How log lines are written")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Quietest level kept")

    @property
    def keyring_directory(self) -> Path:
        """The folder of the keys, outside Postgres on purpose: erasing a key erases what it sealed."""
        return self.keyring or self.home / "keyring"

    @property
    def token_secret_path(self) -> Path:
        """The file whose content signs bearer tokens."""
        return self.token_secret_file or self.home / "secrets" / "token"

    @property
    def postgres_password_path(self) -> Path:
        """The password of the local Postgres server, generated when it is first started."""
        return self.home / "secrets" / "postgres"

    @property
    def ports_path(self) -> Path:
        """The ports that the local stack picked, kept so that addresses survive a restart."""
        return self.home / "ports.json"

    def remembered_port(self, name: str) -> int | None:
        """The port that the local stack of this home last gave to `name`, if it was ever started."""
        try:
            ports = json.loads(self.ports_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        port = ports.get(name)
        return port if isinstance(port, int) else None

    def require_database_url(self) -> str:
        """The database's URL, password included: never log it.

        Raises:
            NotConfigured: neither a setting nor a local stack names one.
        """
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        port = self.remembered_port("postgres")
        if port is None or not self.postgres_password_path.exists():
            raise NotConfigured(f"no database: run `goalcycle dev` (home {self.home}) or set GOALCYCLE_DATABASE_URL")
        password = self.postgres_password_path.read_text(encoding="utf-8").strip()
        return f"postgresql://{DATABASE_OWNER}:{password}@127.0.0.1:{port}/{DATABASE_NAME}"

    def temporal_connect_config(self) -> "ClientConnectConfig":
        """Keyword arguments of `temporalio.client.Client.connect`, by Temporal's envconfig.

        Raises:
            NotConfigured: neither Temporal's configuration nor a local stack names an address.
        """
        from temporalio.envconfig import ClientConfig  # costs 0.1 s, which `--help` must not pay

        config = ClientConfig.load_client_connect_config()
        if "target_host" not in config:
            port = self.remembered_port("temporal")
            if port is None:
                raise NotConfigured(f"no Temporal: run `goalcycle dev` (home {self.home}) or set TEMPORAL_ADDRESS")
            config["target_host"] = f"127.0.0.1:{port}"
        config.setdefault("namespace", "default")
        return config


def settings_errors(error: Exception) -> list[str] | None:
    """One line a wrong setting, by its variable's name and without its value; None when the error is about others."""
    if not isinstance(error, ValidationError) or error.title != Settings.__name__:
        return None
    return [
        f"GOALCYCLE_{'_'.join(str(step) for step in wrong['loc']).upper()}: {wrong['msg']}"
        for wrong in error.errors(include_url=False, include_input=False)
    ]
