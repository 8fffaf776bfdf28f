"""Background jobs: relay, indexer, push. They answer no request; they meet the API in tables."""
