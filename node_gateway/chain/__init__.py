"""The chain port: JSON-RPC, transactions, ABI, deployment and local engines. Knows nothing of tables."""
