"""HTTP: reads requests, calls the service, writes answers. docs/api.md describes it for callers."""
