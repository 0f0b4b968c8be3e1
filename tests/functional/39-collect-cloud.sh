#!/usr/bin/env bash
#
# scripts/collect-cloud: the commands that it prints, and what it runs, with
# clouds that check their arguments and answer with the samples.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
data=$TOP_SRCDIR/tests/data/import
collect=$TOP_SRCDIR/scripts/collect-cloud
cd "$work" || exit 1
mkdir bin
PATH=$work/bin:$TOP_BUILDDIR:$PATH
export data

# fake NAME: a command that takes only what the cases on its input allow
fake() {
  { printf '#!/bin/bash\necho "%s $*" >>%q/calls\n' "$1" "$work"; cat; } >"bin/$1"
  chmod +x "bin/$1"
}
fake gcloud <<'END'
case $* in
'compute routers nats describe nat-gw-1 --router=router-1 --region=europe-west1 --project=demo --format=json')
  cat "$data/gcp/nats_describe.json" ;;
'logging read resource.type="nat_gateway" AND logName="projects/demo/logs/compute.googleapis.com%2Fnat_flows" AND resource.labels.gateway_name="nat-gw-1" AND timestamp>="2026-03-10T12:00:00Z" AND timestamp<"2026-03-10T13:00:00Z" --project=demo --order=asc --format=json')
  cat "$data/gcp/nat_flows.gcloud.json" ;;
'auth print-access-token') echo token ;;
*) echo "gcloud: unexpected: $*" >&2; exit 1 ;;
esac
END
fake curl <<'END'
case $* in
*' -G -H Authorization: Bearer token '*"interval.startTime=2026-03-10T12:00:00Z"*"interval.endTime=2026-03-10T13:00:00Z"*' https://monitoring.googleapis.com/v3/projects/demo/timeSeries') ;;
*) echo "curl: unexpected: $*" >&2; exit 1 ;;
esac
case $* in
*compute.googleapis.com/nat/port_usage*) cat "$data/gcp/monitoring_timeSeries.json" ;;
*) echo '{}' ;;
esac
END
fake aws <<'END'
case $* in
'ec2 describe-nat-gateways --nat-gateway-ids nat-0a1 --output json --region eu-west-1')
  echo '{"NatGateways":[{"NatGatewayId":"nat-0a1","NatGatewayAddresses":[{"PublicIp":"198.51.100.1"}]}]}' ;;
"cloudwatch get-metric-statistics --namespace AWS/NATGateway --metric-name "*" --dimensions Name=NatGatewayId,Value=nat-0a1 --start-time 2026-03-10T12:00:00Z --end-time 2026-03-10T13:00:00Z --period 60 --statistics "*" --output json --region eu-west-1")
  case $* in
  *ErrorPortAllocation*Sum*) cat "$data/aws/get-metric-statistics.ErrorPortAllocation.json" ;;
  *) echo '{"Label":"PacketsDropCount","Datapoints":[]}' ;;
  esac ;;
'logs filter-log-events --log-group-name flows --start-time 1773144000000 --end-time 1773147600000 --query events[].[message] --output text --region eu-west-1')
  cat "$data/aws/vpc_flow_v2.log" ;;
*) echo "aws: unexpected: $*" >&2; exit 1 ;;
esac
END
fake az <<'END'
case $* in
'resource show --ids /x/natGateways/n --query '*' --output json')
  echo '{"name":"n","idleTimeoutInMinutes":4,"publicIpAddresses":[{"id":"a"}],"publicIpPrefixes":null}' ;;
"monitor metrics list --resource /x/natGateways/n --metric SNATConnectionCount --aggregation Total --interval PT1M --start-time 2026-03-10T12:00:00Z --end-time 2026-03-10T13:00:00Z --filter ConnectionState eq '*' --output json")
  cat "$data/azure/natgw_metrics_list.json" ;;
'monitor metrics list --resource /x/natGateways/n --metric '*' --aggregation Total --interval PT1M --start-time 2026-03-10T12:00:00Z --end-time 2026-03-10T13:00:00Z --output json')
  echo '{"value":[]}' ;;
*) echo "az: unexpected: $*" >&2; exit 1 ;;
esac
END

window=(--since 2026-03-10T13:00:00+01:00 --until 2026-03-10T13:00:00Z)
# shellcheck disable=SC2034 # used by name
gcp=(gcp --project demo --region europe-west1 --router router-1 --nat nat-gw-1 "${window[@]}")
# shellcheck disable=SC2034 # used by name
aws=(aws --nat nat-0a1 --region eu-west-1 --flow-log flows "${window[@]}")
# shellcheck disable=SC2034 # used by name
azure=(azure --resource /x/natGateways/n "${window[@]}")
none_ran() { [ ! -e calls ]; }
for cloud in gcp aws azure; do
  declare -n arguments=$cloud
  "$collect" "${arguments[@]}" --into $cloud.db >$cloud.sh
  check "$cloud: prints, and runs nothing" none_ran
  check "$cloud: what is printed can be run" bash -e $cloud.sh
  rm -f calls
  check "$cloud: --run runs the same" "$collect" "${arguments[@]}" --into $cloud-run.db --run
  check "$cloud: with the same rows" equals \
    "$(sql $cloud-run.db "SELECT source, kind, count(*) FROM gateway_event GROUP BY 1, 2")" \
    "$(sql $cloud.db "SELECT source, kind, count(*) FROM gateway_event GROUP BY 1, 2")"
  check "$cloud: logs or metrics, and settings" equals \
    "$(sql $cloud.db "SELECT count(*) FROM gateway_event WHERE kind = 'settings'")" 1
  reads() { ! grep -iE ' (create|delete|update|put|set|patch|add) ' calls; }
  check "$cloud: nothing that changes anything" reads
  rm -f calls
done
check "aws: the metrics have the gateway's name" equals \
  "$(sql aws.db "SELECT DISTINCT source FROM gateway_event WHERE kind = 'ports_refused'")" nat-0a1
check "gcp: refusals are there" at_least \
  "$(sql gcp.db "SELECT count(*) FROM gateway_event WHERE kind = 'allocation_failed'")" 1
refuses() {
  local text=$1
  shift
  "$collect" "$@" >out 2>err
  equals $? 2 && contains "$(cat err)" "$text"
}
check "an unknown cloud is a usage error" refuses "nimbus: no such cloud, expected gcp, aws or azure" nimbus
check "no cloud is one, too" refuses "no cloud given, expected gcp, aws or azure"
check "an option that there is not" refuses "--bogus: no such option" aws --bogus
check "a time that is none" refuses "--since soonish: expected a time" aws --nat n \
  --since soonish
check "what is missing is said" refuses "--router" gcp --project p
check "a window that ends before it begins" refuses "not behind" aws --nat n \
  --since 2026-01-02T00:00:00Z --until 2026-01-01T00:00:00Z
check "help of a cloud is the help" contains "$("$collect" aws --help)" "collect-cloud gcp"
check "help leads with examples" contains "$("$collect" --help | head -4)" "collect-cloud gcp"
done_testing
