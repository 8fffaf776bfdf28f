"""The data's year as a scenario of the ledger rules: real purchases and coupons, and around them made-up returns, holds, transfers,
campaigns and acts of the operator, all drawn from one seed."""
