"""Do we know this child? An exact search by name and birth date, which goes with the keys of the words (`docs/personal-data.md`)."""
