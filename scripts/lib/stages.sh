# Sourced by the scripts beside this directory: where things are, what is said while they run, and how they end.
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
VENV="$ROOT/.venv"
export PATH="$VENV/bin:$PATH"

_stages_failed=()
_child_pid=""

say() { printf '%s\n' "$*" >&2; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# The header comment of a script is its help text.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

apt_install() {
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"; } >&2
}

now_s() { printf '%(%s)T' -1; }

# in_group COMMAND…: runs it in a process group of its own, so that all that it started can be stopped by that group's id.
in_group() {
  local status=0
  set -m
  "$@" &
  _child_pid=$!
  set +m
  wait "$_child_pid" || status=$?
  _child_pid=""
  return "$status"
}

_stop_child() {
  trap - INT TERM
  if [[ -n $_child_pid ]]; then
    say "stopping …"
    kill -INT -- "-$_child_pid" 2>/dev/null || true
    wait "$_child_pid" 2>/dev/null || true
    kill -KILL -- "-$_child_pid" 2>/dev/null || true
  fi
  exit 130
}
trap _stop_child INT TERM

# stage NAME COMMAND…: a heading, the command's output, and its time. Goes on after a failure; `stages_end` reports them all.
stage() {
  local name="$1" started_s verdict=ok
  shift
  started_s="$(now_s)"
  printf '\n== %s\n' "$name"
  if ! in_group "$@"; then
    verdict=FAILED
    _stages_failed+=("$name")
  fi
  printf '== %s: %s, %s s\n' "$name" "$verdict" "$(($(now_s) - started_s))"
}

stages_end() {
  ((${#_stages_failed[@]} == 0)) && return
  local names
  names="$(printf ', %s' "${_stages_failed[@]}")"
  printf '\n%s: failed: %s\n' "$(basename "$0")" "${names:2}" >&2
  return 1
}
