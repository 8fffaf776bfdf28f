"""Tables, transactions and queries. Nothing here knows HTTP or the chain's RPC."""
