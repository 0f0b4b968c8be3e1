#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/pseudonyms.h"

/* One that has seen these texts and hosts, each list ended by NULL. */
static struct pseudonyms *
seen(const char *const *texts, const char *const *hosts)
{
	struct pseudonyms *p = pseudonyms_new();

	for (; *texts != NULL; texts++)
		pseudonyms_see(p, *texts);
	for (; hosts != NULL && *hosts != NULL; hosts++)
		pseudonyms_see_host(p, *hosts);
	pseudonyms_settle(p);
	return p;
}

static void
expect(const struct pseudonyms *p, const char *text, const char *expected)
{
	char *got = pseudonyms_text(p, text, true);

	cr_expect_str_eq(got, expected, "%s", text);
	free(got);
}

Test(pseudonyms, replaces_private_addresses_wherever_they_stand)
{
	static const char *const texts[] = { "10.0.0.1 192.168.7.9 fd00::1",
		"172.16.0.1", "100.64.0.1", "169.254.169.254", "fe80::1",
		NULL };
	struct pseudonyms *p = seen(texts, NULL);

	expect(p, "10.0.0.1", "240.0.0.1");
	expect(p, "http://10.0.0.1:80/", "http://240.0.0.1:80/");
	expect(p, "x10.0.0.1y", "x240.0.0.1y");
	expect(p, "010.000.000.001", "240.0.0.1");
	expect(p, "ip-10-0-0-1.ec2", "ip-240-0-0-1.ec2");
	expect(p, "10.0.0.0/8", "240.0.0.0/8");
	expect(p, "::ffff:10.0.0.1", "::ffff:240.0.0.1");
	expect(p, "::ffff:a00:1", "::ffff:240.0.0.1");
	expect(p, "100.64.0.1,169.254.169.254", "240.0.0.2,240.0.0.3");
	expect(p, "172.16.0.1 192.168.7.9", "240.0.0.4 240.0.0.5");
	expect(p, "[fd00::1]:443", "[100::1]:443");
	expect(p, "FD00:0:0::1%eth0", "100::1%eth0");
	expect(p, "fe80::1", "100::2");
	pseudonyms_free(p);
}

Test(pseudonyms, leaves_everything_else)
{
	static const char *const texts[] = { "10.0.0.1", NULL };
	static const char *const others[] = { "", "203.0.113.7", "110.0.0.1",
		"10.0.0.256", "10.0.0", "10.0.0.1234", "10.0-0.1", "172.32.0.1",
		"100.128.0.1", "2001:db8::1", "2026-11-21T04:45:00.123Z",
		"255.255.255.0", "127.0.0.1", "::1", "a:b:c", ":",
		"::", "\xff\xfe 10", "fe", "deadbeef" };
	struct pseudonyms *p = seen(texts, NULL);
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect(p, others[i], others[i]);
	pseudonyms_free(p);
}

Test(pseudonyms, depend_on_what_was_seen_and_not_on_its_order)
{
	static const char *const one[] = { "10.0.0.9", "10.0.0.1", "fd00::2",
		NULL };
	static const char *const two[] = { "fd00::2 10.0.0.1", "10.0.0.9",
		"10.0.0.9", NULL };
	static const char *const hosts[] = { "zeta", "alpha", NULL };
	static const char *const turned[] = { "alpha", "zeta", "alpha", NULL };
	struct pseudonyms *p = seen(one, hosts), *q = seen(two, turned);
	static const char text[] = "10.0.0.9 10.0.0.1 fd00::2 zeta alpha";
	char *a = pseudonyms_text(p, text, true);
	char *b = pseudonyms_text(q, text, true);

	cr_expect_str_eq(a, "240.0.0.2 240.0.0.1 100::1 host-2 host-1");
	cr_expect_str_eq(b, a);
	free(a);
	free(b);
	pseudonyms_free(p);
	pseudonyms_free(q);
}

Test(pseudonyms, never_meet_an_address_that_looks_like_one)
{
	static const char *const texts[] = { "10.0.0.1 240.0.0.1", NULL };
	struct pseudonyms *p = seen(texts, NULL);

	expect(p, "10.0.0.1 240.0.0.1", "240.0.0.1 240.0.0.2");
	pseudonyms_free(p);
}

Test(pseudonyms, replace_hosts_as_words)
{
	static const char *const texts[] = { NULL };
	static const char *const hosts[] = { "web", "web-17", "db.corp.example",
		NULL };
	struct pseudonyms *p = seen(texts, hosts);
	char *host;

	expect(p, "web-17 failed", "host-3 failed");
	expect(p, "on web-17.corp.example.", "on host-3.corp.example.");
	expect(p, "db.corp.example:5432", "host-1:5432");
	/* Too short to be looked for, or part of another word. */
	expect(p, "the web is down", "the web is down");
	expect(p, "web-178 my-web-17", "web-178 my-web-17");
	host = pseudonyms_host(p, "web");
	cr_expect_str_eq(host, "host-2");
	free(host);
	pseudonyms_free(p);
}

Test(pseudonyms, hides_an_address_that_nobody_saw)
{
	static const char *const texts[] = { NULL };
	struct pseudonyms *p = seen(texts, NULL);

	expect(p, "10.0.0.1 fd00::1", "240.0.0.0 100::0");
	pseudonyms_free(p);
}
