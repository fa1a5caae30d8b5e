#!/usr/bin/env bash
# Converts a checkpoint in parts on one machine, several at a time, and then lists them. Needs no scheduler.
# usage: [PARTS=8] [JOBS=2] convert-xargs.sh SOURCE DEST.h5 [OPTION…]     (the options of `tessera convert`)
set -euo pipefail

if (($# < 2)); then
  echo "usage: [PARTS=8] [JOBS=2] $0 SOURCE DEST.h5 [OPTION…]" >&2
  exit 64
fi
export PARTS=${PARTS:-8}

# convert_part SOURCE DEST [OPTION…] NUMBER: up to three runs, as long as a signal kills tessera.
convert_part() {
  local part=${!#}/$PARTS code try
  for try in 1 2 3; do
    code=0
    tessera convert "${@:1:$#-1}" --part "$part" || code=$?
    # After 1, xargs starts the other parts all the same; after a signal it would not.
    if ((code <= 128)); then return $((code > 0)); fi
    echo "part $part: run $try of 3 was killed by signal $((code - 128))" >&2
  done
  return 1
}
export -f convert_part

if ! seq "$PARTS" | xargs -n 1 -P "${JOBS:-2}" bash -c 'convert_part "$@"' convert_part "$@"; then
  echo "a part failed; the same command runs only what is missing" >&2
  exit 1
fi
tessera convert --join "$2"
