#!/usr/bin/env bash
# Links the objects of a release build again, with every library but those of the C library static.
# usage: link.sh SWIFT BUILD OUTPUT   (BUILD: the scratch path of 'swift build -c release --product tessera')
set -euo pipefail

swift=$1 build=$2 output=$3
tools=$(cd "$(dirname "$0")" && pwd)
work=$build/static
mkdir -p "$work" "$(dirname "$output")"
for part in refusals floor; do
  "${CC:-cc}" -O2 -Wall -Wextra -Werror -c "$tools/$part.c" -o "$work/$part.o"
done
archive() { "${CC:-cc}" -print-file-name="$1"; }

# Without exported symbols, the linker drops what nothing uses.
echo '{ local: *; };' >"$work/local.map"
# Neither Swift nor C unwinds the stack, so the tables for it (4 MB) are left out.
echo 'SECTIONS { /DISCARD/ : { *(.eh_frame) } } INSERT AFTER .text;' >"$work/unwind.ld"

"$swift"c -static-stdlib -emit-executable -o "$output" \
  "@$build/release/tessera.product/Objects.LinkFileList" "$work/refusals.o" "$work/floor.o" \
  "$(archive libhdf5_serial.a)" "$(archive libcrypto.a)" "$(archive libxxhash.a)" "$(archive libz.a)" \
  -lFoundationEssentials -l_FoundationCShims -l_FoundationCollections \
  -Xlinker --defsym -Xlinker main=TesseraTool_main -Xlinker --wrap=hypot -Xlinker --wrap=hypotf \
  -use-ld=lld -Xlinker --gc-sections -Xlinker "--version-script=$work/local.map" -Xlinker --no-export-dynamic \
  -Xlinker -T -Xlinker "$work/unwind.ld" -Xlinker --no-eh-frame-hdr
strip "$output"
