#include "config.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"

#include "report/evidence/advice.h"

static struct providers providers;

static void
read_providers(void)
{
	providers_default(&providers);
}

static void
clear_providers(void)
{
	providers_clear(&providers);
}

TestSuite(advice, .init = read_providers, .fini = clear_providers);

/* Every provider's name, one that is not known, and none. */
static const char *
provider_name(size_t i)
{
	if (i < providers.n_providers)
		return providers.provider[i].name;
	return i == providers.n_providers ? "other" : NULL;
}

/* One line of printable text, filled in. */
static void
expect_line(const char *text, const char *where)
{
	cr_assert_not_null(text, "%s", where);
	cr_expect_gt(strlen(text), 10, "%s: %s", where, text);
	cr_expect_null(strpbrk(text, "{}\n\t"), "%s: %s", where, text);
}

static bool
has_step(const struct advice_list *l, enum advice_step step)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->advice[i].step == step)
			return true;
	return false;
}

Test(advice, every_cause_has_advice_for_every_gateway)
{
	struct advice_table *t = advice_default(&providers);
	struct advice_list l;
	size_t p, i;
	int c;

	for (c = 0; c < CAUSE_COUNT; c++) {
		for (p = 0; p < providers.n_providers + 2; p++) {
			advice_give(t, (enum cause)c, provider_name(p), &l);
			cr_expect_geq(l.n, 1, "%s", cause_name((enum cause)c));
			for (i = 0; i < l.n; i++) {
				expect_line(l.advice[i].action,
				    cause_name((enum cause)c));
				expect_line(
				    l.advice[i].why, l.advice[i].action);
				cr_assert_not_null(l.advice[i].how);
				cr_expect_null(strpbrk(l.advice[i].how, "{}"),
				    "%s", l.advice[i].how);
			}
			advice_list_clear(&l);
		}
	}
	advice_table_free(t);
}

Test(advice, causes_that_can_be_cured_have_every_step_that_matters)
{
	struct advice_table *t = advice_default(&providers);
	struct advice_list l;
	size_t p;
	int c;

	for (c = 0; c < CAUSE_COUNT; c++) {
		if (c == CAUSE_HEALTHY || c == CAUSE_INCONCLUSIVE)
			continue;
		for (p = 0; p < providers.n_providers + 2; p++) {
			advice_give(t, (enum cause)c, provider_name(p), &l);
			cr_expect(has_step(&l, ADVICE_CONFIRM), "%s %s",
			    cause_name((enum cause)c), provider_name(p));
			cr_expect(has_step(&l, ADVICE_VERIFY), "%s %s",
			    cause_name((enum cause)c), provider_name(p));
			/* AWS's idle timer cannot be set: keep-alives only. */
			cr_expect(has_step(&l, ADVICE_FIX) ||
				has_step(&l, ADVICE_STOP),
			    "%s %s", cause_name((enum cause)c),
			    provider_name(p));
			advice_list_clear(&l);
		}
	}
	advice_table_free(t);
}

Test(advice, steps_come_in_their_order)
{
	struct advice_table *t = advice_default(&providers);
	struct advice_list l;
	size_t i;

	advice_give(t, CAUSE_NAT_PORT_EXHAUSTION, "gcp", &l);
	cr_expect_geq(l.n, 5);
	for (i = 1; i < l.n; i++)
		cr_expect_geq((int)l.advice[i].step, (int)l.advice[i - 1].step);
	cr_expect_eq(l.advice[0].step, ADVICE_CONFIRM);
	cr_expect_eq(l.advice[l.n - 1].step, ADVICE_VERIFY);
	advice_list_clear(&l);
	advice_table_free(t);
}

/* Whether advice on fixing names an item of the provider's data. */
static bool
fix_names(
    const struct advice_list *l, const struct provider *p, enum item_kind kind)
{
	size_t i, j;

	for (i = 0; i < l->n; i++) {
		if (l->advice[i].step != ADVICE_FIX ||
		    l->advice[i].provider == NULL ||
		    strcmp(l->advice[i].provider, p->name) != 0)
			continue;
		for (j = 0; j < p->n_items; j++)
			if (p->item[j].kind == kind &&
			    (strstr(l->advice[i].how, p->item[j].name) !=
				    NULL ||
				strstr(l->advice[i].why, p->item[j].name) !=
				    NULL))
				return true;
	}
	return false;
}

Test(advice, ports_are_added_by_the_providers_own_setting_and_cited)
{
	struct advice_table *t = advice_default(&providers);
	const struct provider *p;
	struct advice_list l;
	size_t i, j;

	for (i = 0; i < providers.n_providers; i++) {
		p = &providers.provider[i];
		advice_give(t, CAUSE_NAT_PORT_EXHAUSTION, p->name, &l);
		cr_expect(fix_names(&l, p, ITEM_SETTING), "%s", p->name);
		for (j = 0; j < l.n; j++)
			cr_expect(l.advice[j].provider == NULL ||
				l.advice[j].source != NULL,
			    "%s: %s", p->name, l.advice[j].action);
		advice_list_clear(&l);
	}
	advice_table_free(t);
}

Test(advice, names_of_a_provider_are_given_to_nobody_else)
{
	struct advice_table *t = advice_default(&providers);
	struct advice_list l;
	size_t p, i;
	int c;

	for (c = 0; c < CAUSE_COUNT; c++) {
		for (p = 0; p < providers.n_providers + 2; p++) {
			advice_give(t, (enum cause)c, provider_name(p), &l);
			for (i = 0; i < l.n; i++)
				cr_expect(l.advice[i].provider == NULL ||
					(p < providers.n_providers &&
					    strcmp(l.advice[i].provider,
						provider_name(p)) == 0),
				    "%s: %s", l.advice[i].provider,
				    l.advice[i].action);
			advice_list_clear(&l);
		}
	}
	advice_table_free(t);
}

static struct advice_table *
parse(const char *text, struct err *e)
{
	return advice_parse(&providers, "x.conf", text, strlen(text), e);
}

Test(advice, a_providers_own_replaces_the_rest_of_that_step_alone)
{
	static const char text[] =
	    "advice healthy other fix Generic fix\nwhy a\nhow b\n"
	    "advice healthy all fix Fix for all\nwhy a\nhow b\n"
	    "advice healthy gcp fix Fix of gcp\nwhy a\nhow b\n"
	    "advice healthy other confirm Generic look\nwhy a\nhow b\n";
	static const struct {
		const char *provider;
		const char *actions[3];
	} cases[] = {
		{ "gcp", { "Generic look", "Fix for all", "Fix of gcp" } },
		{ "aws", { "Generic look", "Generic fix", "Fix for all" } },
		{ NULL, { "Generic look", "Generic fix", "Fix for all" } },
		{ "unheard of",
		    { "Generic look", "Generic fix", "Fix for all" } },
	};
	struct advice_table *t;
	struct advice_list l;
	struct err e;
	size_t i, j;

	t = parse(text, &e);
	cr_assert_not_null(t, "%s", e.msg);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		advice_give(t, CAUSE_HEALTHY, cases[i].provider, &l);
		cr_assert_eq(l.n, 3);
		for (j = 0; j < 3; j++)
			cr_expect_str_eq(
			    l.advice[j].action, cases[i].actions[j]);
		advice_list_clear(&l);
		advice_give(t, CAUSE_HOST_LIMIT, cases[i].provider, &l);
		cr_expect_eq(l.n, 0);
		advice_list_clear(&l);
	}
	advice_table_free(t);
}

Test(advice, what_stands_in_braces_is_filled_in_and_cited_once)
{
	static const char text[] =
	    "advice healthy aws fix Do {setting AllocationIds} now\n"
	    "why Up to {limit addresses} after {timer established-idle}.\n"
	    "how {metric ErrorPortAllocation}\n"
	    "how first{limit addresses}last\n";
	struct advice_table *t;
	struct advice_list l;
	const char *first;
	struct err e;

	t = parse(text, &e);
	cr_assert_not_null(t, "%s", e.msg);
	advice_give(t, CAUSE_HEALTHY, "aws", &l);
	cr_assert_eq(l.n, 1);
	cr_expect_str_eq(l.advice[0].action, "Do AllocationIds now");
	cr_expect_str_eq(l.advice[0].why, "Up to 8 addresses after 350s.");
	cr_expect_str_eq(
	    l.advice[0].how, "ErrorPortAllocation\nfirst8 addresseslast");
	first = strstr(l.advice[0].source, "vpc-nat-gateway.md (2023-06)");
	cr_assert_not_null(first, "%s", l.advice[0].source);
	cr_expect_null(strstr(first + 1, "vpc-nat-gateway.md (2023-06)"));
	advice_list_clear(&l);
	advice_table_free(t);
}

Test(advice, errors_name_the_line_and_what_was_expected)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "hint x\n", "x.conf:1: hint, expected advice, why or how" },
		{ "why x\n", "x.conf:1: no advice, expected a line" },
		{ "advice\n", "x.conf:1: end of line, expected the name of" },
		{ "advice fate all fix X\n", "x.conf:1: fate, expected the" },
		{ "advice healthy ibm fix X\n", "x.conf:1: ibm, expected a" },
		{ "advice healthy all fx X\n", "x.conf:1: fx, expected conf" },
		{ "advice healthy all fix\n", "x.conf:1: end of line, exp" },
		{ "\nadvice healthy all fix X\nwhy a\n",
		    "x.conf:2: advice without how, expected both" },
		{ "advice healthy all fix X\nhow a\n",
		    "x.conf:1: advice without why, expected both" },
		{ "advice healthy all fix X\nwhy a\nwhy b\n",
		    "x.conf:3: b, expected a line" },
		{ "advice healthy all fix X\nwhy {setting natIps}\nhow b\n",
		    "x.conf:1: {setting natIps}, expected {KIND NAME}" },
		{ "advice healthy gcp fix X\nwhy {setting natIp}\nhow b\n",
		    "x.conf:1: {setting natIp}, expected {KIND NAME}" },
		{ "advice healthy gcp fix X\nwhy a\nhow {natIps}\n",
		    "x.conf:1: {natIps}, expected {KIND NAME}" },
		{ "advice healthy gcp fix X\nwhy a\nhow {setting natIps\n",
		    "x.conf:1: {setting natIps, expected {KIND NAME}" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&e, 0, sizeof(e));
		cr_expect_null(parse(cases[i].text, &e), "%s", cases[i].text);
		cr_expect_eq(
		    strncmp(e.msg, cases[i].message, strlen(cases[i].message)),
		    0, "%s gave %s", cases[i].text, e.msg);
	}
}

Test(advice, what_is_built_in_is_given_without_ceremony)
{
	struct advice_list l;

	advice_give_default(CAUSE_NAT_TABLE_FULL, "linux", &l);
	cr_assert_geq(l.n, 3);
	cr_expect_not_null(strstr(l.advice[0].how, "conntrack -C"));
	advice_list_clear(&l);
}
