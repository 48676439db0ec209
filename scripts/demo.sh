#!/usr/bin/env bash
# From a bare Debian 12 machine to a report: installs, builds, generates pictures that no training
# saw, and evaluates the checkpoint in data/demo on them as POPE does. Run again, it does only what
# is not done yet.
#
#   scripts/demo.sh [--again] [--count N] [--model M] [--out DIR] [--no-install] [--program FILE]
#
#   --again         asks every question again (removes the demo's run folder)
#   --count N       pictures (default 150)
#   --model M       another model than data/demo
#   --out DIR       where pictures and run go (default out/demo beside the sources)
#   --no-install    never calls apt-get
#   --program FILE  a vigor-eval that is built already: nothing is installed or built
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${VIGOR_BUILD_DIR:-$root/build}
# No seed that the training of data/demo used: its pictures are new to the model.
seed=4711
count=150
model=$root/data/demo
out=$root/out/demo
program=
install=yes
again=no

say() { printf '\ndemo: %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '  what to do: %s\n' "$2" >&2
  exit "${3:-1}"
}
absolute() { case $1 in /* | *://* | *:*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "$1" ;; esac }

while [ $# -gt 0 ]; do
  case $1 in
    --again) again=yes ;;
    --no-install) install=no ;;
    --count | --model | --out | --program)
      [ $# -ge 2 ] || fail "$1 needs a value" "see the first lines of $0" 2
      case $1 in
        --count) count=$2 ;;
        --model) model=$(absolute "$2") ;;
        --out) out=$(absolute "$2") ;;
        --program) program=$(absolute "$2") ;;
      esac
      shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) fail "unknown option $1" "scripts/demo.sh --help lists the options" 2 ;;
  esac
  shift
done
[[ $count =~ ^[1-9][0-9]*$ ]] || fail "--count must be a whole number above 0, not $count" "" 2

case $model in
  *:*) ;;
  *) [ -f "$model/config.json" ] || fail "no checkpoint in $model" "give one with --model" ;;
esac

if [ -z "$program" ]; then
  [ "$install" = no ] || "$root/scripts/install.sh" build
  say "building the program in $build (Release; minutes at first, seconds later)"
  started=$SECONDS
  # A folder that was configured with tests keeps them.
  if [ ! -f "$build/build.ninja" ]; then
    cmake -S "$root" --preset release -B "$build" -DVIGOR_TESTS=OFF
  fi
  cmake --build "$build" --target vigor-eval --parallel "$(nproc)"
  printf 'built in %d s\n' $((SECONDS - started))
  program=$build/src/cli/vigor-eval
fi
[ -x "$program" ] || fail "no program at $program"

scenes=$out/scenes-$seed-$count
if [ ! -f "$scenes/scenes_pope_adversarial.json" ]; then
  say "generating $count pictures in $scenes"
  "$program" scenes --seed "$seed" --count "$count" --out "$scenes"
fi

run=$out/run
if [ "$again" = yes ]; then rm -rf "$run"; fi
say "asking $model what is in them (run folder: $run)"
status=0
"$program" pope --model "$model" --images "$scenes/images" --out "$run" \
  --questions "$scenes"/scenes_pope_{random,popular,adversarial}.json || status=$?
case $status in
  0) ;;
  130) fail "interrupted" "run the same command again: it goes on where it stopped" 130 ;;
  *) fail "the evaluation ended with exit code $status" \
    "when the run folder was made with other settings, --again starts a new one" "$status" ;;
esac
