#!/usr/bin/env bash
# Makes measurements as a job array of Slurm, on a folder that all nodes share:
#
#   id=$(sbatch --parsable --array=1-64 configs/cluster/slurm.sh RUNNER RESULTS all)
#   sbatch --dependency=afterok:"$id" --wrap="RUNNER experiment conclude RESULTS"
#
# What follows RESULTS goes to `runner experiment measure`: names of experiments, --quick, --data DIR, --rerun. A task that
# is preempted, requeued or killed is made again, and finds what was measured.
#SBATCH --job-name=burn-mlp
#SBATCH --cpus-per-task=2
#SBATCH --requeue
#SBATCH --open-mode=append
# Two minutes before the time limit, to this script.
#SBATCH --signal=B:USR1@120
set -u
runner=$1 results=$2
shift 2

RAYON_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} "$runner" experiment measure "$@" --out "$results" \
    --part "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX" &
child=$!
ending=
trap 'ending=limit; kill -USR1 "$child"' USR1
trap 'ending=requeued; kill -TERM "$child"' TERM
# A signal ends the waiting before the child has ended.
until wait "$child"; code=$?; ! kill -0 "$child" 2>/dev/null; do :; done
if [ "$ending" = limit ] && [ "$code" -ne 0 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
