#!/usr/bin/env bash
#
# natdiff-report import: every sample, counted a second time by jq or awk;
# twice, gzip, standard input, damaged files, bad lines.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
data=$TOP_SRCDIR/tests/data/import
cd "$work" || exit 1

count() { sql "$1" "SELECT count(*) FROM gateway_event WHERE $2"; }
total() { sql "$1" "SELECT coalesce(sum(value), 0) FROM gateway_event WHERE $2"; }

# imports NAME KIND FILE...: into NAME.db; the kind is found, too
imports() {
  local name=$1 kind=$2
  shift 2
  check "$name: is imported" "$report" import "$kind" "$@" --into "$name.db"
  check "$name: is $kind without being told" contains \
    "$("$report" import auto "$1" --into "$name-auto.db")" ": $kind: "
}

# ---------------------------------------------------------------- Google
imports nat gcp-nat "$data/gcp/nat_flows.gcloud.json"
check "gcp-nat: as many refusals as jq counts" equals \
  "$(count nat.db "kind = 'allocation_failed'")" \
  "$(jq '[.[] | select(.jsonPayload.allocation_status == "DROPPED")
    | [.insertId, .timestamp]] | unique | length' "$data/gcp/nat_flows.gcloud.json")"
check "gcp-nat: the connections of jq" equals \
  "$(sql nat.db "SELECT DISTINCT inside_address || ':' || inside_port || ' ' ||
    destination_address || ':' || destination_port || ' ' ||
    coalesce(outside_address || ':' || outside_port, '-') || ' ' || protocol
    FROM gateway_event" | sort | sha256sum)" \
  "$(jq -r '.[].jsonPayload.connection | "\(.src_ip):\(.src_port) " +
    "\(.dest_ip):\(.dest_port) " +
    (if .nat_ip then "\(.nat_ip):\(.nat_port)" else "-" end) +
    (if .protocol == "tcp" then " 6" else " \(.protocol)" end)' \
    "$data/gcp/nat_flows.gcloud.json" | sort -u | sha256sum)"
check "the shards of a sink" "$report" import gcp-nat "$data/gcp/A0.json" \
  "$data/gcp/S0.json" --into shards.db
check "hold the same, once" equals \
  "$(sql shards.db "SELECT count(*) FROM gateway_event")" \
  "$(jq -s '[.[] | [.insertId, .timestamp]] | unique | length' \
    "$data/gcp/A0.json" "$data/gcp/S0.json")"
imports metrics gcp-metrics "$data/gcp/monitoring_timeSeries.json"
check "gcp-metrics: the refusals of jq" equals \
  "$(total metrics.db "kind = 'ports_refused'")" \
  "$(jq '[.timeSeries[] | select(.metric.type | endswith("dropped_sent_packets_count"))
    | select(.metric.labels.reason == "OUT_OF_RESOURCES")
    | .points[].value.int64Value | tonumber] | add' \
    "$data/gcp/monitoring_timeSeries.json")"
jq -c '.timeSeries' "$data/gcp/monitoring_timeSeries.json" >series.json
check "gcp-metrics: on one line, unwrapped, they are the same" contains \
  "$("$report" import gcp-metrics series.json --into metrics.db)" " 0 rows, 13 duplicates"
imports settings settings "$data/gcp/nats_describe.json"
check "settings: the values of jq" equals \
  "$(sql settings.db "SELECT detail -> 'ports_per_host', detail ->> 'provider',
    (detail -> 'time_wait_us') / 1000000, detail -> 'addresses' FROM gateway_event")" \
  "$(jq -r '[.minPortsPerVm, "gcp", .tcpTimeWaitTimeoutSec, (.natIps | length)]
    | join("|")' "$data/gcp/nats_describe.json")"

# ------------------------------------------------------------------- AWS
imports aws aws-metrics "$data/aws/get-metric-data.json"
check "aws-metrics: the sums of jq" equals \
  "$(total aws.db "kind = 'ports_refused'") $(total aws.db "kind = 'connections_open'")" \
  "$(jq -r '[.MetricDataResults[] | select(.Label == ("ErrorPortAllocation",
    "ActiveConnectionCount")) | .Values | add] | join(" ")' "$data/aws/get-metric-data.json")"
check "aws-metrics: a minute a point" equals \
  "$(sql aws.db "SELECT DISTINCT to_at - from_at FROM gateway_event")" 60000000
imports statistics aws-metrics "$data/aws/get-metric-statistics.ErrorPortAllocation.json"
check "aws-metrics: unsorted points, by their time" equals \
  "$(sql statistics.db "SELECT group_concat(value) FROM (SELECT value FROM
    gateway_event ORDER BY from_at)")" \
  "$(jq -r '[.Datapoints | sort_by(.Timestamp)[].Sum] | join(",")' \
    "$data/aws/get-metric-statistics.ErrorPortAllocation.json")"
imports old-statistics aws-metrics \
  "$data/aws/get-metric-statistics.ActiveConnectionCount.old-cli.json"
imports flow2 aws-flow "$data/aws/vpc_flow_v2.log"
imports flow5 aws-flow "$data/aws/vpc_flow_custom_v5_natgw.log"
check "aws-flow: the flows of awk, by the header" equals \
  "$(sql flow5.db "SELECT kind, count(*), sum(value) FROM gateway_event
    GROUP BY kind" | sort)" \
  "$(awk 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    { k = $c["tcp-flags"] == 2 ? "flow_syn_only" : "flow"; n[k]++; s[k] += $c["packets"] }
    END { for (k in n) print k "|" n[k] "|" s[k] }' \
    "$data/aws/vpc_flow_custom_v5_natgw.log" | sort)"
check "aws-flow: what AWS lost is told" equals "$(count flow2.db "kind = 'records_lost'")" 1

# ----------------------------------------------------------------- Azure
imports azure azure-metrics "$data/azure/natgw_metrics_list.json"
imports azure-old azure-metrics "$data/azure/natgw_metrics_list.old-cli.json"
for cli in azure azure-old; do
  file=$data/azure/natgw_metrics_list.json
  [ $cli = azure ] || file=$data/azure/natgw_metrics_list.old-cli.json
  check "azure-metrics: the failed of jq ($cli)" equals \
    "$(total $cli.db "kind = 'ports_refused'")" \
    "$(jq '[.value[] | select(.name.value == "SNATConnectionCount") | .timeseries[]
      | select(.metadatavalues[0].value == "Failed") | .data[].total // 0] | add' "$file")"
done
imports lb azure-metrics "$data/azure/lb_metrics_list.json"
check "azure-metrics: ports used and allocated" equals \
  "$(total lb.db "kind = 'ports_used'") $(total lb.db "kind = 'ports_allocated'")" \
  "$(jq -r '[.value[] | select(.name.value == ("UsedSnatPorts", "AllocatedSnatPorts"))
    | [.timeseries[].data[].average] | add] | join(" ")' "$data/azure/lb_metrics_list.json")"
imports firewall azure-metrics "$data/azure/firewall_metrics_list.json"
imports azure-flow azure-flow "$data/azure/natgw_flowlogs_v1.jsonl"

# ----------------------------------------------------------------- Linux
imports conntrack conntrack "$data/linux/conntrack_E_timestamp_id_with_destroy.txt"
check "conntrack: the connections of awk" equals \
  "$(sql conntrack.db "SELECT kind, count(*), sum(outside_port) FROM gateway_event
    GROUP BY kind ORDER BY kind DESC")" \
  "$(awk '/\[(NEW|DESTROY)\]/ { k = /NEW/ ? "connection_new" : "connection_ended"
      n[k]++; sub(/.*dport=/, ""); s[k] += $1 }
    END { for (k in n) print k "|" n[k] "|" s[k] }' \
    "$data/linux/conntrack_E_timestamp_id_with_destroy.txt" | sort -r)"
imports conntrack-id conntrack "$data/linux/conntrack_E_timestamp_id.txt"
refuses() {
  local text=$1
  shift
  "$@" >out 2>err
  equals $? 1 && contains "$(cat err)" "$text"
}
check "conntrack: events without a time are refused" refuses "no time" \
  "$report" import conntrack "$data/linux/conntrack_E.txt" --into none.db
check "conntrack: or have the user's" "$report" import conntrack \
  "$data/linux/conntrack_E.txt" --at 2026-11-19T00:00:00Z --into at.db
imports listed conntrack "$data/linux/conntrack_L.txt"
imports listed-more conntrack "$data/linux/conntrack_L_extended.txt"
imports counters conntrack "$data/linux/conntrack_S.txt"
imports proc conntrack "$data/linux/proc_net_stat_nf_conntrack.txt"
check "conntrack: both counters say the same" equals \
  "$(total counters.db "kind = 'insert_failed_total'") $(total proc.db "kind = 'drop_total'")" \
  "28 28"
{
  echo 2026-11-21T04:00:00+00:00
  cat "$data/linux/conntrack_S.txt"
  echo 2026-11-21T04:00:10+00:00
  sed 's/insert_failed=28 drop=28/insert_failed=40 drop=43/' "$data/linux/conntrack_S.txt"
} >twice.txt
check "conntrack: two samples with their times" "$report" import auto twice.txt --into twice.db
check "give the increase between them" equals \
  "$(sql twice.db "SELECT kind, value, (to_at - from_at) / 1000000 FROM gateway_event
    WHERE value > 0 ORDER BY kind")" "drop|15|10
insert_failed|12|10"
{
  head -1 twice.txt
  cat "$data/linux/conntrack_S.txt" twice.txt
} >thrice.txt
"$report" import auto thrice.txt --into thrice.db >out 2>err
check "a second sample of one time is bad" contains "$(cat err)" ": two samples at one time"
check "and no harm to the next" equals \
  "$(sql thrice.db "SELECT sum(value) FROM gateway_event WHERE kind = 'drop'")" 15

# ---------------------------------------------------------------- syslog
imports syslog syslog "$data/syslog/vendors.log"
check "syslog: a row a line" equals "$(count syslog.db 1)" \
  "$(awk 'END { print NR }' "$data/syslog/vendors.log")"
check "syslog: what is definite, by its 5-tuple" equals \
  "$(sql syslog.db "SELECT inside_port FROM gateway_event WHERE kind = 'allocation_failed'
    AND destination_port = 443 AND protocol = 6 ORDER BY 1")" \
  "$(grep -E 'pool exhausted|NAT port is exhausted' "$data/syslog/vendors.log" |
    grep -oE '(TCP connection from [^ ]*/|srcport=)[0-9]+' | grep -oE '[0-9]+$' | sort -n)"
echo 'Jun  1 12:00:00 host cron[1]: nothing of a NAT' >other.log
check "syslog: other lines are skipped" contains \
  "$("$report" import syslog other.log --into other.db)" " 0 rows, 0 duplicates, 1 skipped"

# ------------------------------------------------------------------ edge
for sample in alb_access.log=alb envoy_access.log=envoy gcp_lb.gcloud.json=gcp-lb; do
  imports "${sample#*=}" "${sample#*=}" "$data/edge/${sample%=*}"
done
check "an edge log of any kind" "$report" import edge "$data"/edge/* --into edge.db
check "ids of traceparents, ports of clients" equals \
  "$(sql edge.db "SELECT count(*), sum(lower(hex(attempt_id)) =
    '4bf92f3577b34da6a3ce929d0e0e4736'), group_concat(DISTINCT client_port)
    FROM edge_entry")" "5|2|1024,1030"
cat >combined.log <<'END'
198.51.100.20 - - [10/Mar/2026:13:00:05 +0100] "GET /v1 HTTP/1.1" 200 1840 "-" "natdiff/0.1" "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
2001:db8::5 - - [10/Mar/2026:12:00:06 +0000] "GET /v1 HTTP/1.1" 429 0 "-" "a \"quoted\" agent"
END
imports nginx nginx combined.log
check "nginx: times with their zone" equals \
  "$(sql nginx.db "SELECT at / 1000000, status, client_address FROM edge_entry ORDER BY at")" \
  "$(date -ud 2026-03-10T12:00:05Z +%s)|200|198.51.100.20
$(date -ud 2026-03-10T12:00:06Z +%s)|429|2001:db8::5"

# ----------------------------------------------------------- application
cat >app.csv <<'END'
ts;from;to;"what"
2026-03-10T13:00:05.5+01:00;10.10.0.5:41064;203.0.113.10:443;"connect timed out; ""10 s"""
1773144006;10.10.0.5:41065;api.example.com:443;reset
2026-03-10 12:00;10.10.0.5:41066;203.0.113.10:443;late
END
check "app: CSV with the user's columns" "$report" import app app.csv --into app.db \
  --columns time=ts,source=from,destination=to,error=what
check "app: times, addresses, quotes" equals \
  "$(sql app.db "SELECT at, source_port, destination_address, error FROM app_failure")" \
  '1773144005500000|41064|203.0.113.10|connect timed out; "10 s"
1773144006000000|41065||reset'
check "app: the bad line was counted" equals \
  "$(sql app.db "SELECT bad_lines, first_bad FROM import")" \
  '1|app.csv:4: 2026-03-10 12:00: no time, expected such as 2026-11-21T04:45:00+01:00'
printf '%s\n' '{"time":"2026-03-10T12:00:05Z","src":"10.10.0.5","src_port":41064,"error":"x"}' \
  '{"time":"2026-03-10T12:00:05Z","src":"10.10.0.5","src_port":41065,"error":"x"}' >app.jsonl
imports appj app app.jsonl
check "app: a row an object" equals "$(sql appj.db "SELECT count(*) FROM app_failure")" 2
check "app: a zone for times without one" "$report" import app --zone +02:00 \
  --into zone.db - <<<$'time,error\n2026-03-10 12:00:05,x'
check "is used" equals "$(sql zone.db "SELECT at / 1000000 FROM app_failure")" \
  "$(date -ud 2026-03-10T10:00:05Z +%s)"

for name in app.csv app.jsonl; do
  check "a name that means nothing is told: $name" refuses \
    "--columns tiem: no such meaning" "$report" import app $name --into none.db --columns tiem=ts
done

# --------------------------------------------------- twice, gzip, damage
big=$data/gcp/nat_flows.gcloud.json
sql nat.db .dump >before
check "a second import" contains "$("$report" import auto "$big" --into nat.db)" \
  "imported before"
sql nat.db .dump >after
check "changes nothing" cmp before after
gzip -c "$data/gcp/S0.json" >S0.json.gz
check "gzip" "$report" import auto S0.json.gz --into gz.db
check "is the same content" contains \
  "$("$report" import auto "$data/gcp/S0.json" --into gz.db)" "imported before"
check "standard input, gzip too" "$report" import gcp-nat - --into stdin.db <S0.json.gz
check "gives the same rows" equals "$(count stdin.db 1)" "$(count gz.db 1)"
half=$(($(stat -c %s S0.json.gz) / 2))
head -c "$half" S0.json.gz >cut.gz
check "a gzip that was cut off is refused" refuses "cut off" \
  "$report" import auto cut.gz --into cut.db
check "and leaves nothing behind" equals "$(count cut.db 1)$(sql cut.db "SELECT count(*)
  FROM import")" 00
{ head -c "$half" S0.json.gz; echo garbage; tail -c +$((half + 9)) S0.json.gz; } >broken.gz
check "a damaged gzip is refused" refuses "damaged gzip" \
  "$report" import gcp-nat broken.gz --into cut.db
check "and leaves nothing, too" equals "$(count cut.db 1)" 0
{
  head -2 "$data/gcp/S0.json"
  echo '{"insertId": "x", "jsonPayload": {'
  echo '{"insertId":"y","timestamp":"soon","jsonPayload":{"allocation_status":"OK"}}'
  sed -n 3,4p "$data/gcp/S0.json"
} >bad.jsonl
"$report" import auto bad.jsonl --into bad.db >out 2>err
check "bad lines are shown with their number" equals "$(cut -d: -f1-3 err)" \
  "bad.jsonl:3: an object without a key
bad.jsonl:4: no good timestamp, expected RFC 3339"
check "and the others imported" equals "$(count bad.db 1)" 4
head -c 100000 "$big" >cut.json
"$report" import auto cut.json --into cutjson.db >out 2>err
check "an array that was cut off says where" contains "$(cat err)" \
  ": the file ends within this element"
for empty in '' '[]' '{}' '{"value": [], "cost": 0}' '{"timeSeries":[]}'; do
  printf %s "$empty" >empty
  check "an answer without anything is no error: $empty" contains \
    "$("$report" import auto empty --into none.db)" "empty: empty: 0 rows"
done
echo 'what is this' >unknown
check "what is of no known kind is refused" refuses "of no known kind" \
  "$report" import auto unknown --into none.db
check "a missing file, too" refuses "cannot open" "$report" import auto nowhere --into none.db
"$report" import nonsense unknown --into none.db >out 2>err
check "an unknown kind is a usage error" equals $? 2
check "help leads with examples" contains "$("$report" import --help | head -1)" Examples
done_testing
