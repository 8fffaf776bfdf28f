"""The client. The asynchronous source is the one that is written; the synchronous one is made from it."""
