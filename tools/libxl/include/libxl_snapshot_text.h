/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot_text.h: what others have named or said, for a terminal, for
 * a shell, in JSON and in an xl.cfg.
 */
#ifndef LIBXL_SNAPSHOT_TEXT_H
#define LIBXL_SNAPSHOT_TEXT_H

/*
 * A copy of @s, malloc'd, that is one line of printable text: for a path,
 * and the words of QEMU, of a guest or of a program.  Control characters
 * (also those of Unicode, and those that set the direction of text) and
 * bytes that are not UTF-8 are spelled \x1b or \u202e.  The library does so
 * itself with its error and its log; libxl's own log, and the members of
 * results, are left as they are.
 */
char *libxl_snapshot_plain(const char *s);
/*
 * @s as a string of JSON, with its quotes, malloc'd.  What _plain() spells
 * is escaped: \u001b, \u202e; a byte that is not UTF-8, 0xe4, is \udce4,
 * which no text has.
 */
char *libxl_snapshot_json_string(const char *s);
/* @s as a shell's operand: quoted, as $'\033' where it is not plain, "-- "
 * before a dash; malloc'd. */
char *libxl_snapshot_operand(const char *s);
/* @s as it stands between two @quote (' or ") in an xl.cfg, malloc'd. */
char *libxl_snapshot_config_escape(const char *s, char quote);

#endif /* LIBXL_SNAPSHOT_TEXT_H */
