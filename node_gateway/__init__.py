"""The gateway: accepts what partners sign, relays it to the chain, and serves read models of what the chain says."""
