#!/usr/bin/env bash
# Makes a Debian package of a static binary. The same binary gives the same bytes.
# usage: deb.sh BINARY FOLDER SWIFT
set -euo pipefail

binary=$1 folder=$2 swift=$3
tools=$(cd "$(dirname "$0")" && pwd)
version=$("$binary" --version | cut -d' ' -f2)
machine=$(dpkg --print-architecture)
# The date of the last commit, so that the same commit gives the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$tools" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
bash "$tools/stage.sh" "$binary" "$root" /usr "$swift"

documents=$root/usr/share/doc/tessera
rm "$documents/LICENSE" "$documents/README.md"
gzip -9n <"$documents/CHANGELOG.md" >"$documents/changelog.gz"
rm "$documents/CHANGELOG.md"
cat >"$documents/copyright" <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tessera

Files: *
Copyright: 2026 the Tessera authors
License: Apache-2.0
 On Debian systems, the full text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0. The binary contains libraries of others;
 NOTICE in this folder names them, and libraries/ has their licences.
TEXT
printf 'tessera (%s-1) unstable; urgency=medium\n\n  * Release %s; changelog.gz lists the changes.\n\n -- the authors of Tessera <tessera@example.org>  %s\n' \
  "$version" "$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$documents/changelog.Debian.gz"
install -d "$root/usr/share/lintian/overrides"
cat >"$root/usr/share/lintian/overrides/tessera" <<TEXT
# Debian's libhdf5 needs 32 more libraries, among them curl and LDAP; the static one needs none.
tessera: embedded-library *
# The package is not in Debian's archive.
tessera: initial-upload-closes-no-bugs *
# The Swift runtime is no package of Debian.
tessera: statically-linked-binary *
TEXT

needed=$(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1 | cut -d_ -f2)
install -d "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<TEXT
Package: tessera
Version: $version-1
Architecture: $machine
Maintainer: the authors of Tessera <tessera@example.org>
Installed-Size: $(du -k -s --apparent-size --exclude=DEBIAN "$root" | cut -f1)
Depends: libc6 (>= $needed), libgcc-s1, libstdc++6
Section: science
Priority: optional
Description: store neural networks as units that tasks and sizes share
 Tessera stores a neural network in units, which are groups of channels. One
 HDF5 file holds every unit and the list of units that each task uses at each
 budget. The command converts safetensors, NumPy, PyTorch and ONNX files to such
 a file and back, bit for bit. It also counts, extracts, compares and validates.
TEXT
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
mkdir -p "$folder"
dpkg-deb --root-owner-group -Zxz --build "$root" "$folder/tessera_$version-1_$machine.deb"
