"""The record: events as bytes, in one order, chained, sealed where they are personal; and the keys, kept apart."""
