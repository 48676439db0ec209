#!/usr/bin/env bash
# The demo sweep with a ranking judge: a server that knows the evaluated scenes by their truth stands
# in for GPT-4V, and is asked as any other judge is. Stopped at any moment, the same command goes on.
#
#   scripts/sweep_demo.sh [OUT] [further options of vigor-eval sweep]
set -euo pipefail
cd "$(dirname "$0")/.."

vigor="${VIGOR_EVAL:-build/src/cli/vigor-eval}"
if [[ ! -x "$vigor" ]]; then
  echo "sweep_demo.sh: $vigor is not built; run scripts/demo.sh or scripts/test.sh first" >&2
  exit 1
fi
out=${1:-runs/sweep-demo}
[[ $# -gt 0 ]] && shift
port=${VIGOR_JUDGE_PORT:-8123}

# The pictures of "benchmarks" in configs/sweeps/demo.json: the same seed gives the same bytes.
mkdir -p "$out"
"$vigor" scenes --seed 53001 --count 100 --out "$out/judge-scenes"
"$vigor" serve --scenes-judge "$out/judge-scenes" --port "$port" > "$out/judge.log" 2>&1 &
judge=$!
trap 'kill "$judge" 2>/dev/null || true' EXIT
"$vigor" sweep configs/sweeps/demo.json --out "$out" \
  --judge "http://127.0.0.1:$port/v1#scenes-truth" "$@"
