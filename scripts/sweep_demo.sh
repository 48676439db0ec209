#!/usr/bin/env bash
# The demo sweep with a ranking judge: a server that knows the evaluated scenes by their truth stands
# in for GPT-4V, and is asked as any other judge is. Stopped at any moment, the same command goes on.
#
#   scripts/sweep_demo.sh [--long] [OUT] [further options of vigor-eval sweep]
#
#   --long     configs/sweeps/demo-long.json: eight seeds and twice the pictures, in about an hour.
#              In the folder of the short one it goes on from what that has trained
set -euo pipefail
cd "$(dirname "$0")/.."

vigor="${VIGOR_EVAL:-build/src/cli/vigor-eval}"
if [[ ! -x "$vigor" ]]; then
  echo "sweep_demo.sh: $vigor is not built; run scripts/demo.sh or scripts/test.sh first" >&2
  exit 1
fi
sweep=demo
if [[ ${1:-} = --long ]]; then
  sweep=demo-long
  shift
fi
out=${1:-runs/sweep-demo}
[[ $# -gt 0 ]] && shift
port=${VIGOR_JUDGE_PORT:-8123}

# The pictures that the sweep evaluates on, as its plan names them: the same seed gives the same bytes.
read -r count seed < <("$vigor" sweep "configs/sweeps/$sweep.json" --out "$out" --dry-run |
  sed -n 's/.* scenes to evaluate on: \([0-9]*\), seed \([0-9]*\).*/\1 \2/p')
scenes=$out/judge-scenes-$seed
mkdir -p "$out"
"$vigor" scenes --seed "$seed" --count "$count" --out "$scenes"
"$vigor" serve --scenes-judge "$scenes" --port "$port" > "$out/judge.log" 2>&1 &
judge=$!
trap 'kill "$judge" 2>/dev/null || true' EXIT
"$vigor" sweep "configs/sweeps/$sweep.json" --out "$out" \
  --judge "http://127.0.0.1:$port/v1#scenes-truth" "$@"
