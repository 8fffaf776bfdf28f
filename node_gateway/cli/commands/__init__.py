"""The commands, a module for each thing that they act on; each has `register(app)`."""
