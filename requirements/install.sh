#!/bin/sh
# Makes .venv from a lock, every file checked against its hash: `install.sh runtime`, or `install.sh dev` (which holds both).
# A stamp named after all it was made from lets the next run start at once.
set -eu
cd "$(dirname "$0")/.."
wanted="$1"

stop() {
  echo "$1" >&2
  exit 1
}

# The interpreter behind a virtual environment, not the environment: an activated .venv must not be asked to remake itself.
find_python() {
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    "$name" -c 'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys._base_executable)' 2>/dev/null && return
  done
  stop "Casetrail needs Python 3.11 or later. Install it first, for example with: apt-get install python3 python3-venv"
}

make_environment() {
  echo "Making .venv with $("$python" -V) …"
  if [ -n "$uv" ]; then
    uv venv --quiet --clear --python "$python" .venv
  else
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
      stop "$("$python" -V) comes without venv or pip. Install them first, for example with: apt-get install python3-venv"
    rm -rf .venv
    "$python" -m venv .venv
  fi
  echo "$PWD" >.venv/made-in
}

install() {
  if [ -n "$uv" ]; then
    VIRTUAL_ENV="$PWD/.venv" uv pip install "$@"
  else
    .venv/bin/python -m pip install --disable-pip-version-check --progress-bar off "$@"
  fi
}

python="$(find_python)"
uv="$(command -v uv || true)"
[ "$(cat .venv/made-in 2>/dev/null)" = "$PWD" ] && .venv/bin/python -c '' 2>/dev/null || rm -f .venv/made-in

stamp() { echo ".venv/$1-$(cksum <"$2" | tr ' ' '-')"; }
packages="$(stamp "$wanted" "requirements/$wanted.txt")"
itself="$(stamp casetrail pyproject.toml)"
[ -e .venv/made-in ] && [ -e "$packages" ] && [ -e "$itself" ] && exit 0
[ -e .venv/made-in ] || make_environment

# Without uv the environment brings its own pip; one that uv made has none, and uv may since have gone.
[ -n "$uv" ] || .venv/bin/python -c 'import pip' 2>/dev/null || make_environment

if [ ! -e "$packages" ]; then
  echo "Installing $(grep -c == "requirements/$wanted.txt") packages, each checked against its hash (seconds with uv, half a minute with pip) …"
  install --require-hashes -r "requirements/$wanted.txt"
  touch "$packages" "$(stamp runtime requirements/runtime.txt)"
fi
echo "Installing Casetrail itself …"
install --no-deps --no-build-isolation --editable .
touch "$itself"
echo "Ready: .venv/bin/casetrail"
