/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_drivers.c: xl snapshot-drivers: the kinds of disk snapshot
 * that this host can take, as a table or as JSON.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "xl_json.h"
#include "xl_output.h"
#include "xl_session.h"
#include "xl_utils.h"

static const char drivers_name[] = "snapshot-drivers";

static const struct option drivers_longopts[] = {
    SNAPSHOT_LONG_OPTS
};

static const struct {
    unsigned int bit;
    const char *word;
} abilities[] = {
    { LIBXL_SNAPSHOT_CAN_LIVE, "live" },
    { LIBXL_SNAPSHOT_CAN_OFFLINE, "offline" },
    { LIBXL_SNAPSHOT_CAN_NESTED, "nested" },
    { LIBXL_SNAPSHOT_CAN_MERGE, "merge" },
};
#define NUM_ABILITIES ((int)(sizeof(abilities) / sizeof(abilities[0])))

/*-- JSON ---------------------------------------------------------------*/

static void drivers_json_one(struct json *j,
                             const libxl_snapshot_driver *d)
{
    int i;

    json_open_object(j, NULL);
    json_str(j, "name", d->name);
    json_str(j, "mode", libxl_snapshot_mode_to_string(d->mode));
    json_open_array(j, "can");
    for (i = 0; i < NUM_ABILITIES; i++)
        if (d->can & abilities[i].bit)
            json_str(j, NULL, abilities[i].word);
    json_close_array(j);
    json_str(j, "program", d->program);
    json_str(j, "version", d->version);
    json_str(j, "problem", d->problem);
    json_close_object(j);
}

static void drivers_print_json(const libxl_snapshot_driver *drivers,
                               int num)
{
    struct json *j = json_begin();
    int i;

    json_open_array(j, NULL);
    for (i = 0; i < num; i++)
        drivers_json_one(j, &drivers[i]);
    json_close_array(j);
    json_print(j);
}

/*-- text ---------------------------------------------------------------*/

/* The abilities @can in words, malloc'd. */
static char *drivers_abilities(unsigned int can)
{
    char *words = xstrdup(""), *more;
    int i;

    for (i = 0; i < NUM_ABILITIES; i++) {
        if (!(can & abilities[i].bit)) continue;
        xasprintf(&more, "%s%s%s", words, *words ? "," : "",
                  abilities[i].word);
        free(words);
        words = more;
    }
    return words;
}

static void drivers_print_row(const char *name, const char *kind,
                              const char *can, const char *version,
                              const char *needs)
{
    print_line("%-16s %-9s %-25s %-9s %s", name, kind, *can ? can : "-",
               version ? version : "-", needs ? needs : "-");
}

/* A driver that has a problem has it in the last column, in place of the
 * program that it needs. */
static void drivers_print_table(const libxl_snapshot_driver *drivers,
                                int num)
{
    int i;

    drivers_print_row("Driver", "Kind", "Can", "Version", "Needs");
    for (i = 0; i < num; i++) {
        const libxl_snapshot_driver *d = &drivers[i];
        char *words = drivers_abilities(d->can);

        drivers_print_row(d->name, libxl_snapshot_mode_to_string(d->mode),
                          words, d->version,
                          d->problem ? d->problem : d->program);
        free(words);
    }
}

/*-- the command --------------------------------------------------------*/

static int drivers_list(const struct session *s, const void *options)
{
    const struct common_options *o = options;
    libxl_snapshot_driver *drivers;
    int num;

    if (libxl_snapshot_driver_list(s->sc, &drivers, &num)) {
        session_library_error(s);
        return -1;
    }
    if (o->json)
        drivers_print_json(drivers, num);
    else
        drivers_print_table(drivers, num);
    libxl_snapshot_driver_list_free(drivers, num);
    return 0;
}

int main_snapshot_drivers(int argc, char **argv)
{
    struct common_options options = { .json = false };
    int opt;

    SWITCH_FOREACH_OPT(opt, "v", drivers_longopts, drivers_name, 0) {
    default:
        common_option(&options, opt);
    }
    common_options_end(&options, drivers_name, argc - optind, 0);
    return session_run(drivers_name, drivers_list, &options);
}
