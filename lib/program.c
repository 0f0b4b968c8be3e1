#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/program.h"

#define NAME_SIZE 64

/* A file would take the number, and what is printed would go there. */
static void
occupy_standard(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			(void)open("/dev/null", O_RDONLY); /* the least free */
}

static void
usage(const struct program *p, FILE *out)
{
	const struct command *c;

	fprintf(out, "%s\nCommands (%s COMMAND --help says more):\n", p->about,
	    p->name);
	for (c = p->commands; c->name != NULL; c++)
		fprintf(out, "  %-9s %s\n", c->name, c->does);
}

static int
run_command(const struct program *p, int argc, char **argv)
{
	char name[NAME_SIZE];
	const struct command *c;

	for (c = p->commands; c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0) {
			snprintf(name, sizeof(name), "%s %s", p->name, c->name);
			argv[1] = name;
			return c->run(argc - 1, argv + 1);
		}
	fprintf(stderr, "%s: %s: no such command, %s --help lists them\n",
	    p->name, argv[1], p->name);
	return EXIT_USAGE;
}

int
program_main(const struct program *p, int argc, char **argv)
{
	int status = 0;

	occupy_standard();
	if (argc < 2) {
		usage(p, stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		usage(p, stdout);
	else if (strcmp(argv[1], "--version") == 0)
		printf("%s " PACKAGE_VERSION "\n", p->name);
	else
		status = run_command(p, argc, argv);
	if (status == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
		fprintf(stderr, "%s: standard output: cannot write: %s\n",
		    p->name, strerror(errno));
		status = 1;
	}
	return status;
}
