"""Every environment variable and path Tuneboard reads, in one typed place.

Nothing else in the project calls `os.environ` for a setting. A variable is named after its field with the
prefix `TUNEBOARD_`: `home` is `TUNEBOARD_HOME`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
SAMPLES = DATA / "samples"
ENCODINGS = DATA / "encodings"
CATALOGUE = DATA / "catalogue"


class Settings(BaseSettings):
    """What an operator may set. Every field has a default that works on a laptop."""

    model_config = SettingsConfigDict(env_prefix="TUNEBOARD_", extra="ignore")

    home: Path = Path.home() / ".tuneboard"
    """Where uploads, dataset versions, result files and the embedded engine's folder live."""

    database_url: str = ""
    """SQLAlchemy URL of the dashboard's database; empty means SQLite in `home`."""

    language: str = ""
    """`zh_CN` or `en`; empty means the browser's language, or English when it tells none."""

    models: Path | None = None
    """Folder whose sub-folders are Hugging Face models that the embedded engine offers as bases."""

    engine_url: str = ""
    """Base URL (ending in `/v1`) of an engine that already runs; empty starts the embedded one."""

    engine_api_key: SecretStr = SecretStr("")
    """Key for the engine at `engine_url`."""

    openai_api_key: SecretStr = SecretStr("")
    """Key for OpenAI's own service. `OPENAI_API_KEY` is never read."""

    max_upload_mb: int = 512
    """Largest file the Data page takes, in MiB; as large as the largest training file OpenAI takes."""

    @property
    def database(self) -> str:
        """SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'tuneboard.db'}"

    @property
    def files(self) -> Path:
        """Folder of content-addressed files."""
        return self.home / "files"

    @property
    def engine_home(self) -> Path:
        """Folder that the embedded engine owns alone."""
        return self.home / "engine"


@lru_cache
def settings() -> Settings:
    """Return the settings of this process, read once. Tests call `settings.cache_clear()` after changing one."""
    return Settings()
