"""The case file: one zip that carries a whole case elsewhere, to be read by people and checked without us (`docs/ledger.md`, 5)."""
