"""Settings: environment variables first, then `leadbench.toml`, then the defaults here."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PROJECT_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """What an installation may set; every name is `LEADBENCH_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="LEADBENCH_", toml_file="leadbench.toml", extra="forbid")

    store: Path = Field(Path("leadbench-store"), description="Folder of the store.")
    user: str | None = Field(None, description="Who acts where --as is not given.")
    environment: str = Field("local", description="Name shown at the foot of the sidebar.")
    port: int = Field(8501, ge=1, le=65535, description="Port of the app's server.")
    threads: int = Field(2, ge=1, le=256, description="Threads of the database.")
    memory_limit: str = Field("2GB", description="Memory that the database may take.")
    write_key: str | None = Field(None, description="One more write key of the HTTP API, for tests.")
    max_field_bytes: int = Field(1_000_000, ge=1_000, description="Longest single value that an import accepts.")

    outbox_url: str | None = Field(None, description="Webhook that is told of moves; without one, a file is written.")
    outbox_file_mib: int = Field(64, ge=1, description="Size at which that file is put by and a new one begun.")
    outbox_files: int = Field(9, ge=1, description="Files put by that are kept; the oldest go.")
    outbox_secret: str | None = Field(None, description="Key that signs webhooks: whsec_ and base64.")

    telemetry: bool = Field(True, description="Whether a server records spans, measures and logs.")
    trace_mib: int = Field(256, ge=32, description="Room for trace files in the store's folder; the oldest go.")
    otlp_endpoint: str | None = Field(None, description="Address of an OTLP collector (HTTP) that gets spans too.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
