/*
 * Fuzz the reading of databases, hostile.h has which, and the report over what
 * was read.  Where a database is taken, its report must come to an end.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/load/load.h"
#include "report/report.h"
#include "tests/fuzz/hostile.h"

#define NOW_US INT64_C(1795240000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Forty slots of two paths, and a row of everything else. */
static const char good[] =
    "INSERT INTO agent VALUES (1, 'a', 'h', 0), (2, 'b', 'i', 0);"
    "INSERT INTO run (id, uuid, agent_id, path, role, host_name, version,"
    " interval_us, config_digest, started_at, clock_synchronised, facts,"
    " gateway) VALUES"
    " (1, CAST('000000000000000d' AS BLOB), 1, 'direct', 'direct',"
    " 'h', '0', 10000000, '',"
    " 1795236900000000, 1, '{\"nf_conntrack_max\":\"9\"}', NULL),"
    " (2, CAST('000000000000000e' AS BLOB), 2, 'nat', 'nat',"
    " 'i', '0', 10000000, '',"
    " 1795236900000000, 1, '{}', '{\"provider\":\"gcp\",\"addresses\":1}');"
    "INSERT INTO endpoint VALUES (1, 'e', 'https://a/', 0, 1, 'endpoint'),"
    " (2, 'c', 'https://b/', 1, 1, 'endpoint'),"
    " (3, 'w', 'https://c/', 0, 1, 'witness');"
    "INSERT INTO target VALUES (1, '203.0.113.1', 443, 4),"
    " (2, '2001:db8::1', 443, 6);"
    "INSERT INTO address VALUES (1, '10.0.0.1'), (2, '192.0.2.1'),"
    " (3, '192.0.2.80');"
    "INSERT INTO tls_session VALUES (1, '1.3', 'c', x'00', 'i', 0);"
    "INSERT INTO resolution VALUES"
    " (1, 2, 1, 179523690, 1795236900000000, 9, NULL, NULL, '203.0.113.1');"
    "WITH RECURSIVE s(n) AS"
    " (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 39)"
    "INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq, failure,"
    " failed_phase, syn_retransmits, connect_us, tls_us, total_us,"
    " http_status, started_at, local_address_id, local_port,"
    " observed_address_id, observed_port, tls_session_id, resolution_id,"
    " attempt_id)"
    " SELECT r, e, e % 2 + 1, 179523690 + n, 0,"
    " iif(r = 2 AND e = 1 AND n > 20, 'connect_timeout', NULL),"
    " iif(r = 2 AND e = 1 AND n > 20, 'connect', NULL),"
    " iif(r = 2 AND e = 1 AND n > 20, 3, 0), 900 + n, 3000, 9000,"
    " iif(r = 2 AND e = 1 AND n > 20, NULL, 200),"
    " (179523690 + n) * 10000000 + 251000, 1, 40000 + n, iif(r = 2, 2, 3),"
    " 1024 + n, 1, 1,"
    " CAST(printf('%d%d%014d', r, e, n) AS BLOB)"
    " FROM s, (SELECT 1 AS r UNION SELECT 2), (SELECT 1 AS e UNION SELECT 2);"
    "INSERT INTO host_sample VALUES (1, 2, 179523690, 1795236900000000, 9,"
    " 32768, 60999, 1, 2, 3, 4, 5, 6);"
    "INSERT INTO census VALUES (1, 1, 2, 3, 4, 5, 6, 7, 8);"
    "INSERT INTO response_header VALUES (1, 'x-request-id', 'v');"
    "INSERT INTO import VALUES (1, 'gcp', 'f', NULL, 1, 1, 0, 0, NULL);"
    "INSERT INTO gateway_event VALUES (1, 1, 'gw', 'drop',"
    " 1795237110000000, 1795237111000000, 3, 6, '10.0.0.1', 40021,"
    " '192.0.2.1', 1024, '2001:db8::1', 443, 'i', 'd');"
    "INSERT INTO edge_entry VALUES (1, 1, CAST('1200000000000001' AS BLOB),"
    " 1795236910000000, '192.0.2.1', 1025, 200, 'q', 'i', 'd');"
    "INSERT INTO app_failure VALUES (1, 1, 1795237120000000, '10.0.0.1', 1,"
    " '203.0.113.1', 443, 'timeout', 'i');"
    "INSERT INTO note VALUES (1, 1795237000000000, 1, 'n');"
    "INSERT INTO counter VALUES ('attempts', 'nat', 'e', '', 40);"
    "INSERT INTO measurement VALUES (1, 'ramp', 2, 'nat', 'nat', 'i', '0',"
    " '203.0.113.1:443', 1795236900000000, 1795236960000000, 'finished',"
    " 'limit', 60, 64, 66, '{}');"
    "INSERT INTO witness_run VALUES (1, 'w', '0', 1, '192.0.2.9:443',"
    " 1795236900000000, 1795237500000000, NULL, 0, 1, 9, 'k', 'b');"
    "INSERT INTO witness_arrival VALUES (1, 1,"
    " CAST('2100000000000001' AS BLOB), '192.0.2.1', 1025, '192.0.2.9', 443,"
    " 1795236910300000, 1, 2, 3, NULL, 4, 'closed', 1, 200, 'request');"
    "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM;";

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
read_it(char *file)
{
	struct load_filter filter;
	struct scorecard card;
	struct dataset d;
	struct report r;
	struct err e;
	char *statement;

	load_filter_init(&filter);
	filter.census = true;
	dataset_init(&d);
	if (load_files(&d, &file, 1, &filter, &e) == 0) {
		scorecard_default(&card);
		report_make(&r, &d, &card, NOW_US);
		statement = report_statement(&r);
		check(strlen(statement) > 0);
		free(statement);
		report_clear(&r);
	} else {
		check(strlen(e.msg) > 0);
	}
	dataset_clear(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *file = hostile_database(good, data, size);

	if (file != NULL)
		read_it(file);
	return 0;
}
