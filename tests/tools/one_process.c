/*
 * Runs a Criterion program's tests without Criterion's own runner, for
 * valgrind: that starts the program anew for every test, which takes a second
 * each under valgrind.  Here a test is a fork of the one process that was
 * started.  Loaded before the program (LD_PRELOAD), it takes the place of the
 * library's main() and of what assertions call.
 *
 * Leaks are looked for at the end of a test, not at that of a process: what a
 * test forks may end with open files on purpose.  Timeouts of tests are not
 * kept: under valgrind they mean nothing.
 *
 * Prints a line for each test; exits 1 where one failed, leaked, or ended
 * otherwise than with its own status (valgrind's --error-exitcode).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/internal/ordered-set.h>
#include <valgrind/memcheck.h>

#define SKIPPED 77 /* a process's status */

static jmp_buf test_ends;
static int failed, skipped;
static const struct criterion_test_extra_data *fixtures[2]; /* suite, test */

void
criterion_send_assert(struct criterion_assert_stats *stats)
{
	if (stats->passed)
		return;
	failed = 1;
	fprintf(
	    stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message);
}

void
cri_asserts_passed_incr(void)
{
}

void
criterion_abort_test(void)
{
	longjmp(test_ends, 1);
}

void
criterion_continue_test(void)
{
}

void
criterion_skip_test(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	skipped = 1;
	longjmp(test_ends, 1);
}

void
cr_log(enum criterion_severity severity, const char *format, ...)
{
	(void)severity;
	(void)format;
}

void
criterion_internal_test_setup(void)
{
	for (size_t i = 0; i < 2; i++) {
		if (fixtures[i] && fixtures[i]->init)
			fixtures[i]->init();
	}
}

void
criterion_internal_test_main(void (*test)(void))
{
	if (!setjmp(test_ends))
		test();
}

void
criterion_internal_test_teardown(void)
{
	for (int i = 1; i >= 0; i--) {
		if (fixtures[i] && fixtures[i]->fini)
			fixtures[i]->fini();
	}
}

/* Whether memory has been lost for good; valgrind's log says where. */
static int
leaks(void)
{
	unsigned long lost = 0, perhaps = 0, reached = 0, suppressed = 0;

	VALGRIND_DO_LEAK_CHECK;
	VALGRIND_COUNT_LEAKS(lost, perhaps, reached, suppressed);
	(void)perhaps;
	(void)reached;
	(void)suppressed;
	return lost > 0;
}

/* One test in a process of its own; true where it went well. */
static bool
run(const struct criterion_suite *suite, const struct criterion_test *test)
{
	time_t began = time(NULL);
	int status = -1;
	bool good;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid == 0) {
		VALGRIND_ENABLE_ERROR_REPORTING; /* off since the start */
		fixtures[0] = suite->data;
		fixtures[1] = test->data;
		test->test();
		exit(failed || leaks() ? 1 : skipped ? SKIPPED : 0);
	}
	while (waitpid(pid, &status, 0) != pid)
		;
	good = status == 0 ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED);
	printf("%s %s/%s, %lld s",
	    status == 0 ? "ok"
		: good  ? "skip"
			: "not ok",
	    test->category, test->name, (long long)(time(NULL) - began));
	if (WIFSIGNALED(status))
		printf(", signal %d", WTERMSIG(status));
	putchar('\n');
	return good;
}

int
main(void)
{
	struct criterion_test_set *set = criterion_initialize();
	int bad = 0;

	FOREACH_SET(struct criterion_suite_set * s, set->suites)
	{
		FOREACH_SET(struct criterion_test * test, s->tests)
		bad += !run(&s->suite, test);
	}
	fflush(stdout);
	_exit(bad > 0);
}
