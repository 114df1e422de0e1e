"""Sign-in: the provider that knows who somebody is, what it says of them, and what the register makes of that."""
