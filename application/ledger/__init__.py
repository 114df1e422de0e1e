"""The ledger: two logs over what is recorded and who looked, published under signed checkpoints (`docs/ledger.md`)."""
