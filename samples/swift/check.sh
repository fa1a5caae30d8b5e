#!/usr/bin/env bash
# Builds the package, runs both programs, and holds what they print against what must be there.
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
echo "samples/swift: both programs print what they should"
