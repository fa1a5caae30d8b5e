#!/usr/bin/env bash
# Installs the Debian packages that are missing; if Swift is missing, prints where to get it.
# usage: install-dependencies.sh SWIFT [--peers]   (--peers: also the tools that the tests and the benchmark use)
set -euo pipefail

swift=$1
if ! command -v "$swift" >/dev/null; then
  cat >&2 <<'TEXT'
tessera needs Swift 6.1 or later, and no 'swift' is on the PATH.
  Debian 12 and others: https://www.swift.org/install/linux/ (a tarball or swiftly)
  If it is installed elsewhere: make SWIFT=/path/to/swift …
TEXT
  exit 1
fi

declare -A have=(
  [libhdf5-dev]='pkg-config --exists hdf5'
  [zlib1g-dev]='pkg-config --exists zlib'
  [libssl-dev]='pkg-config --exists libcrypto'
  [libxxhash-dev]='pkg-config --exists libxxhash'
  [gcc]='command -v cc'
  [binutils]='command -v strip objdump'
  [python3]='command -v python3'
)
if [ "${2:-}" = --peers ]; then
  have[hdf5-tools]='command -v h5dump h5repack'
  have[libonnx-testdata]='test -d /usr/share/libonnx-testdata/data'
  have[strace]='command -v strace'
  have[valgrind]='command -v valgrind'
  # /usr/sbin is not on every PATH.
  have[slurm-wlm]='PATH=$PATH:/usr/sbin command -v slurmctld slurmd sbatch'
  have[munge]='PATH=$PATH:/usr/sbin command -v munged'
  # The pages of `tessera report` are tested in a browser.
  have[chromium]='command -v chromium'
  have[chromium-driver]='command -v chromedriver'
  have[python3-venv]='python3 -c "import ensurepip, venv"'
fi
missing=()
command -v pkg-config >/dev/null || missing+=(pkg-config)
for package in "${!have[@]}"; do
  eval "${have[$package]}" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

echo "installing: ${missing[*]}"
sudo=()
if [ "$(id -u)" -ne 0 ]; then sudo=(sudo); fi
if ! command -v apt-get >/dev/null; then
  echo "no apt-get here; install the equivalents of: ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
