#!/usr/bin/env bash
# Converts a checkpoint in parts with Slurm, and then lists them.
# usage: [PARTS=8] submit.sh SOURCE DEST.h5 [OPTION…]     (the options of `tessera convert`, such as --plan plan.json)
# Options of sbatch come from its own variables: SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_TIMELIMIT, …
set -euo pipefail

if (($# < 2)); then
  echo "usage: [PARTS=8] $0 SOURCE DEST.h5 [OPTION…]" >&2
  exit 64
fi
folder=$(cd "$(dirname "$0")" && pwd)
export PARTS=${PARTS:-8}

array=$(sbatch --parsable --export=ALL --array="1-$PARTS" "$folder/convert.sbatch" "$@")
# With several clusters, --parsable prints JOB;CLUSTER.
array=${array%%;*}
# If a part fails for good, Slurm cancels the join instead of keeping it in the queue.
join=$(sbatch --parsable --export=ALL --dependency="afterok:$array" --kill-on-invalid-dep=yes \
  "$folder/join.sbatch" "$2")
echo "job $array converts $PARTS parts, job ${join%%;*} joins them; squeue --me shows both"
