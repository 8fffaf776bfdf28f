"""Replays a real retailer's year through the coalition: the main job of `scripts/run`."""
