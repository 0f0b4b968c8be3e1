#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "report/imports.h"

#define S INT64_C(1000000)

static struct imports im;

static void
add_line(const char *ip, uint16_t port, const char *target, int64_t from_s,
    int64_t to_s, uint8_t bit)
{
	struct nat_line l = { .port = port,
		.bit = bit,
		.from_us = from_s * S,
		.to_us = to_s * S };

	l.address = names_add(&im.addresses, ip);
	l.target = names_add(&im.targets, target);
	imports_add_line(&im, &l, "gw", "allocation_failed");
}

static void
add_edge(const char *id, const char *ip, uint16_t port, int64_t at_s)
{
	struct edge_seen e = {
		.named = id != NULL, .port = port, .at_us = at_s * S
	};

	if (id != NULL)
		memcpy(e.id, id, ATTEMPT_ID_SIZE);
	e.address = names_add(&im.addresses, ip);
	imports_add_edge(&im, &e);
}

static void
begin(void)
{
	add_line("10.0.0.1", 41000, "203.0.113.1:443", 100, 100, SEEN_REFUSED);
	add_line("10.0.0.1", 41000, "203.0.113.1:443", 500, 560, SEEN_REJECTED);
	add_line("10.0.0.2", 41000, "203.0.113.1:443", 100, 100, SEEN_REFUSED);
	add_edge("0123456789abcdef", "198.51.100.1", 1024, 200);
	add_edge(NULL, "198.51.100.1", 1025, 300);
	add_edge("0123456789abcdeF", "198.51.100.1", 0, 400);
	imports_finish(&im);
}

static void
end(void)
{
	imports_clear(&im);
}

TestSuite(imports, .init = begin, .fini = end);

static uint8_t
join(const char *id, const char *local, uint16_t port, const char *target,
    uint16_t observed_port, int64_t from_s, int64_t to_s)
{
	struct join_key k = { .id = (const uint8_t *)id,
		.local = local,
		.local_port = port,
		.target = target,
		.observed = "198.51.100.1",
		.observed_port = observed_port,
		.from_us = from_s * S,
		.to_us = to_s * S };

	return imports_join(&im, &k);
}

Test(imports, a_line_is_joined_by_addresses_ports_and_time)
{
	static const struct {
		const char *local;
		uint16_t port;
		const char *target;
		int64_t from_s, to_s;
		uint8_t bits;
	} cases[] = {
		{ "10.0.0.1", 41000, "203.0.113.1:443", 99, 103, SEEN_REFUSED },
		{ "10.0.0.1", 41000, "203.0.113.1:443", 102, 105,
		    SEEN_REFUSED },
		{ "10.0.0.1", 41000, "203.0.113.1:443", 103, 105, 0 },
		{ "10.0.0.1", 41000, "203.0.113.1:443", 90, 97, 0 },
		{ "10.0.0.1", 41000, "203.0.113.1:443", 530, 531,
		    SEEN_REJECTED },
		{ "10.0.0.1", 41001, "203.0.113.1:443", 99, 103, 0 },
		{ "10.0.0.3", 41000, "203.0.113.1:443", 99, 103, 0 },
		{ "10.0.0.1", 41000, "203.0.113.1:80", 99, 103, 0 },
		{ "10.0.0.1", 0, "203.0.113.1:443", 99, 103, 0 },
		{ NULL, 41000, "203.0.113.1:443", 99, 103, 0 },
		{ "10.0.0.1", 41000, NULL, 99, 103, 0 },
	};
	size_t i;

	cr_expect(imports_any(&im));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(
		    join(NULL, cases[i].local, cases[i].port, cases[i].target,
			0, cases[i].from_s, cases[i].to_s),
		    cases[i].bits, "case %zu", i);
	/* Those of 10.0.0.1; nobody asked for that of 10.0.0.2. */
	cr_expect(im.lines[0].joined && im.lines[1].joined);
	cr_expect_not(im.lines[2].joined);
}

Test(imports, a_request_is_found_by_id_or_by_address_port_and_time)
{
	cr_expect_eq(
	    join("0123456789abcdef", NULL, 0, NULL, 0, 9, 9), SEEN_EDGE);
	cr_expect_eq(
	    join("0123456789abcdeF", NULL, 0, NULL, 0, 9, 9), SEEN_EDGE);
	cr_expect_eq(join("0123456789abcde0", NULL, 0, NULL, 0, 9, 9), 0);
	cr_expect_eq(join(NULL, NULL, 0, NULL, 1025, 299, 301), SEEN_ADDRESS);
	cr_expect_eq(join(NULL, NULL, 0, NULL, 1025, 303, 305), 0);
	cr_expect_eq(join(NULL, NULL, 0, NULL, 1026, 299, 301), 0);
	cr_expect_eq(im.n_named, 2);
	cr_expect_eq(im.edge_from_us, 200 * S);
	cr_expect_eq(im.edge_to_us, 400 * S);
}

Test(imports, failures_of_the_application_have_lines_too)
{
	struct app_seen a = { .port = 41000, .at_us = 110 * S };

	a.address = names_find(&im.addresses, "10.0.0.1");
	a.target = names_find(&im.targets, "203.0.113.1:443");
	imports_add_app(&im, &a);
	a.at_us = 90 * S; /* before the line */
	imports_add_app(&im, &a);
	a.at_us = 110 * S;
	a.target = UINT32_MAX;
	imports_add_app(&im, &a);
	cr_expect_eq(imports_app_refused(&im), 1);
	cr_expect_eq(im.n_app, 3);
}
