#!/usr/bin/env bash
# Writes a pkg-config folder by which SwiftPM links libhdf5, zlib, libcrypto and xxHash statically.
# usage: static-libraries.sh FOLDER
set -euo pipefail

tools=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
libraries=$folder/libraries
mkdir -p "$libraries"

# A folder without shared libraries: a linker takes those first.
copy() { ln -sf "$("${CC:-cc}" -print-file-name="$1")" "$libraries/$2"; }
copy libhdf5_serial.a libtessera_hdf5.a
copy libz.a libtessera_z.a
copy libcrypto.a libtessera_crypto.a
copy libxxhash.a libtessera_xxhash.a
"${CC:-cc}" -O2 -Wall -Wextra -Werror -c "$tools/refusals.c" -o "$libraries/refusals.o"
rm -f "$libraries/libtessera_refusals.a"
ar rcsD "$libraries/libtessera_refusals.a" "$libraries/refusals.o"

# usage: module NAME LIBRARIES
module() {
  cat >"$folder/$1.pc" <<TEXT
Name: $1
Description: $1, linked statically
Version: $(pkg-config --modversion "$1")
Cflags: $(PKG_CONFIG_PATH='' pkg-config --cflags "$1")
Libs: -L$libraries $2
TEXT
}
module hdf5 "-ltessera_hdf5 -ltessera_refusals -ltessera_z -lm"
module zlib "-ltessera_z"
module libcrypto "-ltessera_crypto"
module libxxhash "-ltessera_xxhash"
