#include "config.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "probe/witness_listen.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

Test(witness_listen, reads_where_to_listen)
{
	static const struct {
		const char *text;
		const char *is; /* NULL: refused */
	} cases[] = {
		{ "203.0.113.5:8443", "203.0.113.5:8443" },
		{ "[2001:db8::5]:443", "[2001:db8::5]:443" },
		{ "127.0.0.1:0", "127.0.0.1:0" },
		{ ":8443", "-:8443" },
		{ "8443", NULL },
		{ "203.0.113.5", NULL },
		{ "203.0.113.5:", NULL },
		{ "203.0.113.5:65536", NULL },
		{ "203.0.113.5:-1", NULL },
		{ "203.0.113.5:80x", NULL },
		{ "2001:db8::5:443", NULL },
		{ "[2001:db8::5:443", NULL },
		{ "[]:443", NULL },
		{ "[:443", NULL },
		{ "]:443", NULL },
		{ "example.net:443", NULL },
		{ "1234567890123456789012345678901234567890123456789:1", NULL },
		{ "", NULL },
	};
	char text[ENDPOINT_ADDRESS_TEXT_SIZE];
	struct endpoint_address a;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(witness_listen_parse(cases[i].text, &a),
		    cases[i].is == NULL ? -1 : 0, "%s", cases[i].text);
		if (cases[i].is != NULL)
			cr_expect_str_eq(
			    endpoint_address_text(&a, text), cases[i].is);
	}
}

Test(witness_listen, says_which_port_the_kernel_chose)
{
	struct endpoint_address a, same;
	struct err e;
	int fd;

	witness_listen_parse("127.0.0.1:0", &a);
	fd = witness_listen_open(&a, &e);
	cr_assert_geq(fd, 0, "%s", e.msg);
	cr_expect_neq(a.port, 0);
	same = a;
	cr_expect_eq(witness_listen_open(&same, &e), -1);
	cr_expect_not_null(strstr(e.msg, "127.0.0.1:"), "%s", e.msg);
	cr_expect_not_null(strstr(e.msg, "cannot listen"), "%s", e.msg);
	close(fd);
}

Test(witness_listen, sees_ipv4_in_ipv6)
{
	char text[ENDPOINT_ADDRESS_TEXT_SIZE];
	struct endpoint_address a;

	endpoint_address_parse("::ffff:203.0.113.5", &a);
	a.port = 4711;
	witness_listen_unmap(&a);
	cr_expect_str_eq(endpoint_address_text(&a, text), "203.0.113.5:4711");
	endpoint_address_parse("2001:db8::5", &a);
	witness_listen_unmap(&a);
	cr_expect_eq(a.family, AF_INET6);
}
