/*
 * What both programs begin and end with: a table of commands, of which one is
 * called.
 */
#ifndef NATDIFF_PROGRAM_H
#define NATDIFF_PROGRAM_H

#define EXIT_USAGE 2

/*
 * A command gets its own arguments; argv[0] is "PROGRAM COMMAND", for
 * getopt_long()'s messages.  It returns the exit status.
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does; /* one line for --help */
};

struct program {
	const char *name;
	const char *about;              /* for --help, before the commands */
	const struct command *commands; /* ended by one without a name */
};

/*
 * Run the command that the arguments name; the exit status.  Done (0) becomes
 * failed (1), with a message, where standard output could not take all.
 * Standard descriptors that are closed stay out of the way of files that are
 * opened: what is written to them fails.
 */
int program_main(const struct program *p, int argc, char **argv);

#endif
