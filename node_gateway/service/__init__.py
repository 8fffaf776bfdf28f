"""What the gateway does for a caller, over the store and the domain."""
