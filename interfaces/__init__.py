"""Where people and other systems meet the service, and the only place where concrete classes meet."""
