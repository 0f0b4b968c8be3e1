# shellcheck shell=bash
#
# Work on other hosts over ssh, for paired-run and collect: one connection a
# host, kept for as long as the script runs, and databases fetched through
# SQLite's own backup.

# The command, as rsync's -e takes it; split at blanks.
read -ra ssh_command <<<"${NATDIFF_SSH:-ssh}"

# remote_begin: a folder of this run in $scratch, gone at its end
remote_begin() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/natdiff-remote.XXXXXX")
  # A socket's name has room for few characters.
  ssh_options=(-o BatchMode=yes -o ConnectTimeout=15
    -o ServerAliveInterval=15 -o ServerAliveCountMax=4
    -o ControlMaster=auto -o "ControlPath=$scratch/%C" -o ControlPersist=60)
}

remote_end() {
  local socket
  for socket in "$scratch"/*; do
    [ -S "$socket" ] &&
      ssh -o "ControlPath=$socket" -O exit natdiff 2>/dev/null
  done
  rm -rf "$scratch"
}

# on HOST COMMAND...: run there; the words arrive as they are
on() {
  local host=$1
  shift
  "${ssh_command[@]}" "${ssh_options[@]}" -- "$host" "$(quoted "$@")"
}

# The words as the other host's shell reads them.
quoted() {
  local word out=
  for word in "$@"; do
    out+=" '${word//\'/\'\\\'\'}'"
  done
  printf '%s' "${out# }"
}

# host_file HOST: its name, fit for a file's
host_file() { tr -c 'A-Za-z0-9._@\n-' _ <<<"$1"; }

# What runs there: makes a snapshot of the database beside nothing else, one
# file that stays one whoever reads it, or finds the one that an interrupted
# fetch has left; says its name and size.
# $1 database, $2 the name of the earlier snapshot, or empty.
# shellcheck disable=SC2016 # the other shell expands it
snapshot_script='
set -eu
command -v sqlite3 >/dev/null || { echo "sqlite3 is not installed" >&2; exit 1; }
if [ -n "$2" ] && [ -f "$2" ] && [ -O "$2" ]; then
  snapshot=$2
else
  [ -f "$1" ] || { echo "$1: no such file" >&2; exit 1; }
  umask 077
  snapshot=$(mktemp "${TMPDIR:-/tmp}/natdiff-snapshot.XXXXXXXX")
  sqlite3 -readonly -cmd ".timeout 20000" "$1" ".backup main \"$snapshot\"" &&
    sqlite3 "$snapshot" "PRAGMA journal_mode = DELETE" >/dev/null || {
    rm -f "$snapshot"
    exit 1
  }
fi
echo "$snapshot $(wc -c <"$snapshot")"'

# fetch HOST DATABASE FILE: a consistent copy of a database that an agent may
# be writing, in FILE, whole or not at all.  What an interrupted fetch has
# brought over stays in FILE.part and is not brought again.
fetch() {
  local host=$1 database=$2 file=$3 part=$3.part old='' snapshot size have
  [ ! -s "$part.of" ] || old=$(<"$part.of")
  read -r snapshot size < <(on "$host" sh -c "$snapshot_script" sh "$database" "$old") ||
    return 1
  if [ "$snapshot" != "$old" ]; then
    rm -f "$part"
    echo "$snapshot" >"$part.of"
  fi
  have=$(stat -c %s "$part" 2>/dev/null || echo 0)
  if [ "$have" -lt "$size" ]; then
    # shellcheck disable=SC2016
    on "$host" sh -c 'tail -c "+$2" "$1" | gzip -1' sh "$snapshot" $((have + 1)) |
      gzip -dc >>"$part" || return 1
  fi
  if [ "$(stat -c %s "$part")" != "$size" ] ||
    [ "$(sqlite3 -readonly "$part" 'PRAGMA quick_check' 2>&1 | head -n 1)" != ok ]; then
    rm -f "$part" "$part.of"
    on "$host" rm -f "$snapshot"
    echo "$host: what arrived is no database" >&2
    return 1
  fi
  mv "$part" "$file"
  rm -f "$part.of"
  on "$host" rm -f "$snapshot"
}
