#!/usr/bin/env bash
# Copies the licences of the libraries in a static binary.
# usage: licences.sh SWIFT FOLDER
set -euo pipefail

swift=$1 folder=$2
for library in libhdf5-dev libssl-dev libxxhash-dev zlib1g-dev; do
  install -D -m 644 "/usr/share/doc/$library/copyright" "$folder/$library"
done
install -D -m 644 "$(dirname "$(realpath "$(command -v "$swift")")")/../share/swift/LICENSE.txt" "$folder/swift"
