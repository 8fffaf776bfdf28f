"""Turns what the gateway says into what a page shows: finished words and numbers, no logic left for templates."""
