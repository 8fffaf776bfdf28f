"""Tables of the wallet. Times are Unix seconds, members are `0x` ids."""

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA_VERSION = 1

metadata = MetaData()

# A member's own data key, wrapped under the wallet's master key. Destroying the row makes the personal data unreadable.
data_keys = Table(
    "data_keys",
    metadata,
    Column("member", String(42), primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("created_at_s", Integer, nullable=False),
)

# Personal data, each field sealed with the member's data key.
personal_data = Table(
    "personal_data",
    metadata,
    Column("member", String(42), primary_key=True),
    Column("field", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential_id", LargeBinary, primary_key=True),
    Column("member", String(42), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("ledger_key", String(42), nullable=False),
    Column("sign_count", Integer, nullable=False),
    Column("created_at_s", Integer, nullable=False),
    Index("passkeys_by_member", "member"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("subject", String(42), nullable=False),
    Column("expires_at_s", Integer, nullable=False),
    Index("sessions_by_subject", "subject"),
)

# What a passkey was asked to sign; used once.
challenges = Table(
    "challenges",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("member", String(42)),
    Column("challenge", LargeBinary, nullable=False),
    Column("details", String, nullable=False),
    Column("expires_at_s", Integer, nullable=False),
    Index("challenges_by_expiry", "expires_at_s"),
)

redeem_codes = Table(
    "redeem_codes",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("member", String(42), nullable=False),
    Column("partner", Integer, nullable=False),
    Column("max_points", Integer, nullable=False),
    Column("nonce", Integer, nullable=False),
    Column("authorisation", LargeBinary, nullable=False),
    Column("expires_at_s", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("points_used", Integer),
    Column("operation", String(40)),
    Index("redeem_codes_by_member", "member"),
)
