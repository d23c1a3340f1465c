#!/usr/bin/env bash
# Installs the Debian packages that building, testing and the demo need. Says nothing when all are there.
set -euo pipefail

packages=(
  # what the Swift toolchain itself loads and links with
  binutils libc6-dev libcurl4 libgcc-12-dev libncurses6 libstdc++-12-dev libxml2
  # libraries that epsilond is built on
  libdnnl-dev libsqlite3-dev libssl-dev zlib1g-dev
  # the demo's data, the page's charts, the demo's client
  dataset-fashion-mnist libjs-chart.js curl jq
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "These Debian packages are missing: ${missing[*]}. Run 'apt-get install ${missing[*]}' as root, or install sudo." >&2
    exit 1
  }
  as_root=(sudo)
fi
echo "Installing Debian packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
install() {
  "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
}
if ! install </dev/null >"$log" 2>&1; then
  cat "$log" >&2
  echo "The packages could not be installed: see above." >&2
  exit 1
fi
