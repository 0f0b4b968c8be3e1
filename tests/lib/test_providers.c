#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"

#include "natdiff/providers.h"

/* What the configuration of a probe takes as gateway.provider. */
static const char *const names[] = { "gcp", "aws", "azure", "azure-lb", "linux",
	"asa", "fortigate", "panos" };

#define HEAD                              \
	"read-on 2026-11-21\n"            \
	"source a 2026-04-08 https://a\n" \
	"source b read A title # of b\n"

static int
parse(struct providers *p, const char *text, struct err *e)
{
	return providers_parse(p, "x.conf", text, strlen(text), e);
}

Test(providers, what_is_built_in_is_the_file_that_ships)
{
	extern const char providers_text[];
	const char *top = getenv("TOP_SRCDIR");
	char *name, *text;
	struct providers p;
	struct err e;
	FILE *f;
	size_t n;

	cr_assert_not_null(top, "run by make check");
	name = x_asprintf("%s/lib/providers.conf", top);
	cr_assert_eq(providers_read(&p, name, &e), 0, "%s", e.msg);
	providers_clear(&p);
	f = fopen(name, "r");
	cr_assert_not_null(f);
	text = x_malloc(1 << 20);
	n = fread(text, 1, (1 << 20) - 1, f);
	text[n] = '\0';
	fclose(f);
	cr_expect_str_eq(providers_text, text);
	free(text);
	free(name);
}

Test(providers, every_provider_of_the_configuration_is_known)
{
	struct providers p;
	size_t i;

	providers_default(&p);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_expect_not_null(
		    providers_find(&p, names[i]), "%s", names[i]);
	cr_expect_eq(p.n_providers, i);
	cr_expect_null(providers_find(&p, "other"));
	cr_expect_null(providers_find(&p, NULL));
	providers_clear(&p);
}

Test(providers, each_has_a_pool_limits_settings_and_a_way_to_look)
{
	size_t seen[ITEM_KINDS], i, j, with_commands = 0;
	const struct provider *v;
	struct providers p;

	providers_default(&p);
	for (i = 0; i < p.n_providers; i++) {
		v = &p.provider[i];
		memset(seen, 0, sizeof(seen));
		for (j = 0; j < v->n_items; j++) {
			seen[v->item[j].kind]++;
			cr_expect_geq(v->item[j].n_sources, 1);
		}
		cr_expect_eq(seen[ITEM_POOL], 1, "%s", v->name);
		cr_expect_geq(seen[ITEM_LIMIT], 1, "%s", v->name);
		cr_expect_geq(seen[ITEM_SETTING], 1, "%s", v->name);
		cr_expect_geq(seen[ITEM_METRIC], 1, "%s", v->name);
		with_commands += seen[ITEM_COMMAND] > 0;
	}
	cr_expect_geq(with_commands, 7);
	providers_clear(&p);
}

/* The item as it is said, then its sources; free(). */
static char *
said(const struct providers *p, const char *provider, enum item_kind kind,
    const char *name)
{
	const struct provider_item *i;
	struct text t;
	char *s;

	i = provider_item(providers_find(p, provider), kind, name);
	cr_assert_not_null(i, "%s %s", provider, name);
	text_init(&t, 4096);
	provider_item_say(i, &t);
	text_addf(&t, " | ");
	provider_item_cite(p, i, &t);
	s = x_strdup(t.s);
	text_clear(&t);
	return s;
}

Test(providers, items_are_said_with_their_sources_and_dates)
{
	static const struct {
		enum item_kind kind;
		const char *name;
		const char *said;
	} cases[] = {
		{ ITEM_POOL, "per-address",
		    "per-address | https://a (2026-04-08)" },
		{ ITEM_LIMIT, "ports",
		    "64512 ports | https://a (2026-04-08); A title (read "
		    "2026-11-21)" },
		{ ITEM_TIMER, "idle", "4m | A title (read 2026-11-21)" },
		{ ITEM_SETTING, "minPorts",
		    "minPorts | https://a (2026-04-08)" },
		{ ITEM_METRIC, "%ASA-3", "%ASA-3 | https://a (2026-04-08)" },
		{ ITEM_COMMAND, "show",
		    "show --format='{a}#b' | https://a (2026-04-08)" },
	};
	struct providers p;
	struct err e;
	size_t i;
	char *s;

	cr_assert_eq(parse(&p,
			 HEAD "provider x  Some NAT \r\n"
			      "pool per-address a\n"
			      "limit ports 64512 ports a,b of one address\n"
			      "\ttimer idle 4m b\n"
			      "setting minPorts a ports # remark\n"
			      "metric %ASA-3 a\n"
			      "command show a  show --format='{a}#b'",
			 &e),
	    0, "%s", e.msg);
	cr_expect_str_eq(p.provider[0].title, "Some NAT");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s = said(&p, "x", cases[i].kind, cases[i].name);
		cr_expect_str_eq(s, cases[i].said);
		free(s);
	}
	providers_clear(&p);
}

Test(providers, facts_are_those_of_the_sources)
{
	static const struct {
		const char *provider, *name;
		enum item_kind kind;
		int64_t value;
	} cases[] = {
		{ "gcp", "ports-per-address", ITEM_LIMIT, 64512 },
		{ "gcp", "time-wait", ITEM_TIMER, 120000000 },
		{ "gcp", "time-wait-new", ITEM_TIMER, 30000000 },
		{ "gcp", "established-idle", ITEM_TIMER, 1200000000 },
		{ "aws", "connections-per-destination", ITEM_LIMIT, 55000 },
		{ "aws", "established-idle", ITEM_TIMER, 350000000 },
		{ "azure", "addresses", ITEM_LIMIT, 16 },
		{ "azure", "time-wait", ITEM_TIMER, 65000000 },
		{ "azure-lb", "ports-per-instance-50", ITEM_LIMIT, 1024 },
		{ "linux", "established-idle", ITEM_TIMER,
		    INT64_C(432000000000) },
		{ "fortigate", "ports-per-address", ITEM_LIMIT, 60416 },
	};
	const struct provider_item *i;
	struct providers p;
	size_t n;

	providers_default(&p);
	for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		i = provider_item(providers_find(&p, cases[n].provider),
		    cases[n].kind, cases[n].name);
		cr_assert_not_null(
		    i, "%s %s", cases[n].provider, cases[n].name);
		cr_expect_eq(i->value, cases[n].value, "%s %s",
		    cases[n].provider, cases[n].name);
	}
	providers_clear(&p);
}

Test(providers, errors_name_the_line_and_what_was_expected)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "", "x.conf: expected a line \"read-on DATE\"" },
		{ "colour red\n", "x.conf:1: colour, expected read-on," },
		{ "\n# a\nread-on soon\n",
		    "x.conf:3: soon, expected one date" },
		{ "read-on 2026-11-21\nread-on 2026-11-21\n",
		    "x.conf:2: 2026-11-21, expected one date" },
		{ "source a 2026-04-08\n",
		    "x.conf:1: end of line, expected \"source ID DATE TEXT\"" },
		{ "source a 8.4.2026 x\n",
		    "x.conf:1: 8.4.2026, expected a date as 2026-04-08" },
		{ HEAD "source a read x\n",
		    "x.conf:4: a, expected an id not used before" },
		{ HEAD "limit p 1 ports a\n",
		    "x.conf:4: limit, expected a line \"provider\" before it" },
		{ HEAD "provider x\n", "x.conf:4: end of line, expected" },
		{ HEAD "provider x X\nprovider x Y\n",
		    "x.conf:5: x, expected \"provider NAME TITLE\"" },
		{ HEAD "provider x X\nlimit p many ports a\n",
		    "x.conf:5: many, expected a whole number" },
		{ HEAD "provider x X\nlimit p 0 ports a\n",
		    "x.conf:5: 0, expected a whole number" },
		{ HEAD "provider x X\nlimit p 5\n",
		    "x.conf:5: end of line, expected the unit" },
		{ HEAD "provider x X\ntimer t 120 minutes a\n",
		    "x.conf:5: minutes, expected ids of one to four sources" },
		{ HEAD "provider x X\nsetting s a,c\n",
		    "x.conf:5: c, expected ids of one to four sources" },
		{ HEAD "provider x X\nsetting s a,\n",
		    "x.conf:5: , expected ids of one to four sources" },
		{ HEAD "provider x X\nsetting s\n",
		    "x.conf:5: end of line, expected ids" },
		{ HEAD "provider x X\nsetting s a\nsetting s b\n",
		    "x.conf:6: s, expected a name not used before" },
		{ HEAD "provider x X\ncommand c a\n",
		    "x.conf:5: end of line, expected a command" },
		{ HEAD "provider x X\npool deep a\n",
		    "x.conf:5: deep, expected per-destination or per-address" },
		{ HEAD "provider x \033[31mX\n",
		    "x.conf:4: a byte that is not printable, expected ASCII" },
	};
	struct providers p;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&e, 0, sizeof(e));
		cr_expect_eq(
		    parse(&p, cases[i].text, &e), -1, "%s", cases[i].text);
		cr_expect_eq(
		    strncmp(e.msg, cases[i].message, strlen(cases[i].message)),
		    0, "%s gave %s", cases[i].text, e.msg);
		cr_expect_eq(p.n_providers, 0);
	}
	cr_expect_eq(providers_parse(&p, "x.conf", "a\0b", 3, &e), -1);
	cr_expect_str_eq(e.msg, "x.conf: no data file: holds a NUL");
	cr_expect_eq(providers_read(&p, "/dev/zero", &e), -1);
	cr_expect_str_eq(e.msg, "/dev/zero: no data file: too large");
	cr_expect_eq(providers_read(&p, "/nowhere/x", &e), -1);
	cr_expect_str_eq(
	    e.msg, "/nowhere/x: cannot open: No such file or directory");
}
