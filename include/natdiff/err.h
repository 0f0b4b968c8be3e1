/*
 * Why a call failed.  Functions that can fail for reasons outside the program
 * return -1 or NULL and fill a struct err, their last parameter.  A
 * measurement that fails is not an error but data: see failure.h.
 */
#ifndef NATDIFF_ERR_H
#define NATDIFF_ERR_H

struct err {
	int sys;       /* errno at the failure, 0 where it says nothing */
	char msg[512]; /* "object: what went wrong", no newline */
};

/*
 * Fill e with a formatted message; e may be NULL.  The message begins with
 * the object and has no capital, full stop or newline.  err_sys() appends
 * ": " and the text of errno, and keeps errno in e->sys.  Both return -1, so
 * that callers can "return err_set(e, ...)".
 */
int err_set(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int err_sys(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
