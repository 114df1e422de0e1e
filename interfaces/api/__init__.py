"""The HTTP API: JSON in, JSON out, problems as `application/problem+json`; `docs/api.md` describes it."""
