"""Measures the product: a chain, a database, the gateway's own processes, and traffic that was signed beforehand. Nothing in the product knows it."""
