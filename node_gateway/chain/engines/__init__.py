"""Local engines: started on demand, stopped by process id, never left behind."""
