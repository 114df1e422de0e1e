"""The process in the order of the guidance: what may happen to a case, and what follows from it."""
