#!/usr/bin/env bash
#
# Did the fix work?  natdiff-report diff with --split and with --before and
# --after, over databases whose answer is known.

# shellcheck disable=SC2016 # jq has variables of its own
# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

first=179523720 # the slot of 2026-11-21T05:00:00Z, every 10 s

# database FILE PATH FROM N FAILS [LOAD]: N attempts at one endpoint from slot
# FROM on; FAILS, of the slot s, says which fail; a census of LOAD sockets a
# minute
database() {
  local load=${6:-NULL}
  "$tools/make_database" "$1" <<END
INSERT INTO endpoint (id, name, url, control, verify, kind) VALUES
  (1, 'https', 'https://api.example.com/', 0, 1, 'endpoint');
INSERT INTO target (id, address, port, family) VALUES
  (1, '203.0.113.10', 443, 4);
INSERT INTO agent VALUES (1, '0000000000000000000000000000$2', '$2', 0);
INSERT INTO run (id, uuid, agent_id, path, role, host_name, version,
    interval_us, config_digest, started_at)
  VALUES (1, randomblob(16), 1, '$2', '$2', '$2', '0.1.0', 10000000, 'c0ffee',
    ($3) * 10000000);
WITH RECURSIVE slot(s) AS (SELECT $3 UNION ALL SELECT s + 1 FROM slot
    WHERE s + 1 < $3 + $4)
INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq, failure,
    failed_phase, syn_retransmits, connect_us, total_us, http_status,
    started_at, attempt_id)
  SELECT 1, 1, 1, s, 0,
    CASE WHEN $5 THEN 'connect_timeout' END, CASE WHEN $5 THEN 'connect' END,
    CASE WHEN $5 THEN 4 ELSE 0 END, 20000, 30000,
    CASE WHEN $5 THEN NULL ELSE 200 END, s * 10000000 + 251000,
    CAST(printf('n%014d.', s) AS BLOB) FROM slot;
WITH RECURSIVE slot(s) AS (SELECT $3 UNION ALL SELECT s + 6 FROM slot
    WHERE s + 6 < $3 + $4)
INSERT INTO host_sample (id, run_id, slot, at)
  SELECT s, 1, s, s * 10000000 + 1000 FROM slot WHERE $load IS NOT NULL;
INSERT INTO census (sample_id, target_id, established, syn_sent, own)
  SELECT id, 1, $load + 1, 0, 1 FROM host_sample;
END
}

# Two of five fail, until slot 150; then none.
trouble='s % 5 < 2'
database direct.db direct $first 300 0
database nat.db nat $first 300 "s < $first + 150 AND $trouble" 20
at=2026-11-21T05:25:00Z

# The same as databases of their own, the direct one in common.
database old.db nat $first 150 "$trouble" 20
database new.db nat $((first + 150)) 150 0 22
database busy.db nat $((first + 150)) 150 0 40
database unknown.db nat $((first + 150)) 150 0
database short.db nat $((first + 150)) 40 0 20
database later.db nat $((first + 720)) 150 0 20
database latedirect.db direct $((first + 720)) 150 0

# json FILTER ARGUMENT...: what jq makes of the report
json() {
  local filter=$1
  shift
  "$report" diff --format json "$@" >out.json || return
  jq -c "$filter" out.json
}

is() {
  local expected=$1
  shift
  equals "$("$@")" "$expected"
}

# refuses TEXT ARGUMENT...: exit status 2, one line, nothing else
refuses() {
  local text=$1 status
  shift
  "$report" diff "$@" >out 2>err
  status=$?
  equals "$status" 2 && contains "$(head -1 err)" "$text" &&
    equals "$(wc -c <out)" 0
}

# says TEXT ARGUMENT...: in the text report, whose lines fit
says() {
  local text=$1
  shift
  "$report" diff "$@" >out.txt || return
  equals "$(awk 'length > 80' out.txt | wc -l)" 0 &&
    contains "$(tr -s ' \n' ' ' <out.txt)" "$text"
}

check "nothing is compared that nobody asked for" \
  is null json .comparison direct.db nat.db
check "a split shows a fix that worked" \
  is '["worked",-0.4,true,1,1,1,null]' \
  json '.comparison | [.result, .change, .p < 0.001, .hours_matched, .hours_seen, .load_ratio, .refused]' \
  direct.db nat.db --split "$at"
check "each period has its slots" \
  is '["2026-11-21T05:00:00.000Z","2026-11-21T05:25:00.000Z","2026-11-21T05:25:00.000Z","2026-11-21T05:50:00.000Z",150,150,0.4,0]' \
  json '.comparison | [.before.from, .before.to, .after.from, .after.to, .before.pairs, .after.pairs, .before.difference, .after.difference]' \
  direct.db nat.db --split "$at"
check "the interval holds the change and not 0" \
  is '[true,true,true,true]' \
  json '.comparison | [.change_ci[0] < .change, .change < .change_ci[1], .change_ci[1] < 0, (.endpoints | length == 2)]' \
  direct.db nat.db --split "$at"
check "in words" \
  says 'the fix worked: at https 40 % -> 0 % more failures on the nat path than on the direct one (change -40 points, 95 % ' \
  direct.db nat.db --split "$at"
check "and what it cannot say" says 'not why: what else changed then, these numbers cannot tell' \
  direct.db nat.db --split "$at"
check "an offset is understood" is '"worked"' json .comparison.result \
  direct.db nat.db --split 2026-11-21T06:25:00+01:00
check "an early split, where nothing changed, shows nothing" \
  is '"not_shown"' json .comparison.result direct.db nat.db \
  --until "$at" --split 2026-11-21T05:12:30Z

check "before and after by databases" is '["worked",-0.4,1.1]' \
  json '.comparison | [.result, .change, .load_ratio]' \
  --before direct.db --before old.db --after direct.db --after new.db
check "many files behind one option" is '["worked",-0.4,1.1]' \
  json '.comparison | [.result, .change, .load_ratio]' \
  --before direct.db old.db --after direct.db new.db
check "the report itself is over all of them" is 300 \
  json '.endpoints[0].pairs | .both_ok + .nat_only_failed' \
  --before direct.db old.db --after direct.db new.db
check "an unknown load is said, not refused" \
  says 'load that after is not known' \
  --before direct.db old.db --after direct.db unknown.db

check "another load is refused" is '["refused","load_differs",null,null,2]' \
  json '.comparison | [.result, .refused.reason, .change, .p, .load_ratio]' \
  --before direct.db old.db --after direct.db busy.db
check "in words: another load" \
  says 'held 20 connections at the median before and 40 after' \
  --before direct.db old.db --after direct.db busy.db
check "other hours are refused" is '["hours_differ",0,2]' \
  json '.comparison | [.refused.reason, .hours_matched, .hours_seen]' \
  --before direct.db old.db --after latedirect.db later.db
check "in words: which hours" \
  says 'after lacks the hours from 05; before lacks the hours from 07 (UTC)' \
  --before direct.db old.db --after latedirect.db later.db
check "too little is refused" is '["too_few_pairs",40]' \
  json '.comparison | [.refused.reason, .after.slots]' \
  --before direct.db old.db --after direct.db short.db
check "in words: how much is missing" says 'after has 40 slots with pairs and needs about 20 more' \
  --before direct.db old.db --after direct.db short.db
check "after before before is refused" is '"periods_overlap"' \
  json .comparison.refused.reason \
  --before direct.db new.db --after direct.db old.db
check "a path alone is refused" is '"no_pairs"' json .comparison.refused.reason \
  --before old.db --after direct.db new.db
check "a moment outside is refused" is '"no_pairs"' \
  json .comparison.refused.reason direct.db nat.db --split 2026-11-22
check "a window without attempts is refused" says 'neither period has' \
  --split 2027-01-02 --since 2027-01-01 direct.db nat.db

check "no moment" refuses 'not a time' --split noon direct.db nat.db
check "a moment outside the window" refuses 'not between' direct.db nat.db \
  --split "$at" --since 2026-11-22
check "before without after" refuses 'need each other' --before direct.db
check "both ways at once" refuses 'neither' --split "$at" \
  --before direct.db --after nat.db
check "a file of neither" refuses 'nat.db: is it of before' nat.db \
  --before direct.db --after new.db

done_testing
