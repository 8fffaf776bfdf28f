"""One module a page: load, return early, one change, answer."""
