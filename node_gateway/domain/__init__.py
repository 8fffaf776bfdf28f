"""Rules and states without input or output."""
