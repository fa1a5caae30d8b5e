#!/usr/bin/env bash
# Checks a static binary: what it needs, that it writes and reads the same bytes as the usual build, and that its package
# is complete.
# usage: check.sh STATIC USUAL SWIFT
set -euo pipefail

static=$(realpath "$1") usual=$(realpath "$2") swift=$3
tools=$(cd "$(dirname "$0")" && pwd)
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

bash "$tools/deb.sh" "$static" "$folder" "$swift" >/dev/null
dpkg-deb -x "$folder"/tessera_*.deb "$folder/package"
cmp "$static" "$folder/package/usr/bin/tessera"
commands=$("$static" --help | sed -n '/^SUBCOMMANDS/,$p' | grep -cE '^  [a-z]+  ')
pages=$(find "$folder/package/usr/share/man" -name 'tessera-*.1.gz' | wc -l)
[ "$commands" -ge 10 ] && [ "$pages" = "$commands" ] || {
  echo "check.sh: expected a man page for each of $commands commands, found $pages" >&2 && exit 1
}
for completion in bash-completion/completions/tessera zsh/vendor-completions/_tessera \
  fish/vendor_completions.d/tessera.fish; do
  grep -q extract "$folder/package/usr/share/$completion"
done

floor=$(objdump -T "$static" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
echo "static binary: $(stat -c %s "$static") bytes, needs $floor and $needed"
