/* SPDX-License-Identifier: LGPL-2.1-only */
/* standalone/command_line.h: what only this program's main() needs. */
#ifndef XL_STANDALONE_COMMAND_LINE_H
#define XL_STANDALONE_COMMAND_LINE_H

/* The rows of "xl help", without its head. */
void help_rows(void);

/* Write out what was printed: the last act of every command. Returns
 * @code, its exit status; if that fails, says so on stderr and returns
 * EXIT_FAILURE in place of 0. */
int output_finish(const char *command, int code);

#endif /* XL_STANDALONE_COMMAND_LINE_H */
