#!/usr/bin/env bash
# Tests with real clients: OpenTelemetry SDKs that send, Delta readers that open the tables, the first small system.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/throughline"
binary="${CARGO_TARGET_DIR:-$cache/target}/debug/throughline"
key="$(cat tests/python/requirements.txt <(python3 --version) | sha256sum | cut -c1-16)"
venv="$cache/test-venv-$key"
if [ ! -e "$venv/ready" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r tests/python/requirements.txt
  touch "$venv/ready"
fi
exec "$venv/bin/python" tests/python/clients.py --binary "$binary"
