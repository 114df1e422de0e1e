"""What the service does with a case: the one door, the store, and who may look."""
