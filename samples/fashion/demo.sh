#!/usr/bin/env bash
# The main job of tessera on the trained sample, told step by step.
# usage: demo.sh TESSERA
set -euo pipefail

tessera=$(realpath "$1")
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

say() { printf '\n%s\n' "$*"; }
run() {
  printf '\n  $ tessera %s\n' "$(printf '%s ' "$@" | sed "s#$folder/##g; s# \$##")"
  "$tessera" "$@" | sed 's/^/    /'
}

say "1. weights.safetensors holds a small residual network, trained on Fashion-MNIST to run at four sizes.
   plan.json says how to cut it: four units, every level a unit more. Cut it:"
run convert weights.safetensors "$folder/fashion.h5" --plan plan.json

say "2. The checkpoint is one HDF5 file: a dataset for every tensor of every unit, and the assignment of units
   to the task's levels beside them."
"$tessera" inspect "$folder/fashion.h5" >"$folder/listing"
printf '\n  $ tessera inspect fashion.h5\n'
sed "s#$folder/##; s/^/    /" "$folder/listing" | head -n 14
echo "    … and $(tail -n +15 "$folder/listing" | wc -l) tensors"

say "3. Nothing is lost: every checksum and digest in it is recomputed,"
run validate --deep "$folder/fashion.h5" | sed "s#$folder/##"

say "4. and the way back gives the identical file."
run convert "$folder/fashion.h5" "$folder/back.safetensors"
printf '\n  $ cmp weights.safetensors back.safetensors\n'
cmp weights.safetensors "$folder/back.safetensors"
echo "    identical: $(wc -c <weights.safetensors) bytes, sha256 $(sha256sum <weights.safetensors | cut -c1-16)…"

say "Next: README.md, samples/fashion/README.md, samples/python (the same file read with h5py), tessera --help."
