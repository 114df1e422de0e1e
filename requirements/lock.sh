#!/bin/sh
# Writes the locks: for every platform and Python since 3.11, with hashes, without the address of any index.
# Pass --upgrade to move to newer versions; without it, what is locked stays.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    --extra local pyproject.toml requirements/build.in "$@"
}
echo "Locking what Casetrail runs on …"
compile -o requirements/runtime.txt
echo "Locking what tests and lint need …"
compile requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt
