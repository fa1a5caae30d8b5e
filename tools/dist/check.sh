#!/usr/bin/env bash
# Checks a static binary: what it needs, and that it writes and reads the same bytes as the usual build.
# usage: check.sh STATIC USUAL
set -euo pipefail

static=$(realpath "$1") usual=$(realpath "$2")
samples=$(cd "$(dirname "$0")/../../samples" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

needed=$(objdump -p "$static" | awk '$1 == "NEEDED" { print $2 }' | sort | xargs)
allowed='ld-linux libc libm libstdc++ libgcc_s'
for library in $needed; do
  case " $allowed " in
  *" ${library%%.so*} "* | *" ${library%%-x86*} "* | *" ${library%%-aarch*} "*) ;;
  *) echo "$static: expected only $allowed, found $library" >&2 && exit 1 ;;
  esac
done

same() { cmp "$folder/$1" "$folder/$2" || { echo "check.sh: $1 and $2 differ" >&2 && exit 1; }; }
cd "$folder"
for options in "" --compress; do
  for binary in static usual; do
    # shellcheck disable=SC2086
    "${!binary}" convert "$samples/fashion/weights.safetensors" "$binary.h5" --plan "$samples/fashion/plan.json" \
      $options >/dev/null
    "${!binary}" convert "$binary.h5" "$binary.safetensors" >/dev/null
    "${!binary}" validate --deep "$binary.h5" >/dev/null
    "${!binary}" count "$binary.h5" --json | grep -v '"file"' >"$binary.json"
  done
  same static.h5 usual.h5
  same static.safetensors usual.safetensors
  same static.json usual.json
  cmp static.safetensors "$samples/fashion/weights.safetensors"
done
for binary in static usual; do
  "${!binary}" run "$samples/fashion/network.onnx" --input "$samples/fashion/images.npy" --output "$binary.npz" >/dev/null
done
"$static" diff static.npz usual.npz --tolerance 1e-6 >/dev/null

# A file that needs a library that is left out is refused, as everywhere: the reader decodes no szip.
floor=$(objdump -T "$static" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
echo "static binary: $(stat -c %s "$static") bytes, needs $floor and $needed"
