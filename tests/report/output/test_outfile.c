#include "config.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "report/output/outfile.h"

static char folder[] = "/tmp/natdiff-outfile.XXXXXX";
static char *name;

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	name = x_asprintf("%s/x", folder);
}

static void
end(void)
{
	unlink(name);
	rmdir(folder);
	free(name);
}

TestSuite(outfile, .init = begin, .fini = end);

static void
expect_content(const char *content)
{
	char buffer[64] = "";
	FILE *f = fopen(name, "r");

	cr_assert_not_null(f);
	buffer[fread(buffer, 1, sizeof(buffer) - 1, f)] = '\0';
	fclose(f);
	cr_expect_str_eq(buffer, content);
}

static size_t
files_in_folder(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	for (entry = readdir(dir); entry != NULL; entry = readdir(dir))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

Test(outfile, is_there_after_the_commit_and_not_before)
{
	struct outfile o;
	struct err e;

	cr_assert_eq(outfile_begin(&o, name, &e), 0);
	fputs("one", o.f);
	fflush(o.f);
	cr_expect_eq(files_in_folder(), 0);
	cr_assert_eq(outfile_commit(&o, &e), 0);
	expect_content("one");

	cr_assert_eq(outfile_begin(&o, name, &e), 0);
	fputs("two", o.f);
	outfile_abandon(&o);
	expect_content("one");
	cr_expect_eq(files_in_folder(), 1);
}

Test(outfile, says_which_file_cannot_be_written)
{
	struct outfile o;
	struct err e;

	cr_assert_eq(outfile_begin(&o, "/nowhere/x", &e), 0);
	cr_assert_eq(outfile_commit(&o, &e), -1);
	cr_expect(
	    strncmp(e.msg, "/nowhere/x: cannot write", 24) == 0, "%s", e.msg);
}

Test(outfile, a_full_disk_leaves_what_was_there)
{
	const struct rlimit two_bytes = { 2, RLIM_INFINITY };
	struct outfile o;
	struct err e;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(outfile_begin(&o, name, &e), 0);
	fputs("one", o.f);
	cr_assert_eq(outfile_commit(&o, &e), 0);
	cr_assert_eq(outfile_begin(&o, name, &e), 0);
	fputs("two", o.f);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &two_bytes), 0);
	cr_expect_eq(outfile_commit(&o, &e), -1);
	expect_content("one");
	cr_expect_eq(files_in_folder(), 1);
}
