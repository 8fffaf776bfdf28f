"""The auditor: rebuilds the ledger from the chain's events by rules of its own, and names what does not agree.

Imports neither store, service nor jobs: a mistake that is shared would hide itself.
"""
