/*
 * Reading configurations: every key, every error with its line, no secret
 * in any message.
 */
#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "probe/conf.h"

static char folder[] = "/tmp/test_conf.XXXXXX";

static void
make_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
}

static void
remove_folder(void)
{
	char *command = x_asprintf("rm -rf %s", folder);

	cr_expect_eq(system(command), 0);
	free(command);
}

TestSuite(conf, .init = make_folder, .fini = remove_folder);

/* A file in the test's folder; the name is new memory. */
static char *
write_file(const char *name, mode_t mode, const void *bytes, size_t size)
{
	char *file = x_asprintf("%s/%s", folder, name);
	FILE *f = fopen(file, "w");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, size, f), size);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(chmod(file, mode), 0);
	return file;
}

static char *
environment(const char *name)
{
	static char key[] = "sesame-key", empty[] = "";
	static char lines[] = "sesame\r\nX-Evil: 1", proxy[] = "sesame-proxy";

	if (strcmp(name, "API_KEY") == 0)
		return key;
	if (strcmp(name, "EMPTY") == 0)
		return empty;
	if (strcmp(name, "LINES2") == 0)
		return lines;
	if (strcmp(name, "https_proxy") == 0)
		return proxy;
	return NULL;
}

static char *
no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static int
parse(struct conf *c, const char *text, struct conf_notes *notes)
{
	return conf_parse(c, "f", text, strlen(text), notes, environment);
}

/* All lines, each with its newline. */
static char *
join(char *const *lines, size_t n)
{
	struct text t;
	size_t i;

	text_init(&t, 1000000);
	text_addf(&t, "%s", "");
	for (i = 0; i < n; i++)
		text_addf(&t, "%s\n", lines[i]);
	return t.s;
}

#define P      "paths: { nat: { role: nat } }\n"
#define E      "endpoints: { a: { url: 'https://a.example/', control: yes } }\n"
#define A(s)   P "endpoints: { a: { url: 'https://a.example/', " s " } }\n"
#define URL(s) P "endpoints: { a: { url: '" s "' } }\n"

static const char secret[] = "sesame";

Test(conf, reads_every_key)
{
	static const char text[] =
	    "agent: { database: /tmp/x.db, retain: 90d }\n"
	    "paths:\n"
	    "  nat: { role: nat, interface: eth0, mark: 0x1F }\n"
	    "  direct.2: { role: direct, source: '2001:db8::5' }\n"
	    "whoami: https://me.example\n"
	    "endpoints:\n"
	    "  listen:\n"
	    "    url: wss://API.example.com:8443/v1/listen?model=a&b\n"
	    "    headers: [ 'Authorization: Token ${API_KEY}',\n"
	    "      'X-Literal:   $HOME {x}  ' ]\n"
	    "    record: [ X-Request-Id, dg-id ]\n"
	    "    ca: /dev/null\n"
	    "    verify: no\n"
	    "    addresses: [ 203.0.113.10, '2001:db8::1' ]\n"
	    "  other: { url: 'http://[2001:DB8::2]?q', control: yes }\n"
	    "schedule: { interval: 1.5s, burst: 40, port-budget: 900,\n"
	    "  fleet: 500 }\n"
	    "timeouts: { dns: 100ms, connect: 200ms, tls: 300ms,\n"
	    "  request: 150ms, done: 50ms }\n"
	    "witness: { url: 'https://w.example:8443', verify: no }\n"
	    "gateway: { provider: azure-lb, pool: per-address,\n"
	    "  addresses: 2, ports-per-host: 64, time-wait: 65s,\n"
	    "  idle: 4m }\n";
	struct conf_notes notes;
	struct conf_endpoint *ep;
	char ip[INET6_ADDRSTRLEN], *json;
	struct conf c;

	cr_assert_eq(
	    conf_parse(&c, "f", text, strlen(text), &notes, environment), 0,
	    "%s", notes.n_errors > 0 ? notes.errors[0] : "?");
	cr_expect_str_eq(c.file, "f");
	cr_expect_str_eq(c.database, "/tmp/x.db");
	cr_expect_eq(c.retain_us, INT64_C(7776000000000));

	cr_assert_eq(c.n_paths, 2);
	cr_expect_str_eq(c.paths[0].name, "nat");
	cr_expect_eq(c.paths[0].role, ROLE_NAT);
	cr_expect_str_eq(c.paths[0].interface, "eth0");
	cr_expect(c.paths[0].has_mark);
	cr_expect_eq(c.paths[0].mark, 31);
	cr_expect_eq(c.paths[0].source.family, 0);
	cr_expect_str_eq(c.paths[1].name, "direct.2");
	cr_expect_eq(c.paths[1].role, ROLE_DIRECT);
	cr_expect_null(c.paths[1].interface);
	cr_expect(!c.paths[1].has_mark);
	cr_expect_str_eq(
	    endpoint_address_ip(&c.paths[1].source, ip), "2001:db8::5");

	cr_assert_eq(c.n_endpoints, 4);
	ep = &c.endpoints[0];
	cr_expect_str_eq(ep->name, "listen");
	cr_expect_str_eq(ep->kind, "endpoint");
	cr_expect_str_eq(
	    ep->url, "wss://API.example.com:8443/v1/listen?model=a&b");
	cr_expect_eq(ep->scheme, SCHEME_WSS);
	cr_expect_str_eq(ep->host, "api.example.com");
	cr_expect_eq(ep->port, 8443);
	cr_expect_str_eq(ep->resource, "/v1/listen?model=a&b");
	cr_assert_eq(ep->n_headers, 2);
	cr_expect_str_eq(ep->headers[0], "Authorization: Token sesame-key");
	cr_expect_str_eq(ep->headers[1], "X-Literal: $HOME {x}");
	cr_assert_eq(ep->n_record, 2);
	cr_expect_str_eq(ep->record[0], "x-request-id");
	cr_expect_str_eq(ep->record[1], "dg-id");
	cr_expect_str_eq(ep->ca, "/dev/null");
	cr_expect(!ep->verify);
	cr_expect(!ep->control);
	cr_assert_eq(ep->n_addresses, 2);
	cr_expect_str_eq(
	    endpoint_address_ip(&ep->addresses[0], ip), "203.0.113.10");
	cr_expect_eq(ep->addresses[0].port, 8443);
	cr_expect_str_eq(
	    endpoint_address_ip(&ep->addresses[1], ip), "2001:db8::1");
	cr_expect_eq(ep->addresses[1].port, 8443);

	ep = &c.endpoints[1];
	cr_expect_str_eq(ep->name, "other");
	cr_expect_eq(ep->scheme, SCHEME_HTTP);
	cr_expect_str_eq(ep->host, "2001:db8::2");
	cr_expect_eq(ep->port, 80);
	cr_expect_str_eq(ep->resource, "/?q");
	cr_expect(ep->control);
	cr_expect(ep->verify);
	cr_assert_eq(ep->n_addresses, 1);
	cr_expect_str_eq(
	    endpoint_address_ip(&ep->addresses[0], ip), "2001:db8::2");
	cr_expect_eq(ep->addresses[0].port, 80);

	cr_expect_str_eq(c.endpoints[2].name, "witness");
	cr_expect_str_eq(c.endpoints[2].kind, "witness");
	cr_expect_eq(c.endpoints[2].port, 8443);
	cr_expect(!c.endpoints[2].verify);
	cr_expect_str_eq(c.endpoints[3].name, "whoami");
	cr_expect_str_eq(c.endpoints[3].kind, "whoami");
	cr_expect_str_eq(c.endpoints[3].resource, "/");

	cr_expect_eq(c.interval_us, 1500000);
	cr_expect_eq(c.burst, 40);
	cr_expect_eq(c.port_budget, 900);
	cr_expect_eq(c.fleet, 500);
	cr_expect_eq(c.timeout_us[PHASE_DNS], 100000);
	cr_expect_eq(c.timeout_us[PHASE_CONNECT], 200000);
	cr_expect_eq(c.timeout_us[PHASE_TLS], 300000);
	cr_expect_eq(c.timeout_us[PHASE_REQUEST], 150000);
	cr_expect_eq(c.timeout_us[PHASE_DONE], 50000);
	cr_expect(c.gateway.present);
	json = conf_gateway_json(&c);
	cr_expect_str_eq(json,
	    "{\"provider\":\"azure-lb\",\"pool\":\"per-address\","
	    "\"addresses\":2,\"ports_per_host\":64,"
	    "\"time_wait_us\":65000000,\"idle_us\":240000000}");
	free(json);
	conf_clear(&c);
	conf_notes_clear(&notes);
}

Test(conf, has_defaults_for_all_but_roles_and_urls)
{
	struct conf_notes notes;
	struct conf c;

	cr_assert_eq(
	    conf_parse(&c, "f", P E, strlen(P E), &notes, no_environment), 0);
	cr_expect_str_eq(c.database, "/var/lib/natdiff/natdiff.db");
	cr_expect_eq(c.retain_us, INT64_C(2592000000000));
	cr_expect_eq(c.interval_us, 10000000);
	cr_expect_eq(c.burst, 1);
	cr_expect_eq(c.port_budget, 16);
	cr_expect_eq(c.fleet, 1);
	cr_expect_eq(c.timeout_us[PHASE_DNS], 5000000);
	cr_expect_eq(c.timeout_us[PHASE_CONNECT], 10000000);
	cr_expect_eq(c.timeout_us[PHASE_TLS], 5000000);
	cr_expect_eq(c.timeout_us[PHASE_REQUEST], 10000000);
	cr_expect_eq(c.timeout_us[PHASE_DONE], 5000000);
	cr_expect(!c.gateway.present);
	cr_expect_null(conf_gateway_json(&c));
	cr_expect_eq(c.gateway.pool, POOL_UNKNOWN);
	cr_expect_eq(c.gateway.idle_us, NOT_MEASURED);
	cr_expect_null(c.endpoints[0].ca);
	cr_expect_eq(c.endpoints[0].n_addresses, 0);
	cr_expect_eq(notes.n_warnings, 0, "%s",
	    notes.n_warnings > 0 ? notes.warnings[0] : "");
	cr_expect_eq(strlen(c.digest), 64);
	conf_clear(&c);
	conf_notes_clear(&notes);
}

Test(conf, the_digest_is_that_of_the_bytes)
{
	struct conf_notes notes;
	struct conf c;
	char *file = write_file("abc", 0600, P E, strlen(P E)), *command;
	char expected[65] = "";
	FILE *sum;

	command = x_asprintf("sha256sum %s", file);
	sum = popen(command, "r");
	cr_assert_not_null(sum);
	cr_assert_eq(fread(expected, 1, 64, sum), 64);
	pclose(sum);
	cr_assert_eq(conf_load(&c, file, &notes, no_environment), 0);
	cr_expect_str_eq(c.digest, expected);
	conf_clear(&c);
	conf_notes_clear(&notes);
	free(command);
	free(file);
}

/* Bad files and everything that is told of them. */
static const struct {
	const char *text;
	const char *errors;
} bad[] = {
	/* Not YAML, or YAML of which we want nothing. */
	{ "", "f:1: nothing in the file, expected paths and endpoints\n" },
	{ "# a comment\n",
	    "f:1: nothing in the file, expected paths and endpoints\n" },
	{ "just words\n",
	    "f:1: the file holds a single value, expected a mapping "
	    "(key: value)\n" },
	{ "- a\n",
	    "f:1: the file holds a list, expected a mapping "
	    "(key: value)\n" },
	{ P "endpoints: { a: { url: 'x' }\n",
	    "f:3: not YAML: did not find expected ',' or '}' while parsing "
	    "a flow mapping that begins in line 2\n" },
	{ P "endpoints:\n\ta: 1\n",
	    "f:3: not YAML: a tab in the indentation, expected blanks\n" },
	{ P "agent: b: c\n",
	    "f:2: not YAML: mapping values are not allowed in this context, "
	    "expected quotes around a value with ': ' in it\n" },
	{ P "endpoints:\n    a:\n  b:\n",
	    "f:4: not YAML: did not find expected key while parsing a block "
	    "mapping that begins in line 1, expected keys of one mapping "
	    "indented alike\n" },
	{ "  a: 1\nb: 2\n",
	    "f:2: not YAML: did not find expected <document start>, expected "
	    "it indented like the lines before\n" },
	{ "a: @b\n",
	    "f:1: not YAML: found character that cannot start any token while "
	    "scanning for the next token that begins in line 1, expected "
	    "quotes around a value that begins so\n" },
	{ P E "agent: \"\\x01\n",
	    "f:4: not YAML: found unexpected end of stream while scanning a "
	    "quoted scalar that begins in line 3\n" },
	{ P E "agent: \x01\n",
	    "f:3: not YAML: control characters are not allowed\n" },
	{ P E "agent: { database: \"a\\0b\" }\n",
	    "f:3: a NUL character in a value, expected text\n" },
	{ P "endpoints: &e\n  a: { url: 'https://a.example/' }\n",
	    "f:2: an anchor (&name), expected none: write the value out\n" },
	{ P "endpoints:\n  a: *e\n",
	    "f:3: an alias (*name), expected the value itself\n" },
	{ P E "agent:\n  <<: { retain: 3d }\n",
	    "f:4: a merge key (<<), expected the keys themselves\n" },
	{ P E "agent: { retain: !!str 3d }\n",
	    "f:3: a tag (!type), expected none: the key decides the type\n" },
	{ P E "---\n" P E, "f:3: a second document, expected one a file\n" },
	{ "a: [[[[[[[[[1]]]]]]]]]\n",
	    "f:1: nested too deeply, expected at most 8 levels\n" },
	{ P E "? [ a ]\n: b\n", "f:3: a list as a key, expected a name\n" },
	{ P "endpoints: \xff\n",
	    "f:2: bytes that are no UTF-8, expected a text file\n" },
	{ P "#\n#\xed\xa0\x80\n", /* a surrogate */
	    "f:3: bytes that are no UTF-8, expected a text file\n" },
	{ P "# \xc0\xaf\n", /* not the shortest form */
	    "f:2: bytes that are no UTF-8, expected a text file\n" },

	/* Keys. */
	{ P E "schedul: { }\n",
	    "f:3: unknown key 'schedul', did you mean 'schedule'?\n" },
	{ P E "interval: 10s\n",
	    "f:3: unknown key 'interval', it belongs in schedule\n" },
	{ P E "colour: red\n",
	    "f:3: unknown key 'colour', expected one of agent, paths, "
	    "endpoints, schedule, timeouts, witness, whoami, gateway\n" },
	{ P E "schedule:\n  burst: 1\n  fleet: 2\n  burst: 3\n",
	    "f:6: duplicate key 'burst', expected it once (line 4 has "
	    "it)\n" },
	{ P E P,
	    "f:3: duplicate key 'paths', expected it once (line 1 has "
	    "it)\n" },
	{ P E "schedule: 3\n",
	    "f:3: schedule holds a single value, expected a mapping "
	    "(key: value)\n" },

	/* Types and bounds. */
	{ P E "schedule:\n  interval: fast\n",
	    "f:4: interval: 'fast', expected a duration of 100ms to 1d, "
	    "written like 1.5s, 250ms, 5m, 2h, 30d\n" },
	{ P E "schedule: { interval: }\n",
	    "f:3: interval is empty, expected a duration such as 10s\n" },
	{ P E "schedule: { interval: [ 10s ] }\n",
	    "f:3: interval holds a list, expected a duration such as 10s\n" },
	{ P E "schedule: { interval: 2d }\n",
	    "f:3: interval: '2d', expected a duration of 100ms to 1d, "
	    "written like 1.5s, 250ms, 5m, 2h, 30d\n" },
	{ P E "schedule: { interval: 1e3 }\n",
	    "f:3: interval: '1e3', expected a duration of 100ms to 1d, "
	    "written like 1.5s, 250ms, 5m, 2h, 30d\n" },
	{ P E "agent: { retain: 30 }\n",
	    "f:3: retain: '30', expected a duration of 1h to 3650d (or 0: "
	    "keep all), written like 1.5s, 250ms, 5m, 2h, 30d\n" },
	{ P E "timeouts: { dns: 0 }\n",
	    "f:3: dns: '0', expected a duration of 10ms to 10m, written "
	    "like 1.5s, 250ms, 5m, 2h, 30d\n" },
	{ P E "schedule: { burst: 1e3 }\n",
	    "f:3: burst: '1e3', expected a whole number of 1 to 1000 in "
	    "plain digits\n" },
	{ P E "schedule: { burst: 0 }\n",
	    "f:3: burst: '0', expected a whole number of 1 to 1000 in plain "
	    "digits\n" },
	{ P E "schedule: { burst: -1 }\n",
	    "f:3: burst: '-1', expected a whole number of 1 to 1000 in plain "
	    "digits\n" },
	{ P E "schedule: { fleet: 010 }\n",
	    "f:3: fleet: '010', expected a whole number of 1 to 100000 in "
	    "plain digits\n" },
	{ P E "schedule: { fleet: 99999999999999999999 }\n",
	    "f:3: fleet: '99999999999999999999', expected a whole number of "
	    "1 to 100000 in plain digits\n" },
	{ P E "schedule: { port-budget: 0x10 }\n",
	    "f:3: port-budget: '0x10', expected a whole number of 1 to "
	    "1000000 in plain digits\n" },
	{ A("verify: off"),
	    "f:2: verify: 'off', expected yes or no, in these words only\n" },
	{ A("control: true"),
	    "f:2: control: 'true', expected yes or no, in these words "
	    "only\n" },
	{ A("control: Yes"),
	    "f:2: control: 'Yes', expected yes or no, in these words "
	    "only\n" },
	{ P E "agent: { database: ~/x.db }\n",
	    "f:3: database: '~/x.db', expected a path without '~'\n" },
	{ P E "gateway: { provider: google }\n",
	    "f:3: provider: 'google', expected gcp, aws, azure, azure-lb, "
	    "linux, asa, fortigate, panos or other\n" },
	{ P E "gateway: { pool: shared }\n",
	    "f:3: pool: 'shared', expected per-destination, per-address or "
	    "unknown\n" },

	/* Paths. */
	{ E,
	    "f:1: no path, expected at least one under paths:, with a "
	    "role\n" },
	{ E "paths: { }\n",
	    "f:2: no path, expected at least one under paths:, with a "
	    "role\n" },
	{ E "paths:\n  nat: { interface: eth0 }\n",
	    "f:3: path nat has no role, expected role: direct or role: "
	    "nat\n" },
	{ E "paths:\n  nat:\n",
	    "f:3: path nat has no role, expected role: direct or role: "
	    "nat\n" },
	{ E "paths: { nat: { role: NAT } }\n",
	    "f:2: role: 'NAT', expected direct or nat\n" },
	{ E "paths: { NAT: { role: nat } }\n",
	    "f:2: 'NAT' as the name of a path, expected 1 to 64 of a-z 0-9 . "
	    "_ -\n" },
	{ E "paths: { '': { role: nat } }\n",
	    "f:2: '' as the name of a path, expected 1 to 64 of a-z 0-9 . _ "
	    "-\n" },
	{ E "paths: { nat: { role: nat, interface: eth0, source: 10.0.0.1 } "
	    "}\n",
	    "f:2: path nat has interface and source, expected one of "
	    "them\n" },
	{ E "paths: { nat: { role: nat, interface: a-name-too-long0 } }\n",
	    "f:2: interface: 'a-name-too-long0', expected the name of a "
	    "network interface, at most 15 bytes without blanks, '/' and "
	    "':'\n" },
	{ E "paths: { nat: { role: nat, source: 10.0.0.1:80 } }\n",
	    "f:2: source: '10.0.0.1:80', expected one host's IP address such "
	    "as 203.0.113.10 or 2001:db8::1, without a port\n" },
	{ E "paths: { nat: { role: nat, source: 0.0.0.0 } }\n",
	    "f:2: source: '0.0.0.0', expected one host's IP address such as "
	    "203.0.113.10 or 2001:db8::1, without a port\n" },
	{ E "paths: { nat: { role: nat, mark: 0 } }\n",
	    "f:2: mark: '0', expected a whole number of 1 to 4294967295 in "
	    "plain digits\n" },
	{ E "paths: { nat: { role: nat, mark: 0x0 } }\n",
	    "f:2: mark: '0x0', expected 0x1 to 0xffffffff\n" },

	/* Endpoints. */
	{ P,
	    "f:1: no endpoint, expected at least one under endpoints:, with "
	    "a url\n" },
	{ P "endpoints:\n",
	    "f:2: endpoints holds nothing, expected a mapping "
	    "(key: value)\n" },
	{ P "endpoints: { }\nwhoami: https://me.example/\n",
	    "f:2: no endpoint, expected at least one under endpoints:, with "
	    "a url\n" },
	{ P "endpoints:\n  a:\n",
	    "f:3: endpoint a has no url, expected url: https://HOST/...\n" },
	{ P "endpoints: { witness: { url: 'https://a.example/' } }\n",
	    "f:2: endpoint named witness, expected another name: witness: is "
	    "a key of its own\n" },
	{ P E "witness: [ 1 ]\n",
	    "f:3: witness holds a list, expected a url\n" },
	{ P E "whoami:\n", "f:3: url is empty, expected https://HOST/...\n" },
	{ A("addresses: [ ]"),
	    "f:2: addresses is an empty list, expected an address\n" },
	{ A("addresses: [ 10.0.0.1,\n 10.0.0.1 ]"),
	    "f:3: addresses: '10.0.0.1' twice, expected each address "
	    "once\n" },
	{ A("addresses: [ 10.0.0.256 ]"),
	    "f:2: addresses: '10.0.0.256', expected one host's IP address "
	    "such as 203.0.113.10 or 2001:db8::1, without a port\n" },
	{ P "endpoints: { a: { url: 'https://10.0.0.1/',\n"
	    "  addresses: [ 10.0.0.1 ] } }\n",
	    "f:3: addresses beside a url with an address, expected a name "
	    "in the url or no addresses\n" },
	{ A("ca: /nonexistent.pem"),
	    "f:2: ca: /nonexistent.pem: No such file or directory, expected "
	    "a readable PEM file\n" },
	{ A("record: [ 'a b' ]"),
	    "f:2: record: 'a b', expected the name of a response header\n" },
	{ A("record: [ Set-Cookie ]"),
	    "f:2: record: 'Set-Cookie', expected a header that holds no "
	    "secret: what is recorded is stored\n" },
	{ A("record: x-request-id"),
	    "f:2: record holds a single value, expected a list: [ ... ]\n" },

	/* Urls. */
	{ URL("ftp://a.example/"),
	    "f:2: url of an unknown scheme, expected https://, wss://, "
	    "http:// or ws://\n" },
	{ URL("a.example"),
	    "f:2: url of an unknown scheme, expected https://, wss://, "
	    "http:// or ws://\n" },
	{ URL("https://me:sesame@a.example/"),
	    "f:2: url with a user or password, expected them in headers "
	    "(Authorization: ...)\n" },
	{ URL("https://@a.example/"),
	    "f:2: url with a user or password, expected them in headers "
	    "(Authorization: ...)\n" },
	{ URL("https://a.example/#sesame"),
	    "f:2: url with a fragment (#...), expected none: it is never "
	    "sent\n" },
	{ URL("https://b\xc3\xbc"
	      "cher.example/"),
	    "f:2: url with a host name outside ASCII, expected its punycode "
	    "form (xn--...), as \"idn2 NAME\" prints it\n" },
	{ URL("https://a.example/b\xc3\xbc"
	      "cher"),
	    "f:2: url with a character outside ASCII, expected it "
	    "percent-encoded\n" },
	{ URL("https://a.example/a b"),
	    "f:2: url with a blank or control character, expected it "
	    "percent-encoded\n" },
	{ URL("https://a.example:0/"),
	    "f:2: url with a bad port, expected 1 to 65535\n" },
	{ URL("https://a.example:70000/"),
	    "f:2: url that cannot be used: Port number was not a decimal "
	    "number between 0 and 65535\n" },
	{ URL("https://[fe80::1%25eth0]/"),
	    "f:2: url with an IPv6 zone, expected an address that is valid "
	    "beyond this host\n" },
	{ URL("https://a..example/"),
	    "f:2: url with a bad host name, expected labels of letters, "
	    "digits and '-', at most 63 long each\n" },
	{ URL("https:///path"),
	    "f:2: url without a host, expected https://HOST/...\n" },

	/* Headers. */
	{ A("headers: 'Authorization: sesame'"),
	    "f:2: headers holds a single value, expected a list: [ ... ]\n" },
	{ A("headers: [ Authorization: sesame ]"),
	    "f:2: header without quotes, expected \"Name: value\" in them "
	    "(YAML reads a mapping otherwise)\n" },
	{ A("headers: [ sesame ]"),
	    "f:2: no header, expected \"Name: value\"\n" },
	{ A("headers: [ 'Auth sesame: x' ]"),
	    "f:2: no header, expected \"Name: value\"\n" },
	{ A("headers: [ 'Authorization: ' ]"),
	    "f:2: header without a value, expected \"Name: value\"\n" },
	{ A("headers: [ 'Authorization: ${NOT_SET}' ]"),
	    "f:2: environment variable NOT_SET is not set, expected a value "
	    "for the header\n" },
	{ A("headers: [ 'Authorization: sesame${EMPTY}' ]"),
	    "f:2: environment variable EMPTY is empty, expected a value for "
	    "the header\n" },
	{ A("headers: [ 'Authorization: ${API_KEY' ]"),
	    "f:2: header with a \"${\" that no variable follows, expected "
	    "${NAME}\n" },
	{ A("headers: [ 'Authorization: ${LINES2}' ]"),
	    "f:2: header with a line break or control character, expected "
	    "one line of text\n" },
	{ A("headers: [ \"Authorization: sesame\\nX-Evil: 1\" ]"),
	    "f:2: header with a line break or control character, expected "
	    "one line of text\n" },
	{ A("headers: [ 'host: sesame' ]"),
	    "f:2: header Host cannot be set, it is the host of the url\n" },
	{ A("headers: [ 'TraceParent: sesame' ]"),
	    "f:2: header traceparent cannot be set, it carries the attempt's "
	    "id\n" },
	{ A("headers: [ 'x-request-id: sesame' ]"),
	    "f:2: header X-Request-Id cannot be set, it carries the "
	    "attempt's id\n" },
	{ A("headers: [ 'User-Agent: sesame' ]"),
	    "f:2: header User-Agent cannot be set, natdiff says who it is\n" },
	{ A("headers: [ 'Connection: sesame' ]"),
	    "f:2: header Connection cannot be set, natdiff sets it: one "
	    "connection an attempt\n" },
	{ A("headers: [ 'Upgrade: sesame' ]"),
	    "f:2: header Upgrade cannot be set, natdiff sets it for wss: and "
	    "ws:\n" },
	{ A("headers: [ 'sec-websocket-key: sesame' ]"),
	    "f:2: header Sec-WebSocket-* cannot be set, natdiff sets it for "
	    "wss: and ws:\n" },
	{ A("headers: [ 'Content-Length: 5' ]"),
	    "f:2: header Content-Length cannot be set, an attempt sends no "
	    "body\n" },
	{ A("headers: [ 'Authorization: file:/nonexistent' ]"),
	    "f:2: /nonexistent: cannot open: No such file or directory, "
	    "expected a readable file\n" },
	{ A("headers: [ 'file:/dev/zero' ]"),
	    "f:2: /dev/zero: no regular file, expected one that holds a "
	    "header\n" },

	{ A("headers: [ \"X: file:/a\\n\\e[31m\\u009bb\" ]"),
	    "f:2: /a??[31m??b: cannot open: No such file or directory, "
	    "expected a readable file\n" },

	/* Several, in the order of lines. */
	{ "endpoints:\n"
	  "  a:\n"
	  "    url: https://u:sesame@a.example/\n"
	  "    headers:\n"
	  "    - \"Authorization: ${NOT_SET} sesame\"\n"
	  "    - \"Host: sesame\"\n"
	  "    controll: yes\n"
	  "  B: { url: 'https://b.example/' }\n"
	  "  c: { verify: maybe }\n"
	  "paths:\n"
	  "  nat: { rol: nat }\n"
	  "schedule: { burst: many, interval: 1 h }\n"
	  "timeouts: { dns: no }\n",
	    "f:3: url with a user or password, expected them in headers "
	    "(Authorization: ...)\n"
	    "f:5: environment variable NOT_SET is not set, expected a value "
	    "for the header\n"
	    "f:6: header Host cannot be set, it is the host of the url\n"
	    "f:7: unknown key 'controll', did you mean 'control'?\n"
	    "f:8: 'B' as the name of an endpoint, expected 1 to 64 of a-z "
	    "0-9 . _ -\n"
	    "f:9: verify: 'maybe', expected yes or no, in these words only\n"
	    "f:9: endpoint c has no url, expected url: https://HOST/...\n"
	    "f:11: unknown key 'rol', did you mean 'role'?\n"
	    "f:11: path nat has no role, expected role: direct or role: "
	    "nat\n"
	    "f:12: burst: 'many', expected a whole number of 1 to 1000 in "
	    "plain digits\n"
	    "f:12: interval: '1 h', expected a duration of 100ms to 1d, "
	    "written like 1.5s, 250ms, 5m, 2h, 30d\n"
	    "f:13: dns: 'no', expected a duration of 10ms to 10m, written "
	    "like 1.5s, 250ms, 5m, 2h, 30d\n" },
};

Test(conf, tells_what_is_wrong_and_where)
{
	struct conf_notes notes;
	struct conf c;
	char *errors;
	size_t i, j;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(
		    parse(&c, bad[i].text, &notes), -1, "%s", bad[i].text);
		errors = join(notes.errors, notes.n_errors);
		cr_expect_str_eq(errors, bad[i].errors,
		    "%s\ntells:\n%s\nnot:\n%s", bad[i].text, errors,
		    bad[i].errors);
		/* Nothing is left, and nothing secret was told. */
		cr_expect_null(c.paths);
		cr_expect_null(c.endpoints);
		cr_expect_null(strstr(errors, secret), "%s", errors);
		for (j = 0; j < notes.n_warnings; j++)
			cr_expect_null(strstr(notes.warnings[j], secret));
		free(errors);
		conf_notes_clear(&notes);
	}
}

Test(conf, warns_of_what_may_not_be_meant)
{
	static const char text[] =
	    "paths: { a: { role: nat }, b: { role: direct } }\n"
	    "schedule: { interval: 30s }\n"
	    "endpoints:\n"
	    "  x:\n"
	    "    url: http://x.example/\n"
	    "    ca: /dev/null\n"
	    "  y:\n"
	    "    url: https://y.example/\n"
	    "    verify: no\n";
	struct conf_notes notes;
	struct conf c;
	char *warnings;

	cr_assert_eq(parse(&c, text, &notes), 0);
	warnings = join(notes.warnings, notes.n_warnings);
	cr_expect_str_eq(warnings,
	    "f: warning: the environment sets https_proxy, which is not "
	    "used: an attempt goes through no proxy\n"
	    "f:1: warning: paths a and b leave by the same way\n"
	    "f:2: warning: the timeouts add up to 35s, the interval is 30s: "
	    "attempts of several slots are under way while they fail\n"
	    "f:3: warning: no endpoint with control: yes, so a full port "
	    "pool and a bad path will look the same\n"
	    "f:6: warning: ca is not used: the url has no TLS\n"
	    "f:9: warning: verify: no: endpoint y may be anybody's, its "
	    "certificate is not checked\n");
	free(warnings);
	conf_clear(&c);
	conf_notes_clear(&notes);
}

Test(conf, takes_secrets_from_files)
{
	static const struct {
		const char *bytes;
		size_t size;
		mode_t mode;
		const char *before;  /* of "file:PATH" */
		const char *header;  /* or */
		const char *trouble; /* behind "PATH: " */
	} cases[] = {
		{ "sesame\n", 7, 0600, "X-Key: ", "X-Key: sesame", NULL },
		{ "sesame", 6, 0640, "X-Key:", "X-Key: sesame", NULL },
		{ "sesame\r\n", 8, 0600, "X-Key: ", "X-Key: sesame", NULL },
		{ "X-Key: Token ${API_KEY}\n", 24, 0600, "",
		    "X-Key: Token ${API_KEY}", NULL },
		{ "sesame\n", 7, 0604, "X-Key: ", "X-Key: sesame",
		    "everybody can read this secret, expected mode 0600 or "
		    "0640" },
		{ "", 0, 0600, "X-Key: ", NULL,
		    "empty, expected one line of text" },
		{ "sesame\n\n", 8, 0600, "X-Key: ", NULL,
		    "holds several lines, expected one" },
		{ "a\0b", 3, 0600, "X-Key: ", NULL,
		    "holds a NUL byte, expected one line of text" },
	};
	struct conf_notes notes;
	struct conf c;
	char *file, *text, *told;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		file = write_file(
		    "secret", cases[i].mode, cases[i].bytes, cases[i].size);
		text = x_asprintf(P
		    "endpoints: { a: { control: yes, "
		    "url: 'https://a.example/', headers: [ '%sfile:%s' ] } "
		    "}\n",
		    cases[i].before, file);
		told = x_asprintf("f:2: %s%s: %s",
		    cases[i].header != NULL ? "warning: " : "", file,
		    cases[i].trouble != NULL ? cases[i].trouble : "");
		cr_expect_eq(conf_parse(&c, "f", text, strlen(text), &notes,
				 no_environment),
		    cases[i].header != NULL ? 0 : -1, "case %zu", i);
		if (cases[i].header != NULL) {
			cr_assert_eq(c.endpoints[0].n_headers, 1);
			cr_expect_str_eq(
			    c.endpoints[0].headers[0], cases[i].header);
			cr_expect_eq(notes.n_warnings, cases[i].trouble != NULL,
			    "case %zu", i);
			if (notes.n_warnings > 0)
				cr_expect_str_eq(notes.warnings[0], told);
			conf_clear(&c);
		} else {
			cr_assert_eq(notes.n_errors, 1);
			cr_expect_str_eq(notes.errors[0], told);
		}
		conf_notes_clear(&notes);
		free(told);
		free(text);
		free(file);
	}
}

Test(conf, a_secret_that_is_too_large_is_refused_by_its_bound)
{
	struct conf_notes notes;
	struct conf c;
	char bytes[CONF_HEADER_MAX + 10], *file, *text, *told;

	memset(bytes, 'x', sizeof(bytes));
	file = write_file("large", 0600, bytes, sizeof(bytes));
	text = x_asprintf(A("headers: [ 'X-Key: file:%s' ]"), file);
	told = x_asprintf("f:2: %s: too large, expected one header of at most "
			  "8192 bytes",
	    file);
	cr_assert_eq(
	    conf_parse(&c, "f", text, strlen(text), &notes, no_environment),
	    -1);
	cr_assert_eq(notes.n_errors, 1);
	cr_expect_str_eq(notes.errors[0], told);
	conf_notes_clear(&notes);
	free(told);
	free(text);
	free(file);
}

/* The one error of loading a file, with the file's name cut off. */
static void
expect_load_error(const char *file, const char *expected)
{
	struct conf_notes notes;
	struct conf c;

	cr_expect_eq(conf_load(&c, file, &notes, no_environment), -1);
	cr_assert_eq(notes.n_errors, 1, "%zu", notes.n_errors);
	cr_assert_eq(strncmp(notes.errors[0], file, strlen(file)), 0);
	cr_expect_str_eq(notes.errors[0] + strlen(file), expected);
	cr_expect_null(c.file);
	conf_notes_clear(&notes);
}

Test(conf, a_file_that_cannot_be_used_takes_one_clear_line)
{
	char *bytes = x_malloc(CONF_FILE_BYTES_MAX + 1), *file;

	expect_load_error("/nonexistent/natdiff.yaml",
	    ": cannot open: No such file or directory, expected a readable "
	    "YAML file");
	expect_load_error(folder,
	    ": cannot read: Is a directory, expected a readable YAML file");
	expect_load_error(
	    "/dev/zero", ": too large, expected at most 1048576 bytes");

	memset(bytes, '#', CONF_FILE_BYTES_MAX + 1);
	file = write_file("large", 0600, bytes, CONF_FILE_BYTES_MAX + 1);
	expect_load_error(file, ": too large, expected at most 1048576 bytes");
	free(file);
	file = write_file("nul", 0600, "a: 1\n#\0\n", 8);
	expect_load_error(file, ":2: a NUL byte, expected a text file");
	free(file);
	if (geteuid() != 0) {
		file = write_file("closed", 0, "a", 1);
		expect_load_error(file,
		    ": cannot open: Permission denied, expected a readable "
		    "YAML file");
		free(file);
	}
	free(bytes);
}

/* n times a pattern, between two ends. */
static char *
repeat(const char *before, const char *pattern, size_t n, const char *after)
{
	struct text t;
	size_t i;

	text_init(&t, CONF_FILE_BYTES_MAX);
	text_addf(&t, "%s", before);
	for (i = 0; i < n; i++)
		text_add(&t, pattern, strlen(pattern));
	text_addf(&t, "%s", after);
	return t.s;
}

Test(conf, files_made_to_hurt_end_soon, .timeout = 20)
{
	static const struct {
		const char *before, *pattern;
		size_t n;
		const char *after, *error;
	} cases[] = {
		{ "a: ", "[", 1000000, "",
		    "f:1: nested too deeply, expected at most 8 levels" },
		{ "a: ", "{a: ", 250000, "",
		    "f:1: nested too deeply, expected at most 8 levels" },
		{ "a:\n", "- 1\n", 250000, "",
		    "f:1002: too many elements, expected at most 1000" },
		{ "", "a:\n", 300000, "",
		    "f:1001: too many elements, expected at most 1000" },
		{ "a: [", "*b, ", 200000, "]",
		    "f:1: too many elements, expected at most 1000" },
		{ "", "? ", 500000, "",
		    "f:1: nested too deeply, expected at most 8 levels" },
		{ "a: \"", "\\n", 500000, "\"\n", NULL },
		{ "a: ", "x", 1000000, "\n", NULL },
	};
	struct conf_notes notes;
	struct conf c;
	char *text, *errors;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = repeat(cases[i].before, cases[i].pattern, cases[i].n,
		    cases[i].after);
		cr_expect_eq(conf_parse(&c, "f", text, strlen(text), &notes,
				 no_environment),
		    -1);
		errors = join(notes.errors, notes.n_errors);
		cr_expect_lt(strlen(errors), 100000);
		if (cases[i].error != NULL)
			cr_expect_not_null(strstr(errors, cases[i].error),
			    "case %zu: %.300s", i, errors);
		free(errors);
		conf_notes_clear(&notes);
		free(text);
	}
}

Test(conf, holds_as_much_as_its_bounds_say)
{
	struct conf_notes notes;
	struct text t;
	struct conf c;
	int extra, i;

	for (extra = 0; extra < 2; extra++) {
		text_init(&t, CONF_FILE_BYTES_MAX);
		text_addf(&t, "paths:\n");
		for (i = 0; i < CONF_PATHS_MAX; i++)
			text_addf(
			    &t, "  p%d: { role: nat, mark: %d }\n", i, i + 1);
		text_addf(&t, "endpoints:\n");
		for (i = 0; i < CONF_ENDPOINTS_MAX + extra; i++)
			text_addf(&t,
			    "  e%d: { url: 'https://e%d.example/' }\n", i, i);
		cr_expect_eq(
		    conf_parse(&c, "f", t.s, t.size, &notes, no_environment),
		    -extra);
		if (extra == 0) {
			cr_expect_eq(c.n_paths, CONF_PATHS_MAX);
			cr_expect_eq(c.n_endpoints, CONF_ENDPOINTS_MAX);
			conf_clear(&c);
		} else {
			cr_assert_eq(notes.n_errors, 1);
			cr_expect_str_eq(notes.errors[0],
			    "f:119: too many endpoints, expected at most "
			    "100");
		}
		conf_notes_clear(&notes);
		text_clear(&t);
	}
}

Test(conf, text_of_the_file_is_shown_cut_and_without_control_characters)
{
	struct conf_notes notes;
	struct conf c;
	static const char text[] = P E
	    "schedule: { burst: \"a\\e[31m\\n"
	    "0123456789012345678901234567890123456789012345678901234567890\" }";

	cr_assert_eq(parse(&c, text, &notes), -1);
	cr_assert_eq(notes.n_errors, 1);
	cr_expect_str_eq(notes.errors[0],
	    "f:3: burst: 'a?[31m?012345678901234567890123456789012345678901"
	    "23456789...', expected a whole number of 1 to 1000 in plain "
	    "digits");
	conf_notes_clear(&notes);
}

Test(conf, keeps_one_path_where_one_is_asked_for)
{
	static const char text[] =
	    "paths: { a: { role: nat, mark: 1 }, b: { role: direct,\n"
	    "  interface: eth1 }, c: { role: nat } }\n" E;
	struct conf_notes notes;
	struct conf c;
	struct err e;

	cr_assert_eq(parse(&c, text, &notes), 0);
	cr_expect_eq(conf_keep_path(&c, "d", &e), -1);
	cr_expect_str_eq(
	    e.msg, "f: no path \"d\", expected one of those under paths:");
	cr_expect_eq(c.n_paths, 3);
	cr_assert_eq(conf_keep_path(&c, "b", &e), 0);
	cr_assert_eq(c.n_paths, 1);
	cr_expect_str_eq(c.paths[0].name, "b");
	cr_expect_str_eq(c.paths[0].interface, "eth1");
	conf_clear(&c);
	conf_notes_clear(&notes);
}

Test(conf, the_environment_names_the_default_file)
{
	unsetenv(CONF_ENVIRONMENT);
	cr_expect_str_eq(conf_default_file(), "/etc/natdiff/natdiff.yaml");
	setenv(CONF_ENVIRONMENT, "/tmp/other.yaml", 1);
	cr_expect_str_eq(conf_default_file(), "/tmp/other.yaml");
}
