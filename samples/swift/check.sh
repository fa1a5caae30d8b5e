#!/usr/bin/env bash
# Builds the programs, runs them, and checks their output. To save a second build of the library, SwiftPM only resolves
# and plans the package, and the programs are compiled against a release build that is there already.
# usage: check.sh SWIFT BUILD   (BUILD: the scratch path of 'swift build -c release')
set -euo pipefail

swift=$1
release=$(realpath "$2")/release
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tessera=$release/tessera

"$swift" build --scratch-path "$folder/plan" --print-manifest-job-graph >"$folder/log" 2>&1 || {
  cat "$folder/log"
  exit 1
}
maps=()
for map in "$PWD"/../../Sources/*/module.modulemap "$release"/CKernels.build/module.modulemap; do maps+=(-Xcc "-fmodule-map-file=$map"); done
grep -vE 'TesseraTool|ArgumentParser' "$release/tessera.product/Objects.LinkFileList" >"$folder/objects"
for program in FiveLines Picture Story; do
  # shellcheck disable=SC2046
  "$swift"c -swift-version 6 -I "$release/Modules" "${maps[@]}" -module-name "$program" -o "$folder/$program" \
    "Sources/$program/main.swift" "@$folder/objects" $(pkg-config --cflags-only-I hdf5-serial | sed 's/-I/-Xcc -I/g') \
    $(pkg-config --libs hdf5-serial libcrypto libxxhash zlib)
done
"$tessera" convert ../fashion/weights.safetensors "$folder/fashion.h5" --plan ../fashion/plan.json >/dev/null 2>&1
(cd "$folder" && ./FiveLines) >"$folder/five"
"$folder/Story" ../fashion "$folder" >"$folder/story"
"$folder/Picture" "$folder/fashion.h5" >"$folder/units.svg"
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
