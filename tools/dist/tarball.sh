#!/usr/bin/env bash
# Packs a static binary, its man pages, completions and documents. The same binary and commit give the same bytes.
# usage: tarball.sh BINARY FOLDER SWIFT
set -euo pipefail

binary=$1 folder=$2 swift=$3
tools=$(cd "$(dirname "$0")" && pwd)
name=tessera-$("$binary" --version | cut -d' ' -f2)-linux-$(uname -m)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
bash "$tools/stage.sh" "$binary" "$root" "/$name" "$swift"
mkdir -p "$folder"
tar -C "$root" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git -C "$tools" log -1 --format=%ct)" \
  -cf - "$name" | gzip -9n >"$folder/$name.tar.gz"
