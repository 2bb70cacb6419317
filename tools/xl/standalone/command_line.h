/* SPDX-License-Identifier: LGPL-2.1-only */
/* standalone/command_line.h: what only this program's main() needs. */
#ifndef XL_STANDALONE_COMMAND_LINE_H
#define XL_STANDALONE_COMMAND_LINE_H

/* The rows of "xl help", without its head. */
void help_rows(void);

#endif /* XL_STANDALONE_COMMAND_LINE_H */
