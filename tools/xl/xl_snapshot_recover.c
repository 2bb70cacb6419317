/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_recover.c: xl snapshot-recover: end operations that a kill
 * or a power cut has cut off.  libxl_snapshot_recover() does the work.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "xl_json.h"
#include "xl_output.h"
#include "xl_session.h"
#include "xl_utils.h"

struct recover_options {
    struct common_options common;
    const char *domain;         /* NULL: all */
    bool all;
    bool lose_writes, take_over, abandon;
};

enum {
    OPT_ALL = OPT_OF_COMMAND, OPT_LOSE_WRITES, OPT_TAKE_OVER, OPT_ABANDON
};

static const char recover_name[] = "snapshot-recover";

static const struct option recover_longopts[] = {
    {"all", 0, 0, OPT_ALL},
    {"lose-writes", 0, 0, OPT_LOSE_WRITES},
    {"take-over", 0, 0, OPT_TAKE_OVER},
    {"abandon", 0, 0, OPT_ABANDON},
    LONG_OPT_DRY_RUN,
    SNAPSHOT_LONG_OPTS
};

static void recover_parse_options(int argc, char **argv,
                                  struct recover_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "Nv", recover_longopts, recover_name, 0) {
    case OPT_ALL:
        o->all = true;
        break;
    case OPT_LOSE_WRITES:
        o->lose_writes = true;
        break;
    case OPT_TAKE_OVER:
        o->take_over = true;
        break;
    case OPT_ABANDON:
        o->abandon = true;
        break;
    default:
        common_option(&o->common, opt);
    }
    if (argc - optind + o->all != 1)
        usage_error(recover_name, "name one domain, or use --all; see xl "
                    "snapshot-recover --help");
    if ((o->lose_writes || o->take_over) + o->abandon + o->all > 1)
        usage_error(recover_name, "--lose-writes, --take-over and "
                    "--abandon are for one domain, by its name, not with "
                    "--all; --abandon not with the others");
    common_options_end(&o->common, recover_name, argc - optind, 1);
    o->domain = o->all ? NULL : argv[optind];
}

/*-- what was found -----------------------------------------------------*/

static const char *recover_to_be(const libxl_snapshot_recovery *found)
{
    if (found->host || found->unknown) return NULL;
    return found->forward ? "completed" : "undone";
}

static void recover_print_json(struct json *j,
                               const libxl_snapshot_recovery *found,
                               const char *to_be, const char *error)
{
    json_open_object(j, NULL);
    json_str(j, "domain", found->domain);
    json_str(j, "operation", found->operation);
    json_str(j, "snapshot", found->snapshot);
    json_str(j, "journal", found->journal);
    if (found->began) json_u64(j, "began", found->began);
    json_str(j, "state", found->state);
    json_str(j, "host", found->host);
    json_str(j, "to_be", to_be);
    json_strings(j, "done", found->done, found->num_done);
    json_strings(j, "steps", found->steps, found->num_steps);
    if (found->num_given_up)
        json_strings(j, "given_up", found->given_up, found->num_given_up);
    json_strings(j, "xl_cfg", found->disks, found->num_disks);
    if (found->num_unprotected)
        json_strings(j, "unprotected", found->unprotected,
                     found->num_unprotected);
    json_str(j, "left", found->left);
    json_str(j, "error", error);
    json_close_object(j);
}

static void recover_print_text(const libxl_snapshot_recovery *found,
                               bool dry_run, bool failed)
{
    time_t began = found->began;
    char when[32];
    int i;

    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime(&began));
    print_line("Domain %s, %s: %s.", found->domain, when, found->state);
    if (dry_run || found->refused) {
        for (i = 0; i < found->num_done; i++)
            print_line("  was done: %s", found->done[i]);
        for (i = 0; i < found->num_steps; i++)
            print_line("  %2d. %s", i + 1, found->steps[i]);
        /* a refusal may have made the disks unwritable */
        if (dry_run) print_line("Nothing was changed.");
        else if (found->num_steps)
            print_line("None of the numbered steps was done.");
        return;
    }
    if (failed) return;
    print_line("%s", found->forward ? "Completed." : "Undone.");
    for (i = 0; i < found->num_disks; i++)
        print_new_disk(found->disks[i], !i);
    print_unprotected(print_line, found->unprotected,
                      found->num_unprotected);
    if (found->left) print_line("Left: %s.", found->left);
}

/*-- the command --------------------------------------------------------*/

/* With --all, the operations of other hosts are told of, and no more. */
static int recover_one(const struct session *s,
                       const struct recover_options *o,
                       const char *journal, struct json *j)
{
    const libxl_snapshot_recover_params params = {
        .dry_run = o->common.dry_run, .lose_writes = o->lose_writes,
        .take_over = o->take_over, .xl_path = xl_path(),
    };
    libxl_snapshot_recovery found;
    const char *error = NULL;
    bool told;
    int r;

    libxl_snapshot_recovery_init(&found);
    r = libxl_snapshot_recover(s->sc, journal, &params, &found);
    told = o->all && found.host;
    if (r && !told) error = libxl_snapshot_ctx_error(s->sc);
    if (j)
        recover_print_json(j, &found, recover_to_be(&found), error);
    else if (found.state)
        recover_print_text(&found, params.dry_run, r);
    if (error) session_library_error(s);
    libxl_snapshot_recovery_dispose(&found);
    return told ? 0 : r;
}

static void recover_print_abandoned(const libxl_snapshot_recovery *found,
                                    bool dry_run)
{
    int i;

    print_line("Domain %s: %s.", found->domain, found->state);
    for (i = 0; i < found->num_steps; i++)
        print_line("  %s %s", dry_run ? "to do:   " : "done:    ",
                   found->steps[i]);
    for (i = 0; i < found->num_given_up; i++)
        print_line("  not done: %s", found->given_up[i]);
    for (i = 0; i < found->num_disks; i++)
        print_new_disk(found->disks[i], !i);
    if (found->left) print_line("Left: %s.", found->left);
    if (dry_run) print_line("Nothing was changed.");
    else print_line("Abandoned. The record of it is %s", found->journal);
}

static int recover_abandon(const struct session *s,
                           const struct recover_options *o)
{
    struct json *j = o->common.json ? json_begin() : NULL;
    libxl_snapshot_recovery found;
    int r;

    libxl_snapshot_recovery_init(&found);
    r = libxl_snapshot_abandon(s->sc, o->domain, o->common.dry_run,
                               &found);
    if (r) session_library_error(s);
    if (j) {
        json_open_array(j, NULL);
        if (found.domain)
            recover_print_json(j, &found,
                               found.refused ? NULL : "abandoned",
                               r ? libxl_snapshot_ctx_error(s->sc) : NULL);
        json_close_array(j);
        json_print(j);
    } else if (!r && found.domain) {
        recover_print_abandoned(&found, o->common.dry_run);
    } else if (!r) {
        print_line("Nothing to recover of domain %s.", o->domain);
    }
    libxl_snapshot_recovery_dispose(&found);
    return r;
}

static int recover_domains(const struct session *s, const void *options)
{
    const struct recover_options *o = options;
    struct json *j;
    char **journals;
    int i, num, r;

    if (o->abandon) return recover_abandon(s, o);
    j = o->common.json ? json_begin() : NULL;
    r = libxl_snapshot_journal_list(s->sc, o->domain, &journals, &num);
    if (r) session_library_error(s);
    if (j) json_open_array(j, NULL);
    for (i = 0; i < num; i++) {
        if (recover_one(s, o, journals[i], j)) r = -1;
        free(journals[i]);
    }
    free(journals);
    if (j) {
        json_close_array(j);
        json_print(j);
    } else if (!r && !num) {
        print_line("Nothing to recover%s%s.",
                   o->domain ? " of domain " : "",
                   o->domain ? o->domain : "");
    }
    return r;
}

int main_snapshot_recover(int argc, char **argv)
{
    struct recover_options options = { .all = false };

    recover_parse_options(argc, argv, &options);
    return session_run(recover_name, recover_domains, &options);
}
