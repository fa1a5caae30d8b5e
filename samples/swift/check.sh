#!/usr/bin/env bash
# Builds the package, runs its programs, and checks their output.
# usage: check.sh TESSERA SWIFT BUILD-FOLDER
set -euo pipefail

tessera=$(realpath "$1")
swift=$2
build=$(realpath -m "$3")
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$swift" build --scratch-path "$build" >"$folder/log" 2>&1 || {
  cat "$folder/log"
  exit 1
}
"$tessera" convert ../fashion/weights.safetensors "$folder/fashion.h5" --plan ../fashion/plan.json 2>/dev/null
(cd "$folder" && "$build/debug/FiveLines") >"$folder/five"
"$build/debug/Story" ../fashion "$folder" >"$folder/story"
"$build/debug/Picture" "$folder/fashion.h5" >"$folder/units.svg"
cmp "$folder/units.svg" ../fashion/units.svg || {
  echo "samples/swift: samples/fashion/units.svg is not what Picture draws; write it again"
  exit 1
}
must() {
  grep -qFx "$2" "$folder/$1" || {
    echo "samples/swift: $1: expected the line '$2', found:"
    cat "$folder/$1"
    exit 1
  }
}
must five "31073 parameters, 320 of them in head.weight"
must story "proved: 16 sub-networks"
must story "digits 2 30416 parameters in 121664 bytes"
must story "digits.2 [16, 10] largest difference 0.0"
must story "442 tensors are equal: true"
must story "valid: true"
echo "samples/swift: the programs print what they should"
