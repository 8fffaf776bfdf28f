"""The operator's console: what runs, who owes whom, what campaigns cost. It reads; acts are the command line's."""
