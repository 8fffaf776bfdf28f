"""An independent, naive model of the ledger rules, and random scenarios to compare it with."""
