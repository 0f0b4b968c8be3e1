#!/usr/bin/env bash
#
# natdiff-report bundle and verify: a bundle of a recorded run, the same bytes
# again, checked with coreutils and openssl alone, under pseudonyms, and
# archives that an enemy made.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
recorded=$TOP_SRCDIR/tests/data/verdicts
cd "$work" || exit 1

bundle() { "$report" bundle "$@"; }
verify() { "$report" verify "$@"; }

# fails STATUS TEXT COMMAND...: ends so and says so
fails() {
  local status=$1 text=$2 got
  shift 2
  "$@" >out 2>&1
  got=$?
  equals "$got" "$status" && contains "$(cat out)" "$text"
}

same() { cmp "$1" "$2"; }
absent() { [ ! -e "$1" ]; }
unpack() { rm -rf "$2" && mkdir "$2" && tar xzf "$1" -C "$2" --strip-components=1; }

# recorded_run SCENARIO: its databases in a folder of that name
recorded_run() {
  local f
  mkdir "$1"
  for f in "$recorded/$1"/*.gz; do
    gzip -dc "$f" >"$1/$(basename "$f" .gz)"
  done
}
recorded_run held
# What an import and a configured response header would have left.
sqlite3 held/nat.db "
INSERT INTO response_header SELECT id, 'x-request-id', 'vendor-' || id
  FROM attempt WHERE failure IS NULL;
INSERT INTO note (at, written_at, text) SELECT started_at, 0,
  '=cmd() | [gateway] 10.1.1.2 and ip-10-1-1-2 <b>' FROM attempt LIMIT 1;
INSERT INTO import VALUES (7, 'gcp-nat', 'nat.json', NULL, 1, 2, 0, 0, NULL);
INSERT INTO gateway_event (import_id, source, kind, from_at, to_at,
    inside_address, inside_port, detail)
  SELECT 7, '-nat', 'dropped', started_at, started_at, '10.1.1.2', 40000,
    '{\"vm\":\"10.1.1.2\",\"v6\":\"fd12:3456::1\"}' FROM attempt LIMIT 2;
INSERT INTO app_failure (at, source_address, error)
  SELECT started_at, '10.1.1.2', '=HYPERLINK(\"http://evil\")' FROM attempt
  LIMIT 1;
INSERT INTO edge_entry (import_id, at, attempt_id, client_address, status)
  SELECT 7, started_at, attempt_id, '203.0.113.2', 200 FROM attempt LIMIT 1;"
openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out key.pub
openssl genpkey -algorithm ed25519 -out other.pem 2>/dev/null
openssl pkey -in other.pem -pubout -out other.pub
print=$(openssl pkey -in key.pem -pubout -outform DER | sha256sum)

# ---------------------------------------------------------------- a bundle

check "packs a run" bundle -o one.tar.gz --sign key.pem --note "ticket 7 *now*" held/*.db
mkdir again
check "packs it again, in another order, one file twice" bundle -o again/one.tar.gz \
  --sign key.pem --note "ticket 7 *now*" held/nat.db held/gateway.db held/direct.db held/nat.db
check "to the same bytes" same one.tar.gz again/one.tar.gz
check "leaves nothing beside it" equals "$(ls -A again)" one.tar.gz
unpack one.tar.gz one
check "tar shows no owner and the time of the newest row" equals \
  "$(tar tvzf one.tar.gz --numeric-owner --utc | awk '{print $2, $4}' | sort -u)" \
  "0/0 $(sqlite3 one/attempts.db "SELECT date(max(started_at) / 1000000, 'unixepoch') FROM attempt")"
check "names are sorted" equals "$(tar tzf one.tar.gz)" "$(tar tzf one.tar.gz | sort)"

# in_clean_folder COMMAND: with coreutils and openssl alone, elsewhere
in_clean_folder() {
  local clean=$work/clean tool
  rm -rf "$clean" && mkdir -p "$clean/bin" "$clean/home"
  for tool in tar gzip sha256sum openssl cat; do
    ln -s "$(command -v "$tool")" "$clean/bin/$tool"
  done
  (cd "$clean/home" && env -i PATH="$clean/bin" "$(command -v bash)" -c "tar xzf '$work/one.tar.gz' && cd one && $1")
}
check "sha256sum checks it" in_clean_folder "sha256sum --strict -c MANIFEST.sha256"
check "openssl checks its signature" in_clean_folder \
  "openssl pkeyutl -verify -pubin -inkey signer.pub -rawin -in MANIFEST.sha256 -sigfile MANIFEST.sig"
check "the signer's fingerprint is openssl's" in_clean_folder \
  "[[ \$(openssl pkey -pubin -in signer.pub -outform DER | sha256sum) = '$print' ]]"
check "every file is in the manifest" equals \
  "$(cd one && find . -type f ! -name 'MANIFEST.*' ! -name signer.pub | sed 's/^..//' | sort)" \
  "$(cut -c67- one/MANIFEST.sha256)"

plain() { jq -S 'del(.generated_at, .inputs[].file) | .gateway |= sort_by(.kind, .source)'; }
"$report" diff --format json held/*.db | plain >want
plain <one/report.json >got
check "there is one for a browser" matches "$(head -c 100 one/report.html)" "^<!DOCTYPE html>"
check "its report is that of the databases" same want got
"$report" diff --format json one/attempts.db | plain >got
check "and that of the database in it" same want got
check "its time is that of the newest row, not now" matches \
  "$(jq -r .generated_at one/report.json)" '^2026-11-21T06:3'
check "the database in it is whole" equals "$(sql one/attempts.db 'PRAGMA integrity_check')" ok
check "and needs no other file" equals "$(sql one/attempts.db 'PRAGMA journal_mode')" delete

failed=$(sql held/nat.db "SELECT count(*) FROM attempt WHERE failure IS NOT NULL")
csv() {
  /usr/bin/python3 - "$@" <<'EOF'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
print(eval(sys.argv[2], {"rows": rows, "len": len, "set": set, "sorted": sorted}))
EOF
}
check "failures.csv has every failure" equals "$(csv one/failures.csv 'len(rows)')" "$failed"
check "each with its direct counterpart" equals \
  "$(csv one/failures.csv 'set((r["direct_result"], r["direct_failure"]) for r in rows)')" "{('ok', '')}"
check "of the same slot" equals "$(sql one/attempts.db "
  SELECT count(*) FROM attempt a JOIN attempt b ON a.slot = b.slot AND a.seq = b.seq
  AND a.target_id = b.target_id AND a.endpoint_id = b.endpoint_id AND a.run_id <> b.run_id
  WHERE a.failure IS NOT NULL AND b.failure IS NULL")" "$failed"
check "the query has the failures" equals \
  "$(csv one/edge-query.csv 'len([r for r in rows if r["asked_about"] == "failure"])')" "$failed"
check "and the vendor's own ids of successes" equals \
  "$(csv one/edge-query.csv 'set(r["your_request_ids"][:20] for r in rows if r["asked_about"] == "success")' |
    grep -o 'x-request-id=vendor-' | sort -u)" "x-request-id=vendor-"
check "and empty columns for the answer" contains "$(head -1 one/edge-query.csv)" \
  "seen,time,client_address,client_port,status,request_id,detail"
/usr/bin/python3 - one/edge-query.csv >answer.csv <<'EOF'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
out = csv.DictWriter(sys.stdout, rows[0].keys())
out.writeheader()
for i, row in enumerate(rows):
    if row["asked_about"] == "failure":
        row.update(seen="no")
    elif i > 0:  # the first is not answered
        row.update(seen="yes", time=row["sent_from"], client_address="203.0.113.2",
                   client_port="4711", status="200", request_id="r%d" % i)
    out.writerow(row)
EOF
asked=$(csv one/edge-query.csv 'len([r for r in rows if r["asked_about"] == "success"])')
cp held/nat.db answered.db
sqlite3 answered.db 'DELETE FROM edge_entry'
check "import reads the vendor's answer" contains \
  "$("$report" import edge answer.csv --into answered.db 2>&1)" "0 bad lines"
check "each by its attempt" equals "$(sql answered.db "SELECT count(*) FROM edge_entry e
  JOIN attempt a USING (attempt_id) WHERE a.failure IS NULL AND e.client_port = 4711")" "$((asked - 1))"
check "what would be a formula is none" contains \
  "$(cat one/application/failures.csv)" "'=HYPERLINK"
check "in a log's name neither" contains "$(cat one/gateway/events.csv)" ",'-nat,dropped,"
check "the edge's entries are there" matches "$(cat one/edge/entries.csv)" ",203.0.113.2,,200,"
check "what each import was" contains "$(cat one/imports.csv)" "gcp-nat,nat.json"
check "each host has its facts" matches "$(cat one/host/nat-*.txt)" "ip_local_port_range +32768 60999"

letter=$(cat one/SUMMARY.md)
check "the letter has the finding" contains "$letter" "(nat_port_exhaustion, strong evidence)"
check "and the words given" contains "$letter" 'ticket 7 \*now\*'
check "and since when, in milliseconds" matches "$letter" \
  "the first sent 2026-11-21T06:30:2[0-9]\.[0-9]{3}Z"
check "and five-tuples with the public address" matches "$letter" \
  "\| 10\.1\.1\.2:[0-9]+ \| 203\.0\.113\.2 .*\| 198\.51\.100\.10:443 \| connect_timeout in connect"
check "and the direct path in the same instants" matches "$letter" \
  "ok [0-9]+, sent 06:3[0-9:.]+Z, in [0-9]+ ms, from 192\.0\.2\.2"
check "and ids of successes near them" matches "$letter" "\| [0-9a-f]{32} \| x-request-id=vendor-[0-9]+ \|"
check "and the question" contains "$letter" "did SYNs arrive from the public addresses"
check "with a count of all pairs" equals "$(sed -n 's/^In all, of \([0-9]*\) pairs .*/\1/p' one/SUMMARY.md)" \
  "$(sed -n 's/^- .*: of \([0-9]*\) pairs of attempts .*/\1/p' one/SUMMARY.md | awk "{ n += \$1 } END { print n }")"
sed -n 's/^    //p' one/SUMMARY.md >commands
check "the commands in it are to be copied" in_clean_folder ". '$work/commands'"
check "no heading begins small" equals "$(grep -E '^##* [a-z]' one/SUMMARY.md)" ""
recorded_run limit-silent
check "where nothing got through" bundle -o silent.tar.gz limit-silent/*.db
unpack silent.tar.gz silent
check "the letter says so, and what is not ruled out" matches \
  "$(tr '\n' ' ' <silent/SUMMARY.md)" "None: no failure of .* near it.*Not ruled out.*edge_address_limit"
check "and who signed" contains "$letter" "SHA256:${print%% *}"

check "a window is kept to" bundle -o window.tar.gz --since 2026-11-21T06:30:30Z \
  --until 2026-11-21T06:30:40Z --endpoint https held/*.db
unpack window.tar.gz window
check "with its attempts alone" equals \
  "$(sql window/attempts.db "SELECT DISTINCT substr(started_at, 1, 18), endpoint FROM attempts")" \
  "2026-11-21T06:30:3|https"
check "and nothing that they do not refer to" equals \
  "$(sql window/attempts.db "SELECT count(*) FROM address a WHERE NOT EXISTS (SELECT 1 FROM attempt
     WHERE local_address_id = a.id OR observed_address_id = a.id)")" 0

printf 'log\n' >'app log.txt'
printf '\324\303\262\241capture' >dump
check "attaches a log and a capture" bundle -o att.tar.gz --attach 'app log.txt' --attach dump held/*.db
check "each in its folder" equals "$(tar tzf att.tar.gz | grep -E 'att/(attach|capt)')" \
  "att/attachments/app-log.txt
att/captures/dump"

# A database of an enemy: names that lead outside, markup, formulas, escapes.
cp held/nat.db hostile.db
sqlite3 hostile.db "
UPDATE run SET host_name = '../../x <b>|', path = '=nat|<i>', kernel = char(27) || '[2J',
  facts = '{\"a\\n\":\"=1\",\"b\":[1,{}]}', gateway = 'no json';
UPDATE agent SET agent = '../=1';
UPDATE attempt SET failure_text = '@SUM(1)' || char(10) || char(27) WHERE failure IS NOT NULL;
UPDATE attempt SET started_at = 9223372036854775807 WHERE id = 3;
UPDATE attempt SET total_us = 9223372036854775807 WHERE id = 5;
UPDATE response_header SET value = '=\`|<b>' || char(27);"
check "packs what an enemy wrote" bundle -o hostile.tar.gz hostile.db held/direct.db
check "with names that verify" verify hostile.tar.gz
unpack hostile.tar.gz hostile
no_escape() { ! grep -rlI $'\033' hostile; }
check "no escape reaches a terminal" no_escape
check "no markup the letter" contains "$(cat hostile/SUMMARY.md)" '=nat\|\<i\>'
check "no formula a spreadsheet" equals \
  "$(csv hostile/failures.csv '[r for r in rows for v in r.values() if v[:1] and v[:1] in "=+-@"]')" "[]"
check "and no time that cannot be its clock" equals "$(jq -r .generated_at hostile/report.json | cut -c1-13)" \
  2026-11-21T06

# -------------------------------------------------------------- pseudonyms

check "packs with pseudonyms" bundle -o anon.tar.gz --pseudonymise \
  --note "see 10.1.1.2, 10.77.0.1 and [fd12:3456::1]:443" held/*.db
unpack anon.tar.gz anon
check "verifies" verify anon.tar.gz
no_private() { ! grep -raE '10\.1\.1\.2|10-1-1-2|10\.77\.0\.1|fd12:3456' anon; }
check "no private address is anywhere in it" no_private
check "the public ones are" contains "$(cat anon/SUMMARY.md)" 203.0.113.2
check "consistently" equals "$(sql anon/attempts.db "
  SELECT DISTINCT inside_address, json_extract(detail, '\$.vm') FROM gateway_event WHERE kind = 'dropped'")" \
  "$(sql anon/attempts.db "SELECT DISTINCT local_address, local_address FROM attempts WHERE path = 'nat'")"
check "the verdict is the same" equals "$(jq .verdict.statement anon/report.json)" \
  "$(jq .verdict.statement one/report.json)"
check "and so are the same pseudonyms again" bundle -o again/anon.tar.gz --pseudonymise \
  --note "see 10.1.1.2, 10.77.0.1 and [fd12:3456::1]:443" held/nat.db held/direct.db held/gateway.db
check "to the byte" same anon.tar.gz again/anon.tar.gz
check "attachments cannot be" fails 2 "cannot look into attachments" \
  bundle -o x.tar.gz --pseudonymise --attach dump held/*.db

# ------------------------------------------------------------------ errors

check "-o is needed" fails 2 "-o is missing" bundle held/nat.db
check "with its suffix" fails 2 "ends in .tar.gz" bundle -o x.zip held/nat.db
check "a key of another kind is refused" fails 1 "no Ed25519 key" bundle -o x.tar.gz --sign dump held/nat.db
check "an input that is none" fails 1 "not a SQLite database" bundle -o x.tar.gz held/nat.db key.pem
check "an empty window" fails 1 "no attempt that is wanted" bundle -o x.tar.gz --since 2030-01-01 held/nat.db
check "an attachment without an end" fails 1 "expected a regular file to attach" \
  bundle -o x.tar.gz --attach /dev/zero held/nat.db
check "a missing attachment" fails 1 "cannot open" bundle -o x.tar.gz --attach none held/nat.db
check "nothing was left of these" absent x.tar.gz
nothing_left() { [ -z "$(find . -name '.natdiff-bundle*')" ]; }
check "nor of their files" nothing_left
check "an old archive stays where the new one fails" same one.tar.gz again/one.tar.gz

# ------------------------------------------------------------------ verify

check "verify says who signed" contains "$(verify one.tar.gz)" "signed by SHA256:${print%% *}, a key that came with it"
check "and that it is the key given" contains "$(verify --key key.pub one.tar.gz)" "the key that was given"
check "or that it is not" fails 1 "signer.pub: not the key that was given" verify --key other.pub one.tar.gz
check "an unsigned one is good, without the key" contains "$(verify att.tar.gz)" "not signed"
check "and not with one" fails 1 "MANIFEST.sig: missing" verify --key key.pub att.tar.gz
check "a plain tar of it is good, too" eval 'gzip -dc one.tar.gz >one.tar && verify one.tar'
check "one that was unpacked and packed again" eval 'tar czf re.tar.gz ./one && verify re.tar.gz'

# enemy NAME EXPECTED: an archive made by the Python on stdin, which has t (a
# TarFile), add(name, bytes, type, link) and files (of the good bundle)
enemy() {
  local name=$1 expected=$2
  # shellcheck disable=SC2094
  /usr/bin/python3 -c '
import io, sys, tarfile, hashlib
good = tarfile.open("one.tar.gz")
files = {m.name: good.extractfile(m).read() for m in good.getmembers()}
t = tarfile.open("enemy.tar.gz", "w:gz")
def add(name, data=b"", kind=tarfile.REGTYPE, link=""):
    m = tarfile.TarInfo(name)
    m.type, m.linkname, m.size = kind, link, len(data)
    t.addfile(m, io.BytesIO(data))
def rest(files=files):
    for name in files: add(name, files[name])
def manifest(lines):
    files["one/MANIFEST.sha256"] = lines
exec(sys.stdin.read())
t.close()'
  check "$name" fails 1 "$expected" timeout 60 "$report" verify enemy.tar.gz
}
mkdir outside
enemy "a path above" "../outside/x: a name with ..: would be written outside" <<<'rest(); add("../outside/x", b"x")'
enemy "a path above within" "one/../../outside/x: a name with .." <<<'rest(); add("one/../../outside/x", b"x")'
enemy "an absolute path" "/tmp/natdiff-enemy: an absolute name" <<<'rest(); add("/tmp/natdiff-enemy", b"x")'
enemy "a symbolic link" "one/link: a symbolic link" <<<'rest(); add("one/link", kind=tarfile.SYMTYPE, link="/etc/passwd")'
enemy "a hard link" "one/link: a hard link" <<<'rest(); add("one/link", kind=tarfile.LNKTYPE, link="one/SUMMARY.md")'
enemy "a device" "one/null: a device" <<<'rest(); add("one/null", kind=tarfile.CHRTYPE)'
enemy "a pipe" "one/pipe: a pipe" <<<'rest(); add("one/pipe", kind=tarfile.FIFOTYPE)'
enemy "a file twice" "SUMMARY.md: twice in the archive" <<<'rest(); add("one/SUMMARY.md", b"another")'
enemy "two folders" "two/x: not in the bundle" <<<'rest(); add("two/x", b"x")'
enemy "a file that is extra" "x: extra, the manifest does not list it" <<<'rest(); add("one/x", b"x")'
enemy "a file that is missing" "failures.csv: missing, the manifest lists it" <<<'del files["one/failures.csv"]; rest()'
enemy "a file that was changed" "report.json: changed" <<<'files["one/report.json"] += b" "; rest()'
enemy "a name with an escape in it" "a name with other than letters" <<<'rest(); add("one/\033[2J", b"x")'
check "which reaches no terminal" contains "$(cat out)" '\x1b[2J'
enemy "a hidden name" "a name with an empty or hidden part" <<<'rest(); add("one/.ssh/config", b"x")'
enemy "a manifest with another digest" "SUMMARY.md: changed" <<<'
m = files["one/MANIFEST.sha256"]; manifest(b"0" * 64 + m[64:]); rest()'
check "whose signature shows it" contains "$(cat out)" "MANIFEST.sig: not the signature of this manifest"
enemy "a manifest changed with its file, signed by nobody" "MANIFEST.sig: not the signature" <<<'
f = files["one/SUMMARY.md"]; new = f + b"lie"; files["one/SUMMARY.md"] = new
manifest(files["one/MANIFEST.sha256"].replace(hashlib.sha256(f).hexdigest().encode(), hashlib.sha256(new).hexdigest().encode())); rest()'
enemy "a manifest that lists a path outside" "../../etc/passwd: a name with .." <<<'
manifest(files["one/MANIFEST.sha256"] + b"0" * 64 + b"  ../../etc/passwd\n"); rest()'
enemy "a manifest that lists a file twice" "SUMMARY.md: twice in the manifest" <<<'
m = files["one/MANIFEST.sha256"]; manifest(m + m.splitlines(True)[0]); rest()'
enemy "a manifest that lists what is not there" "none: missing" <<<'
manifest(files["one/MANIFEST.sha256"] + b"0" * 64 + b"  none\n"); rest()'
enemy "a manifest that is none" "MANIFEST.sha256:1: not a line of sha256sum" <<<'manifest(b"lies\n"); rest()'
enemy "a manifest that is empty" "SUMMARY.md: missing, every bundle has it" <<<'add("one/MANIFEST.sha256")'
enemy "no manifest" "MANIFEST.sha256: missing" <<<'del files["one/MANIFEST.sha256"]; rest()'
enemy "no signer" "signer.pub: missing" <<<'del files["one/signer.pub"]; rest()'
enemy "a signer that is no key" "no Ed25519 key" <<<'files["one/signer.pub"] = b"x"; rest()'
enemy "a signature that is too large" "MANIFEST.sig: too large" <<<'files["one/MANIFEST.sig"] *= 9; rest()'
enemy "an empty archive" "MANIFEST.sha256: missing" <<<''
enemy "a bomb of zeros" "more than 200 times its size" <<<'
rest(); m = tarfile.TarInfo("one/zeros"); m.size = 100 << 20; t.addfile(m, open("/dev/zero", "rb"))'
enemy "a bomb of files" "more than 10000 entries" <<<'
rest()
for i in range(11000): add("one/f%d" % i)'
truncate -s 20G sparse
tar czf enemy.tar.gz --sparse sparse --transform s,^,one/,
check "a sparse file" fails 1 "one/sparse: a sparse file" timeout 60 "$report" verify enemy.tar.gz
head -c 5000 one.tar.gz >cut.tar.gz
check "one that is cut off" fails 1 "damaged" verify cut.tar.gz
head -c 5000 /dev/urandom >noise.tar.gz
check "noise" fails 1 "no tar.gz" verify noise.tar.gz
: >empty.tar.gz
check "an empty file" fails 1 "NOT good" verify empty.tar.gz
check "a missing one" fails 1 "cannot open" verify none.tar.gz
nothing_outside() { [ -z "$(ls -A outside)" ] && [ ! -e /tmp/natdiff-enemy ] && [ ! -e ../outside ] && [ ! -e one/x ]; }
check "nothing was written anywhere" nothing_outside
check "help leads with examples" contains "$("$report" bundle --help | head -1)$("$report" verify --help | head -1)" \
  "Examples:Examples:"
done_testing
