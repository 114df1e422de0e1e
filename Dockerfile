# One image for web, worker and the owner's commands. Slim, not Alpine: not every locked wheel comes for musl.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /casetrail

# The locked dependencies first: they change less often than the code.
COPY requirements/runtime.txt requirements/
RUN python -m pip install --require-hashes --requirement requirements/runtime.txt

COPY pyproject.toml LICENSE* README* ./
COPY domain domain
COPY application application
COPY projections projections
COPY interfaces interfaces
COPY docs/ledger.md docs/export.md docs/
COPY tests/stories tests/stories
RUN python -m pip install --no-deps --no-build-isolation . \
 && useradd --system --no-create-home casetrail

USER casetrail
EXPOSE 8000
ENTRYPOINT ["casetrail"]
CMD ["serve"]
