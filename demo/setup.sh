#!/usr/bin/env bash
# Installs the Debian packages that build, demo and tests need. Without the right to install it prints the one command that an
# administrator runs and goes on: what is missing is named again where it is needed.
set -u
need=()
have() { command -v "$1" >/dev/null 2>&1; }
have cc || need+=(build-essential)
have cmake || need+=(cmake)
have pkg-config || need+=(pkg-config)
have python3 || need+=(python3)
have redis-server || need+=(redis-server)
python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || need+=(python3-venv)
if ! have cargo; then
  echo "Rust is missing. Install it as https://rustup.rs says (version 1.95 or later), then run this again." >&2
  exit 1
fi
[ ${#need[@]} -eq 0 ] && exit 0
install="apt-get install -y --no-install-recommends ${need[*]}"
run() {
  # The packages' services must not start by themselves: the demo starts its own on free ports.
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.throughline 2>/dev/null || return 1
  local had=0; [ -e /usr/sbin/policy-rc.d ] && had=1
  [ $had -eq 0 ] && cp /usr/sbin/policy-rc.d.throughline /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
  DEBIAN_FRONTEND=noninteractive apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq
  local code=$?
  [ $had -eq 0 ] && rm -f /usr/sbin/policy-rc.d
  rm -f /usr/sbin/policy-rc.d.throughline
  return $code
}
if [ "$(id -u)" = 0 ]; then
  echo "Installing: ${need[*]}"
  run && exit 0
fi
echo "These packages are missing: ${need[*]}" >&2
echo "An administrator installs them with:  sudo apt-get update && sudo $install" >&2
echo "Going on with what is possible." >&2
exit 0
