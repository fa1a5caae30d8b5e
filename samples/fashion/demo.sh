#!/usr/bin/env bash
# Shows the main use of tessera on the trained sample, step by step.
# usage: demo.sh TESSERA
set -euo pipefail

tessera=$(realpath "$1")
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

say() { printf '\n%s\n' "$*"; }
show() { printf '\n  $ %s\n' "$(printf '%s ' "$@" | sed "s#$folder/##g; s# \$##")"; }
run() {
  show tessera "$@"
  "$tessera" "$@" | sed "s#$folder/##g; s/^/    /"
}
# Prints the first lines of a long table, and the number of the others.
run_head() {
  local lines=$1 what=$2
  shift 2
  show tessera "$@"
  "$tessera" "$@" >"$folder/table"
  head -n "$lines" "$folder/table" | sed "s#$folder/##g; s/^/    /"
  echo "    … and $(tail -n "+$((lines + 1))" "$folder/table" | wc -l) more $what"
}

say "1. weights.safetensors is a deep virtual network, trained on four tasks at once. It has one set of convolutions and
   sixteen sub-networks. plan.json cuts it into four units. Each task has its own order of units, and each level
   adds one unit:"
run convert weights.safetensors "$folder/fashion.h5" --plan plan.json

say "2. The checkpoint is one HDF5 file. It has a dataset for the weights of each unit, a dataset for the weights
   between each two units, and tables of the units that each task uses:"
run_head 17 "lines of tensors" inspect "$folder/fashion.h5"

say "3. Count the parameters of every task and level exactly. The policy is printed with the numbers:"
run_head 21 "lines: classes of blocks, and what is left out" count "$folder/fashion.h5" --policy weights-only

say "4. Extract the largest sub-network for digits with at most 35,000 parameters, as a smaller ordinary model.
   Only its own blocks are read, and each of them is checked:"
run extract "$folder/fashion.h5" "$folder/digits.safetensors" --task digits --budget 35k
run_head 9 "tensors" inspect "$folder/digits.safetensors"

say "5. Verify every checksum and digest of the checkpoint:"
run validate --deep "$folder/fashion.h5"

say "6. Convert the checkpoint back. The result is the identical file:"
run convert "$folder/fashion.h5" "$folder/back.safetensors"
show cmp weights.safetensors back.safetensors
cmp weights.safetensors "$folder/back.safetensors"
echo "    identical: $(wc -c <weights.safetensors) bytes, sha256 $(sha256sum <weights.safetensors | cut -c1-16)…"

say "Next: read README.md and samples/fashion/README.md, try samples/python, or type tessera --help."
