#!/usr/bin/env bash
# Counts the tests of a JUnit file that ctest wrote: prints "PASSED FAILED SKIPPED".
#
# A test that says itself that it is skipped is skipped; one that did not run for any other reason
# (its program is missing, a fixture failed) has failed.
set -euo pipefail
[ -s "${1:?JUnit file}" ] || { echo "error: no JUnit file at $1" >&2; exit 1; }
awk '
  /<testcase / {
    status = "fail"
    if (match($0, /status="[a-z]*"/)) status = substr($0, RSTART + 8, RLENGTH - 9)
    if (status == "run") passed++
    else if (status == "disabled") skipped++
    else if (status == "notrun") pending = 1
    else failed++
  }
  /<skipped / && pending { if ($0 ~ /message="SKIP_/) skipped++; else failed++; pending = 0 }
  /<\/testcase>/ && pending { failed++; pending = 0 }
  END { print passed + 0, failed + 0, skipped + 0 }
' "$1"
