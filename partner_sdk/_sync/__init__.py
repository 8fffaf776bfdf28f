# Made from partner_sdk/_async by `python -m partner_sdk._generate`; change it there.
"""The client. The asynchronous source is the one that is written; the synchronous one is made from it."""
