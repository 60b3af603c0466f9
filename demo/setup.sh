#!/usr/bin/env bash
# Installs the Debian packages that build, demo and tests need, then the demo's Python and Node packages into the cache. Without the
# right to install it prints the one command that an administrator runs and goes on: what is missing is named again where it is needed.
set -u
need=()
have() { command -v "$1" >/dev/null 2>&1; }
have cc || need+=(build-essential)
have cmake || need+=(cmake)
have pkg-config || need+=(pkg-config)
have python3 || need+=(python3)
have redis-server || need+=(redis-server)
have openssl || need+=(openssl)
have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need+=(postgresql)
have mariadbd || [ -x /usr/sbin/mariadbd ] || need+=(mariadb-server)
ls /usr/lib/*/libnss_wrapper.so >/dev/null 2>&1 || need+=(libnss-wrapper)
# Debian's own Node may be older than 20.6; then the gateway says so and the rest runs.
have node || need+=(nodejs npm)
python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || need+=(python3-venv)
if ! have cargo; then
  echo "Rust is missing. Install it as https://rustup.rs says (version 1.95 or later), then run this again." >&2
  exit 1
fi

policy=/usr/sbin/policy-rc.d
# The packages' services must not start by themselves: the demo starts its own on free ports. What stood there comes back.
forbid_start() {
  if [ -e "$policy" ]; then mv "$policy" "$policy.before-throughline" || return 1; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
}
allow_start() {
  rm -f "$policy"
  if [ -e "$policy.before-throughline" ]; then mv "$policy.before-throughline" "$policy"; fi
}
install_needed() {
  forbid_start || return 1
  trap allow_start EXIT
  DEBIAN_FRONTEND=noninteractive apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq
  local code=$?
  allow_start
  trap - EXIT
  return $code
}
if [ ${#need[@]} -gt 0 ]; then
  install="apt-get install -y --no-install-recommends ${need[*]}"
  if [ "$(id -u)" = 0 ]; then
    echo "Installing: ${need[*]}"
  fi
  if [ "$(id -u)" != 0 ] || ! install_needed; then
    echo "These packages are missing: ${need[*]}" >&2
    echo "An administrator installs them with:  sudo apt-get update && sudo $install" >&2
    echo "Going on with what is possible." >&2
  fi
fi
have python3 && python3 "$(dirname "$0")/run.py" --prepare --kafka "${KAFKA:-mock}"
exit 0
