/*
 * What is kept of gnuplot's SVG, and what never is; and gnuplot itself, where
 * it is missing, fails, or does not end.
 */
#include "config.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/plot/plot.h"

static void
expect_clean(const char *svg, const char *expected)
{
	char *got = plot_clean(svg, strlen(svg));

	cr_expect_str_eq(got, expected, "%s: %s", svg, got);
	free(got);
}

Test(svg, keeps_shapes_and_words_and_names_their_colours)
{
	static const struct {
		const char *svg, *expected;
	} cases[] = {
		{ "<g stroke-width=\"2.00\">\n<path stroke='rgb(  3,   3,   "
		  "3)'  d='M1.5,2 L3,4\n\t '/></g>",
		    "<path class=\"s3\" stroke-width=\"2.00\" d=\"M1.5,2 L3,4 "
		    "\"/>" },
		{ "<path stroke='rgb(9,9,9)' stroke-dasharray='2.0,3.0' "
		  "d='M1,2'/>",
		    "<path class=\"s9\" stroke-dasharray=\"2.0,3.0\" "
		    "d=\"M1,2\"/>" },
		/* Areas of one colour become one path, to a tenth. */
		{ "<polygon fill = 'rgb(4,4,4)' points = '1.27,2 3.04,4 '/>"
		  "<polygon fill = 'rgb(4,4,4)' points = '5,6 7,8 '/>"
		  "<polygon fill = 'rgb(5,5,5)' points = '9,9 9,9'/>",
		    "<path class=\"f4\" d=\"M1.2,2 3,4zM5,6 7,8z\"/>"
		    "<path class=\"f5\" d=\"M9,9 9,9z\"/>" },
		{ "<g transform=\"translate(4,5)\" fill=\"rgb(1,1,1)\" "
		  "text-anchor=\"end\"><text>06:30</text></g>",
		    "<text class=\"t1\" transform=\"translate(4,5)\" "
		    "text-anchor=\"end\">06:30</text>" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_clean(cases[i].svg, cases[i].expected);
}

Test(svg, leaves_out_everything_else)
{
	static const char *const cases[] = {
		"",
		"<",
		"<path",
		"<script>alert(1)</script>",
		"<image href='http://example.com/x.png'/>",
		"<style>@import 'x'</style>",
		"<title>$d using 1:2</title>",
		/* Colours that are none of the scripts'. */
		"<path stroke='rgb(1,2,3)' d='M1,2'/>",
		"<path stroke='black' d='M1,2'/>",
		"<polygon fill='url(http://example.com)' points='1,2'/>",
		/* Values that are no shape, no number, no plain word. */
		"<path stroke='rgb(3,3,3)' d='M1,2\" onload=\"alert(1)'/>",
		"<polygon fill='rgb(3,3,3)' points='1,2 &#x22;'/>",
		"<g transform='translate(1,2)' fill='rgb(1,1,1)'><text>a&lt;b"
		"</text></g>",
		"<g transform='translate(1,2);x:url(y)' fill='rgb(1,1,1)'>"
		"<text>a</text></g>",
		"<g transform='' fill='rgb(1,1,1)'><text>a</text></g>",
		"<path stroke='rgb(3,3,3)' d=''/>",
		"<path stroke='rgb(3,3,3)' d='",
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_clean(cases[i], "");
}

/* ---------------------------------------------------------------- gnuplot */

static const struct plot hours = {
	.script = PLOT_HOURS,
	.setting = { { "top", 0.5 } },
	.n_settings = 1,
	.width = 400,
	.height = 200,
	.data = "1 0.5 0.25\n",
	.data_size = 11,
	.timeout_ms = 60000,
};

static char folder[] = "/tmp/natdiff-test.XXXXXX";

static void
make_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
	setenv("TMPDIR", folder, 1);
}

/* A program named gnuplot that does as the shell script says. */
static void
fake_gnuplot(const char *script)
{
	char *path, *name;
	FILE *f;

	cr_assert(asprintf(&name, "%s/gnuplot", folder) > 0);
	f = fopen(name, "w");
	cr_assert_not_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(name, 0700);
	cr_assert(asprintf(&path, "%s:/bin:/usr/bin", folder) > 0);
	setenv("PATH", path, 1);
	free(path);
	free(name);
}

/* Nothing but a fake gnuplot may be left; then the folder goes. */
static void
remove_folder(void)
{
	char *name;

	cr_assert(asprintf(&name, "%s/gnuplot", folder) > 0);
	unlink(name);
	free(name);
	cr_expect_eq(rmdir(folder), 0, "files are left in %s", folder);
}

TestSuite(gnuplot, .init = make_folder, .fini = remove_folder);

Test(gnuplot, draws)
{
	struct err e = { 0, "" };
	char *svg = plot_draw(&hours, &e);

	if (svg == NULL && strstr(e.msg, "not installed") != NULL)
		cr_skip("%s", e.msg);
	cr_assert_not_null(svg, "%s", e.msg);
	cr_expect_not_null(strstr(svg, "class=\"f3\""));
	cr_expect_not_null(strstr(svg, "class=\"f5\""));
	cr_expect_not_null(strstr(svg, ">12h</text>"));
	free(svg);
}

Test(gnuplot, is_said_to_be_missing)
{
	struct err e = { 0, "" };

	setenv("PATH", folder, 1);
	cr_expect_null(plot_draw(&hours, &e));
	cr_expect_not_null(strstr(e.msg, "gnuplot-nox"), "%s", e.msg);
}

Test(gnuplot, that_fails_says_why)
{
	struct err e = { 0, "" };

	fake_gnuplot("echo >&2; echo '\"plot.gp\" line 3: broken' >&2; exit 1");
	cr_expect_null(plot_draw(&hours, &e));
	cr_expect_str_eq(e.msg, "gnuplot failed: \"plot.gp\" line 3: broken");
}

Test(gnuplot, that_does_not_end_is_ended)
{
	struct plot p = hours;
	struct err e = { 0, "" };

	p.timeout_ms = 200;
	fake_gnuplot("sleep 1000 & sleep 1000");
	cr_expect_null(plot_draw(&p, &e));
	cr_expect_not_null(strstr(e.msg, "took too long"), "%s", e.msg);
}

Test(gnuplot, that_writes_without_end_is_ended)
{
	struct err e = { 0, "" };

	fake_gnuplot("exec yes");
	cr_expect_null(plot_draw(&hours, &e));
	cr_expect_not_null(strstr(e.msg, "wrote too much"), "%s", e.msg);
}
