# Sourced by the scripts beside this directory: where things are, what is said while they run, and how they end.
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
VENV="$ROOT/.venv"
export PATH="$VENV/bin:$PATH"

_stage_name=""
_stage_started_s=0
_stages_failed=()

say() { printf '%s\n' "$*" >&2; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# The header comment of a script is its help text.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

now_s() { printf '%(%s)T' -1; }

# stage NAME COMMAND…: a heading, the command's output, and its time. Goes on after a failure; `stages_end` reports them all.
stage() {
  _stage_name="$1"
  shift
  _stage_started_s="$(now_s)"
  printf '\n== %s\n' "$_stage_name"
  if "$@"; then
    printf '== %s: ok, %s s\n' "$_stage_name" "$(($(now_s) - _stage_started_s))"
  else
    printf '== %s: FAILED, %s s\n' "$_stage_name" "$(($(now_s) - _stage_started_s))"
    _stages_failed+=("$_stage_name")
  fi
}

stages_end() {
  ((${#_stages_failed[@]} == 0)) && return 0
  printf '\n%s: failed: %s\n' "$(basename "$0")" "$(IFS=,; echo "${_stages_failed[*]}")" >&2
  return 1
}
