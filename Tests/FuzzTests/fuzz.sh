#!/usr/bin/env bash
# Fuzzes the parsers one after the other with libFuzzer and AddressSanitizer; `make fuzz` calls it.
#
#   fuzz.sh SECONDS [PARSER...]      seconds for each parser; without names: all of them
#
# Corpora begin with the fixtures and, where they are beside the checkout, the public hostile files, and grow in
# .build-fuzz/corpus from run to run. Findings appear in .build-fuzz/findings; committed to Tests/FailCases/<parser>,
# they are replayed by `make test`. The table at the end counts this run.
set -euo pipefail
# In braces: bash reads all of it before it runs, so that an edit during the run does no harm.
{
cd "$(dirname "$0")/../.."
seconds=${1:?seconds for each parser}
shift
build=.build-fuzz
hostile=../shared/hostile
swift=${SWIFT:-swift}
known=$(sed -n 's/^  case \([a-z0-9, ]*\)$/\1/p' Tests/FuzzTests/Exercises/FuzzedParser.swift | tr -d ',' | tr '\n' ' ')
read -r -a parsers <<< "${*:-$known}"
for parser in "${parsers[@]}"; do
  [[ " $known " == *" $parser "* ]] || { echo "fuzz.sh: expected parsers out of $known, found $parser" >&2; exit 64; }
done

# The library is compiled for coverage; libFuzzer's main comes from clang, because SwiftPM cannot link it.
TESSERA_FUZZ=1 "$swift" build -c release --product TesseraFuzz --scratch-path "$build" --sanitize address \
  -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing
library=$(find -L "$build/release" -maxdepth 1 -name 'libTesseraFuzz.a')
"${swift}c" -sanitize=fuzzer -sanitize=address "$library" -o "$build/fuzz" \
  $(pkg-config --libs hdf5 libcrypto libxxhash zlib) 2> >(grep -v 'Cannot export local symbol' >&2)

# Copies files of at most 128 KiB into the parser's corpus, named by their content: larger ones only slow mutation down.
add() {
  local parser=$1
  shift
  mkdir -p "$build/corpus/$parser"
  local file
  for file in "$@"; do
    if [[ -f $file && $(stat -c %s "$file") -le 131072 ]]; then
      cp "$file" "$build/corpus/$parser/$(sha1sum < "$file" | cut -c 1-40)"
    fi
  done
}

seed() {
  case $1 in
    safetensors) add "$1" Tests/Fixtures/flat/*.safetensors ;;
    shards) add "$1" Tests/Fixtures/shards/*/*.json ;;
    npy) add "$1" Tests/Fixtures/flat/npy/*.npy "$hostile"/pickle/*.npy ;;
    zip) add "$1" Tests/Fixtures/flat/*.npz "$hostile"/zip-*/*.zip "$hostile"/pickle/*.{npz,zip} ;;
    pytorch) add "$1" Tests/Fixtures/pytorch/*.{pt,ckpt} "$hostile"/pickle/*.{pkl,pickle,pt,bin} ;;
    onnx)
      add "$1" Tests/Fixtures/onnx/seeds/*.onnx /usr/share/libonnx-testdata/data/{node,simple}/*/model.onnx ;;
    plan) add "$1" Tests/Fixtures/plans/*.json Tests/Fixtures/plans/*/*.json samples/*/*.json ;;
    toml) add "$1" Tests/Fixtures/project/*.toml ;;
    hdf5) add "$1" Tests/Fixtures/hdf5/*.h5 "$hostile"/hdf5-*/* ;;
    gguf) add "$1" Tests/Fixtures/{flat,gguf}/*.gguf ;;
    checkpoint) add "$1" Tests/Fixtures/checkpoints/*.h5 ;;
    keras) add "$1" Tests/Fixtures/keras/*.{h5,keras,json} Tests/Fixtures/partial/*.h5 "$hostile"/hdf5-*/* ;;
    dcp) add "$1" Tests/Fixtures/dcp/*/{.metadata,*.distcp,*.safetensors} ;;
    flax) add "$1" Tests/Fixtures/flax/*.msgpack ;;
    tensorflow) add "$1" Tests/Fixtures/tensorflow/*.index Tests/Fixtures/tensorflow/*/*.index ;;
  esac
  add "$1" Tests/FailCases/"$1"/*
}

printf -v table '%-12s %8s %12s %9s' parser seconds executions findings
status=0
for parser in "${parsers[@]}"; do
  seed "$parser"
  findings=$build/findings/$parser/
  log=$build/$parser.log
  mkdir -p "$findings"
  touch "$build/begun"
  dictionary=Tests/FuzzTests/Dictionaries/$parser.dict
  start=$SECONDS
  # A crash otherwise waits for Swift's backtracer, and the caches of a run are not leaks.
  TESSERA_FUZZ_PARSER=$parser SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 \
    "$build/fuzz" "$build/corpus/$parser" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -max_len=131072 \
    -artifact_prefix="$findings" -print_final_stats=1 -verbosity=1 \
    $([[ -f $dictionary ]] && echo "-dict=$dictionary") > "$log" 2>&1 || status=1
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  [[ -n $runs ]] || runs=$(sed -n 's/^#\([0-9]*\).*/\1/p' "$log" | tail -1)
  found=$(find "$findings" -type f -newer "$build/begun" | wc -l)
  printf -v row '\n%-12s %8d %12s %9d' "$parser" $((SECONDS - start)) "${runs:-0}" "$found"
  table+=$row
done
echo "$table"
if ((status)); then
  echo "findings: $build/findings; logs: $build/<parser>.log" >&2
fi
exit $status
}
