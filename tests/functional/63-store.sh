#!/usr/bin/env bash
#
# Databases that cannot be had, a disk that fills up and empties, and agents
# that meet at one database.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

read -r port silent < <(free_ports 2)
cat >nginx.conf <<END
$(nginx_main)
  log_format ids '\$msec \$http_x_request_id \$uri';
  access_log access.log ids;
  server { listen 127.0.0.1:$port; location / { return 204; } }
}
END
background nginx -p "$work" -c nginx.conf

# Takes connections and says nothing.
background /usr/bin/python3 -c "import socket, signal
s = socket.create_server(('127.0.0.1', $silent), backlog=1024)
signal.pause()"
wait_for_port "$port" && wait_for_port "$silent" || exit 1

# config INTERVAL BURST URL REQUEST-TIMEOUT [DATABASE]
config() {
  cat <<END
agent: { database: "${5:-$work/natdiff.db}" }
paths: { direct: { role: direct }, other: { role: nat, source: 127.0.0.1 } }
endpoints:
  busy: { url: "$3" }
  control: { url: "http://127.0.0.1:$port/control", control: yes }
schedule: { interval: $1, burst: $2, port-budget: 100000 }
timeouts: { dns: 100ms, connect: 200ms, tls: 100ms, request: $4, done: 200ms }
END
}
config 1s 4 "http://127.0.0.1:$port/" 200ms >once.yaml

# run [OPTION...]: $status, run.err
run() {
  "$probe" run -c once.yaml --path direct "$@" 2>run.err
  status=$?
}

# ------------------------------------------- databases that cannot be had

run --once
check "a database is made" equals "$status $(cat run.err)" "0 "
check "for nobody else to read" equals "$(stat -c %a natdiff.db)" 600
check "and nothing stays beside it but its lock" \
  equals "$(echo natdiff.db*)" "natdiff.db natdiff.db.lock"

# What a folder holds and when it was written to, and the file's content.
fingerprint() {
  ls -lAn --time-style=full-iso "$(dirname "$1")" 2>&1
  [ ! -f "$1" ] || sha256sum <"$1" 2>/dev/null
}

# refused FILE MESSAGE [COMMAND...]: one line, exit status 1, nothing changed;
# the probe started by way of COMMAND
refused() {
  local file=$1 message=$2 before after status
  shift 2
  before=$(fingerprint "$file")
  "$@" "$probe" run -c once.yaml --path direct --once --database "$file" \
    2>refused.err
  status=$?
  after=$(fingerprint "$file")
  equals "$(cat refused.err)" "natdiff-probe: $file: $message" &&
    equals "$status" 1 && equals "$after" "$before"
}
mkdir files locked
echo "not a database, and longer than the header that one has: $(seq 100)" \
  >files/text.db
sql files/other.db "CREATE TABLE t (x); INSERT INTO t VALUES (1)"
sql files/marked.db "PRAGMA application_id = 1"
cp natdiff.db files/newer.db
sql files/newer.db "PRAGMA user_version = 99"
head -c 50 natdiff.db >files/short.db
cp natdiff.db files/damaged.db
dd if=/dev/zero of=files/damaged.db bs=4096 seek=1 count=3 conv=notrunc \
  2>/dev/null
mkdir files/folder
mkfifo files/pipe
check "a text" refused files/text.db "is no SQLite database"
check "another program's database" \
  refused files/other.db "belongs to another program"
check "an empty database that another program has marked" \
  refused files/marked.db "belongs to another program"
check "a database of a newer natdiff" refused files/newer.db \
  "is of a newer natdiff (schema version 99, this program knows $(sql natdiff.db "PRAGMA user_version"))"
check "the begin of a database" refused files/short.db "is no SQLite database"
check "a damaged database" \
  refused files/damaged.db "database disk image is malformed"
check "a folder" refused files/folder "is a directory"
check "a pipe" refused files/pipe "is no regular file"
check "a folder that does not exist" refused files/none/natdiff.db \
  "folder files/none does not exist"

# root may write what is read-only, unless it gives up the right to.
ordinary=()
[ "$(id -u)" -ne 0 ] ||
  ordinary=(setpriv --bounding-set "-dac_override,-dac_read_search")
cp natdiff.db locked/
chmod 400 locked/natdiff.db
check "a read-only database" refused locked/natdiff.db \
  "cannot be written: Permission denied" "${ordinary[@]}"
chmod 600 locked/natdiff.db
chmod 500 locked
check "a read-only folder" refused "$PWD/locked/natdiff.db" \
  "cannot write to folder $PWD/locked: Permission denied" "${ordinary[@]}"
check "a new database in a read-only folder" refused locked/new.db \
  "cannot write to folder locked: Permission denied" "${ordinary[@]}"
chmod 700 locked

# mktemp(1) and touch(1) leave such a file: somebody made room for a database.
: >files/empty.db
run --once --database files/empty.db
check "an empty file becomes a database" equals \
  "$status $(sql files/empty.db "SELECT ended_how, fired FROM run")" \
  "0 finished|5"

# ---------------------------------------------------------- a full disk

# A disk of 8 MB, and one that is read-only, in a mount namespace of ours.
mkdir disk frozen
holder=
disks_up() {
  unshare --user --map-root-user --mount sh -c '
    mount -t tmpfs -o size=8m disk disk &&
    mount -t tmpfs -o size=1m disk frozen &&
    cp natdiff.db frozen/ && mount -o remount,bind,ro frozen &&
    echo up && exec sleep 1000' >disks.out 2>&1 &
  holder=$!
  tap_children+=("$holder")
  for _ in {1..100}; do
    grep -q up disks.out && return
    kill -0 "$holder" 2>/dev/null || return
    sleep 0.05
  done
  return 1
}

# Runs a command where the disks are.
inside() {
  nsenter --user --mount --preserve-credentials -t "$holder" -- \
    env -C "$PWD" -- "$@"
}

fill_disk() { inside sh -c 'cat /dev/zero >>disk/filler 2>/dev/null'; }
free_disk() { inside rm disk/filler; }

# says FILE TEXT: until it stands there, 10 s at most
says() {
  for _ in {1..200}; do
    ! grep -qF "$2" "$1" || return 0
    sleep 0.05
  done
  echo "does not say: $2"
  cat "$1"
  return 1
}

logged() { awk -v uri="/$1" '$3 == uri { print $2 }' access.log | sort; }

# missing NAME: ids that the far end has logged, and disk/NAME.db has not
missing() {
  inside sqlite3 "disk/$1.db" "SELECT lower(hex(attempt_id)) FROM attempt" |
    sort | comm -13 - <(logged "$1")
}

# start_inside NAME: a run in the background, $pid
start_inside() {
  config 1s 20 "http://127.0.0.1:$port/$1" 200ms "$PWD/disk/$1.db" \
    >"$1.yaml"
  nsenter --user --mount --preserve-credentials -t "$holder" -- \
    env -C "$PWD" -- "$probe" run -c "$1.yaml" --path direct 2>"$1.err" &
  pid=$!
  tap_children+=("$pid")
}

# wait_for_requests NAME N: until that many were logged
wait_for_requests() {
  for _ in {1..200}; do
    [ "$(logged "$1" | wc -l)" -lt "$2" ] || return 0
    sleep 0.05
  done
  return 1
}

full_for_a_while() {
  start_inside while
  wait_for_requests while 10
  fill_disk
  check "a full disk: it says so" says while.err "no room to store"
  before=$(logged while | wc -l)
  check "attempts go on" wait_for_requests while $((before + 30))
  free_disk
  check "room again: it says so" says while.err "storing works again"
  kill -INT "$pid"
  wait "$pid"
  check "it ends well" equals $? 0
  check "each was said once" equals "$(cat while.err)" \
    "natdiff-probe: $PWD/disk/while.db: no room to store: No space left on device
natdiff-probe: storing works again, nothing was lost"
  check "and nothing was lost" equals "$(missing while)" ""
  check "as the run says" equals "$(inside sqlite3 disk/while.db \
    "SELECT lost_rows, fired = (SELECT count(*) FROM attempt) FROM run")" "0|1"
}

full_to_the_end() {
  local lost said
  start_inside end
  wait_for_requests end 30
  logged end >end.before
  sleep 1
  fill_disk
  says end.err "no room to store" >/dev/null
  wait_for_requests end $(($(logged end | wc -l) + 20))
  kill -TERM "$pid"
  wait "$pid"
  check "still full at the end: exit status 1" equals $? 1
  check "a database cannot be made there either" full_from_the_start
  free_disk
  lost=$(missing end | wc -l)
  said=$(sed -n 's/.*No space left on device; \([0-9]*\) rows are lost$/\1/p' \
    end.err)
  check "it says how many rows are lost" at_least "${said:-0}" "$lost"
  check "no more than were measured" at_least $((lost + 10)) "${said:-0}"
  check "in a second line" equals "$(wc -l <end.err)" 2
  check "rows were lost, for there was no room" at_least "$lost" 20
  check "the database is sound" equals \
    "$(inside sqlite3 disk/end.db 'PRAGMA integrity_check')" ok
  check "and has what was committed" \
    equals "$(missing end | comm -12 - end.before)" ""
}

full_from_the_start() {
  # A log that is closed may have left some room.
  fill_disk
  inside "$probe" run -c once.yaml --path direct --once \
    --database disk/new.db 2>new.err
  equals $? 1 && equals "$(cat new.err)" \
    "natdiff-probe: disk/new.db: no room to store: No space left on device"
}

if disks_up; then
  check "a read-only disk" refused "frozen/natdiff.db" \
    "cannot be written: Read-only file system" inside
  full_for_a_while
  full_to_the_end
else
  reason="no mount namespace: $(head -n 1 disks.out)"
  skip "a read-only disk" "$reason"
  skip "a full disk" "$reason"
fi

# ------------------------------------------- agents that meet at a database

# Attempts that take their time: their runs overlap.
config 2s 1 "http://127.0.0.1:$silent/" 4s >slow.yaml

# has_runs DATABASE N: waits until that many have begun
has_runs() {
  for _ in {1..100}; do
    [ "$(sql "$1" "SELECT count(*) FROM run" 2>/dev/null)" != "$2" ] ||
      return 0
    sleep 0.05
  done
  return 1
}

# slow PATH DATABASE [OPTION...]: a run in the background, $!
slow() {
  local path=$1 database=$2
  shift 2
  background "$probe" run -c slow.yaml --path "$path" --database "$database" \
    "$@" 2>>slow.err
}

# busy PROCESS PATH DATABASE [OPTION...]: refused, because of that process
busy() {
  local process=$1 path=$2 database=$3 status
  shift 3
  "$probe" run -c slow.yaml --path "$path" --database "$database" "$@" \
    2>busy.err
  status=$?
  equals "$status" 75 && matches "$(grep -v ': warning: ' busy.err)" \
    "^natdiff-probe: $database: path $path is being measured by process ($process)\$"
}

in_slot 2000000 3
slow direct cron.db --once
first=$!
has_runs cron.db 1
check "two --once in the same slot: exit status 75" \
  busy "$first" direct cron.db --once
slow other cron.db --once
other=$!
in_slot 2000000 3
slow direct cron.db --once
next=$!
has_runs cron.db 3
check "the run of the last slot still waits for its answer" kill -0 "$first"
check "the path as a whole cannot be had now" \
  busy "$first|$next" direct cron.db --slots 1
wait "$first"
check "the run in its slot ends well" equals $? 0
wait "$next"
check "and so does that in the next slot" equals $? 0
wait "$other"
check "and that on another path" equals $? 0
check "all have stored what they measured" equals \
  "$(sql cron.db "SELECT path, count(DISTINCT slot), count(*), count(failure)
     FROM attempts GROUP BY 1")" "direct|2|4|2
other|1|2|1"

background "$probe" run -c slow.yaml --path direct --database long.db 2>long.err
long=$!
has_runs long.db 1
check "a second agent on the same path: exit status 75" \
  busy "$long" direct long.db
check "be it for one slot" busy "$long" direct long.db --once
run --once --path other --database long.db
check "on another path it is welcome" equals "$status $(cat run.err)" "0 "
kill -TERM "$long"
wait "$long"
check "the first was not disturbed" equals "$? $(sql long.db \
  "SELECT group_concat(ended_how) FROM (SELECT ended_how FROM run ORDER BY id)")" \
  "0 interrupted,finished"
check "nobody had more to say" equals "$(grep -v ': warning: ' slow.err)" ""
done_testing
