/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/xl_utils.h: as much of xen.git's tools/xl/xl_utils.h as our
 * commands use, with its names, types and meanings; see xl.h.
 */
#ifndef XL_UTILS_H
#define XL_UTILS_H

#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>

/*
 * Loop over the options of main_*(int argc, char **argv) as a switch over
 * @opt.  @opts is for getopt, without the "h", which is added;
 * num_required_opts operands have to follow.  Ends the process for --help,
 * for an option that is not known, and for an operand too few.
 */
#define SWITCH_FOREACH_OPT(opt, opts, longopts,                     \
                           commandname, num_required_opts)          \
    while (((opt) = def_getopt(argc, argv, "h" opts, (longopts),    \
                               (commandname),                       \
                               (num_required_opts))) != -1)         \
        switch (opt)

/* Must be last in list */
#define COMMON_LONG_OPTS {"help", 0, 0, 'h'}, \
                         {0, 0, 0, 0}

int def_getopt(int argc, char * const argv[],
               const char *optstring,
               const struct option *longopts,
               const char *helpstr, int reqargs);

/* Each of these says so and exits if there is no memory. */
void xvasprintf(char **strp, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void xasprintf(char **strp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void *xcalloc(size_t n, size_t sz);
/* Frees @ptr and returns NULL where @sz is 0. */
void *xrealloc(void *ptr, size_t sz);
char *xstrdup(const char *x);

#endif /* XL_UTILS_H */
