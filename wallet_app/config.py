"""Settings of the wallet: environment variables that start with `COALITION_WALLET_`."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class WalletSettings(BaseSettings):
    """Everything the wallet can be told from outside. Documented in docs/wallet.md; a test compares the two."""

    model_config = SettingsConfigDict(env_prefix="COALITION_WALLET_", extra="ignore", populate_by_name=True)

    state_dir: Path = Field(
        default=Path(".coalition"),
        validation_alias=AliasChoices("COALITION_WALLET_STATE_DIR", "COALITION_STATE_DIR"),
        description="Directory of the wallet's database and keys.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8720, ge=0, le=65535, description="Port to listen on.")
    public_origin: str = Field(
        default="http://localhost:8720",
        description="Origin that members type; its host is the passkeys' relying-party id, so never an IP address.",
    )
    program_name: str = Field(
        default="Coalition", max_length=40, description="Name on the card and in the title."
    )

    gateway_url: str = Field(default="http://127.0.0.1:8710", description="Base URL of the gateway.")
    gateway_api_key: SecretStr = Field(
        default=SecretStr(""),
        description="The wallet's API key; empty: read `wallet_api_key` in the state directory.",
    )
    attester_key: SecretStr = Field(
        default=SecretStr(""),
        description="Attester's private key, 32 bytes hex; empty: read `wallet_attester_key` in the state directory.",
    )
    attester_slot: int = Field(
        default=1, ge=1, le=65535, description="Slot of the attester: submitter `0.slot`."
    )
    tills_file: Path | None = Field(
        default=None, description="JSON list of tills; default `wallet_tills.json` in the state directory."
    )

    development_sign_in: bool = Field(
        default=False,
        description="Accept signed links to a member's wallet. For development and demonstrations only.",
    )
    development_keys_file: Path | None = Field(
        default=None,
        description="JSON object member → private key, with which members without a passkey approve. Development only.",
    )
    link_validity_s: int = Field(
        default=7 * 86_400, ge=60, description="How long a signed link opens a wallet."
    )

    session_validity_s: int = Field(default=30 * 86_400, ge=300, description="How long a sign-in lasts.")
    code_validity_s: int = Field(
        default=300, ge=30, le=3600, description="How long a redemption code can be used."
    )
    sign_in_attempts_per_minute: int = Field(
        default=20, ge=1, description="Sign-in attempts a minute and address."
    )
    streams_max: int = Field(default=2_000, ge=1, description="Open event streams at once.")
    heartbeat_s: float = Field(
        default=15.0, gt=0, description="Seconds between signs of life on an event stream."
    )
    gateway_timeout_s: float = Field(
        default=10.0, gt=0, description="Longest wait for one answer of the gateway."
    )

    @property
    def relying_party_id(self) -> str:
        """Host name of `public_origin`."""
        return self.public_origin.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]

    @property
    def is_secure_origin(self) -> bool:
        """Whether cookies must be limited to TLS."""
        return self.public_origin.startswith("https://")
