"""Every environment variable and path Tuneboard reads, in one typed place.

Nothing else in the project calls `os.environ` for a setting. A variable is named after its field with the
prefix `TUNEBOARD_`: `home` is `TUNEBOARD_HOME`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import ByteSize, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
SAMPLES = DATA / "samples"
ENCODINGS = DATA / "encodings"
CATALOGUE = DATA / "catalogue"
_MIB = 1024 * 1024
_GIB = 1024 * _MIB


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

    engine_hub: bool = False
    """Let jobs name models of the Hugging Face hub (`org/name`): they are downloaded into `models`, once."""

    engine_url: str = ""
    """Base URL (ending in `/v1`) of an engine that already runs; empty starts the embedded one."""

    engine_api_key: SecretStr = SecretStr("")
    """Key for the engine at `engine_url`."""

    openai_api_key: SecretStr = SecretStr("")
    """Key for OpenAI's own service. `OPENAI_API_KEY` is never read."""

    openai_webhook_secret: SecretStr = SecretStr("")
    """Signing secret of OpenAI's webhooks to `/hooks/openai`; without one they are refused."""

    connections: Path | None = None
    """YAML file of further connections, with their keys; see `lib.providers.configured`."""

    secret_key: SecretStr = SecretStr("")
    """Fernet key that seals the API keys kept in the database; several, by commas, to move from an old one."""

    allow_local_addresses: bool = False
    """Whether a connection that a user adds may lead to this machine or its link-local neighbours."""

    monthly_budget: float | None = Field(default=None, ge=0)
    """US dollars that launches may cost in a calendar month; unset means no limit."""

    max_upload_mb: int = 512
    """Largest file the Data page takes, in MiB; as large as the largest training file OpenAI takes."""

    engine_file_bytes: ByteSize = Field(default=ByteSize(512 * _MIB), gt=0)
    """Largest file the engine takes in one piece. Sizes may be written as `512MiB` or `8GiB`."""

    engine_upload_bytes: ByteSize = Field(default=ByteSize(8 * _GIB), gt=0)
    """Largest file the engine takes in parts."""

    engine_part_bytes: ByteSize = Field(default=ByteSize(64 * _MIB), gt=0)
    """Largest of those parts."""

    engine_json_bytes: ByteSize = Field(default=ByteSize(16 * _MIB), gt=0)
    """Largest body of any other request to the engine."""

    engine_file_rows: int = Field(default=1_000_000, gt=0)
    """Most lines of a training or validation file."""

    engine_batch_rows: int = Field(default=50_000, gt=0)
    """Most requests in a batch's file."""

    engine_answers: int = Field(default=16, gt=0)
    """Most answers to one request: `n`, times its prompts."""

    engine_max_tokens: int = Field(default=32_768, gt=0)
    """Most tokens of one answer."""

    engine_streams: int = Field(default=64, gt=0)
    """Most requests that models answer at once."""

    engine_project_streams: int = Field(default=48, gt=0)
    """Most of those for one project."""

    engine_jobs: int = Field(default=1000, gt=0)
    """Most jobs that wait or run."""

    engine_project_jobs: int = Field(default=500, gt=0)
    """Most of those for one project."""

    engine_project_running: int = Field(default=8, gt=0)
    """Most jobs of one project that run at once, where there are so many devices."""

    engine_project_batches: int = Field(default=100, gt=0)
    """Most batches of one project that wait or run."""

    engine_project_files: int = Field(default=10_000, gt=0)
    """Most files and open uploads of one project."""

    engine_project_bytes: ByteSize = Field(default=ByteSize(64 * _GIB), gt=0)
    """Most disk that one project's files, open uploads and tuned models take."""

    engine_project_hooks: int = Field(default=20, gt=0)
    """Most webhook addresses of one project."""

    engine_slots: int = Field(default=0, ge=0, le=256)
    """Jobs that train at the same time; 0 means one on each GPU, or one where there is none."""

    engine_vllm: str = ""
    """URL of a vLLM server that answers for the models it serves, and for LoRA adapters on them; empty means none."""

    engine_ray: str = ""
    """Ray cluster that trains the jobs: `ray://host:10001`, `host:6379` or `auto`; empty means this machine."""

    engine_ray_storage: str = ""
    """URL (`s3://...`, any that fsspec knows) where jobs meet their workers; empty means that all machines of the
    cluster see this engine's folder and the base models under the same paths."""

    engine_ray_slots: int = Field(default=1, ge=1, le=256)
    """Jobs that train on the cluster at the same time."""

    engine_ray_workers: int = Field(default=1, ge=1, le=1024)
    """Most workers of one job; it goes on with fewer while a machine is missing."""

    engine_ray_cpus: float = Field(default=1, ge=0)
    """Processors of one worker."""

    engine_ray_gpus: float = Field(default=0, ge=0)
    """GPUs of one worker."""

    engine_ray_retries: int = Field(default=3, ge=0)
    """How often a job's workers are started again after a machine died."""

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
