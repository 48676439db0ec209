#!/usr/bin/env bash
# Installs, builds everything, runs every test. The last line is `N passed, N failed`, with
# `, N skipped` when tests named what they lack; the exit code is 0 when none failed and some ran.
#
#   scripts/test.sh [--no-install] [CTEST ARGUMENT...]     e.g. -L unit, -R Pope, -LE browser
#
# Reference data is looked for in $VIGOR_SHARED, by default ../shared beside the sources; without it
# the tests that need it are skipped. $VIGOR_BUILD_DIR is the build folder (default build/); it gets
# build.log, ctest.xml (JUnit).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${VIGOR_BUILD_DIR:-$root/build}
export VIGOR_SHARED=${VIGOR_SHARED:-$(dirname "$root")/shared}

install=yes
case ${1:-} in
  --no-install) install=no; shift ;;
  -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
esac

# What ends before any test ran is a failure too, and says so in the same words.
finished=no
trap '[ "$finished" = yes ] || printf "0 passed, 1 failed\n"' EXIT

[ "$install" = no ] || "$root/scripts/install.sh" build tests
[ -d "$VIGOR_SHARED" ] || echo "test: no reference data in $VIGOR_SHARED: the tests that need it will be skipped"

# The packages of the browser tests, from npm's registry; the browser itself is Debian's. Without them
# those tests are skipped, by name.
browser=$root/tests/browser
if command -v npm >/dev/null && ! [ "$browser/node_modules/.package-lock.json" -nt "$browser/package-lock.json" ]; then
  if timeout 120 npm ci --prefix "$browser" --no-audit --no-fund --fetch-retries=0 --loglevel=error >"$browser/npm.log" 2>&1; then
    echo "test: installed the packages of tests/browser"
  else
    echo "test: npm's registry does not answer: browser tests that need packages from it will be skipped"
  fi
  rm -f "$browser/npm.log"
fi

started=$SECONDS
cmake -S "$root" --preset release -B "$build" -DVIGOR_TESTS=ON
cmake --build "$build" --parallel "$(nproc)" 2>&1 | tee "$build/build.log"
echo "test: built in $((SECONDS - started)) s"

rm -f "$build/ctest.xml"
# As many programs as cores run side by side: each computes with one thread.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
status=0
ctest --test-dir "$build" -j "$(nproc)" --output-on-failure --no-tests=error \
  --output-junit "$build/ctest.xml" "$@" </dev/null || status=$?
read -r passed failed skipped < <("$root/scripts/totals.sh" "$build/ctest.xml" || echo 0 1 0)
# ctest may fail for what is no test, such as a test program that cannot list its tests.
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
if [ $((passed + failed)) -eq 0 ]; then
  echo "test: no test ran"
  failed=1
fi
finished=yes
totals="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || totals+=", $skipped skipped"
printf '%s\n' "$totals"
[ "$failed" -eq 0 ]
