// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Bounds of the ledger rules page, and of the lists that callers can grow. All of them are inclusive.

/// @dev Points in one operation and in one lot.
uint256 constant POINTS_MAX = 4_000_000_000;
/// @dev Minor units of the currency in one operation.
uint256 constant SPEND_MAX = 1_000_000_000_000;
/// @dev Micro-units of the currency for one point.
uint256 constant PRICE_MICRO_MAX = 1_000_000_000;
/// @dev Points per 100 minor units.
uint256 constant EARN_RATE_MAX = 10_000;
uint256 constant SHARE_BPS_TOTAL = 10_000;

/// @dev The last day that a lot or hold can name; also "none" in sorted lists.
uint256 constant DAY_MAX = (1 << 20) - 1;
/// @dev The longest validity of a lot, so that no day computed from it leaves its 20 bits before the year 3000.
uint256 constant VALIDITY_DAYS_MAX = 500_000;
/// @dev In a purchase: the day it settles.
uint256 constant DAY_OF_SETTLEMENT = 0xffffff;

/// @dev Open lots of a member at which an operation that adds lots is refused. Bonuses of that operation may still go beyond.
uint256 constant OPEN_LOTS_MAX = 1500;
/// @dev Lots that an account can ever number (21 bits), less what one operation may add.
uint256 constant LOT_INDEX_MAX = (1 << 21) - 1024;
uint256 constant PENDING_HOLDS_MAX = 1000;
uint256 constant DEBTS_MAX = 1000;
/// @dev Debts that an account can ever number between two moments without debt (20 bits), less one operation's.
uint256 constant DEBT_INDEX_MAX = (1 << 20) - 1024;

/// @dev Of a submission: operations, and bytes of all of them as they are framed.
uint256 constant OPERATIONS_MAX = 256;
uint256 constant OPERATIONS_BYTES_MAX = 65_535;
uint256 constant PARTNERS_MAX = 4096;
uint256 constant CAMPAIGN_PARTNERS_MAX = 64;
uint256 constant CAMPAIGN_STAGES_MAX = 16;
/// @dev Campaigns of one partner that may still award or be undone at once.
uint256 constant LIVE_CAMPAIGNS_MAX = 32;
uint256 constant CAMPAIGN_PAUSES_MAX = 16;
uint256 constant MEMBER_KEYS_MAX = 16;

/// @dev Authorisation nonces: 22 bits, a window of 32 below the highest used, and at most this far ahead of it.
uint256 constant NONCE_AHEAD_MAX = 256;
uint256 constant NONCE_MAX = (1 << 22) - 1;

/// @dev Terms of the operator's own lots (grants): free of charge.
uint256 constant OPERATOR_TERMS = 1;
