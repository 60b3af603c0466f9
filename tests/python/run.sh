#!/usr/bin/env bash
# Tests with real clients: OpenTelemetry SDKs that send, Delta readers that open the tables, the demo; and with
# tables in a bucket.
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
status=0
for tests in clients object_store; do
  "$venv/bin/python" "tests/python/$tests.py" --binary "$binary" || status=1
done
# The demo, compared with what its driver did: once with the mock broker, and with Apache Kafka and parts that are stopped where Java is.
"$venv/bin/python" demo/check.py --binary "$binary" --data none --seconds 20 || status=1
if command -v java >/dev/null && command -v mvn >/dev/null; then
  "$venv/bin/python" demo/check.py --binary "$binary" --data none --seconds 10 --kafka real --disturb || status=1
else
  echo "not run: the demo with Apache Kafka, because Java or Maven is missing" >&2
fi
exit "$status"
