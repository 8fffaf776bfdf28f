"""Scenario files run through freshly deployed contracts on a local chain."""
