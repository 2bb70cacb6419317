/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_verify.c: xl snapshot-verify: would a revert work?
 * libxl_domain_snapshot_verify() looks, by the code of the revert itself.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "xl_json.h"
#include "xl_output.h"
#include "xl_session.h"
#include "xl_utils.h"

struct verify_options {
    struct common_options common;
    const char *domain, *snapshot;
};

static const char verify_name[] = "snapshot-verify";

static const struct option verify_longopts[] = {
    LONG_OPT_ACCEPT_CONFIG,
    LONG_OPT_DIRECTORY,
    LONG_OPT_DOMAIN_CONFIG,
    LONG_OPT_SKIP_UNSUPPORTED,
    LONG_OPT_TRUST_FOLDERS,
    SNAPSHOT_LONG_OPTS
};

static void verify_parse_options(int argc, char **argv,
                                 struct verify_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "d:v", verify_longopts, verify_name, 1) {
    default:
        common_option(&o->common, opt);
    }
    common_options_end(&o->common, verify_name, argc - optind, 2);
    if (argc - optind == 2) o->domain = argv[optind];
    o->snapshot = argv[argc - 1];
}

static void verify_print_json(const libxl_domain_snapshot *snap,
                              const libxl_domain_snapshot_verification *v,
                              bool good)
{
    struct json *j = json_begin();
    int i;

    json_open_object(j, NULL);
    json_str(j, "name", snap->name);
    json_str(j, "domain", snap->domain_name);
    json_bool(j, "good", good);
    json_open_array(j, "items");
    for (i = 0; i < v->num_items; i++) {
        const libxl_snapshot_verified_item *item = &v->items[i];

        json_open_object(j, NULL);
        json_str(j, "what", item->what);
        json_str(j, "path", item->path);
        json_bool(j, "good", !item->error);
        json_str(j, "error", item->error);
        if (item->unprotected) json_bool(j, "unprotected", true);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
    json_print(j);
}

static void verify_print_text(const libxl_domain_snapshot_verification *v)
{
    int i;

    for (i = 0; i < v->num_items; i++) {
        const libxl_snapshot_verified_item *item = &v->items[i];

        const char *what = item->error ? item->error : item->path;

        print_line("%-15s  %s%s%s%s", item->what,
                   item->error ? "BAD " : "good", what ? "  " : "",
                   what ? what : "",
                   item->unprotected ? " (not protected: root can write "
                                       "to this base; chattr +i, if its "
                                       "file system has that)" : "");
    }
}

/* Warn of what a revert would leave. */
static void verify_warn(const struct session *s, const char *domain,
                        const libxl_domain_snapshot_verification *v)
{
    struct chain_length *chains = xcalloc(v->num_items, sizeof(*chains));
    int i, num = 0;

    for (i = 0; i < v->num_items; i++)
        if (v->items[i].vdev && v->items[i].num_images)
            chains[num++] = (struct chain_length){
                .vdev = v->items[i].vdev,
                .num_images = v->items[i].num_images,
            };
    chains_warn(s, domain, chains, num);
    free(chains);
}

static int verify_snapshot(const struct session *s, const void *options)
{
    const struct verify_options *o = options;
    libxl_domain_snapshot_verification found;
    struct revert_request request;
    int r = -1;

    libxl_domain_snapshot_verification_init(&found);
    if (revert_request_read(s, o->snapshot, o->domain, &o->common,
                            &request))
        goto out;
    r = libxl_domain_snapshot_verify(s->sc, &request.snap, &request.params,
                                     &found);
    if (o->common.json)
        verify_print_json(&request.snap, &found, !r);
    else
        verify_print_text(&found);
    verify_warn(s, request.snap.domain_name, &found);
    if (r) session_library_error(s);
 out:
    revert_request_dispose(&request);
    libxl_domain_snapshot_verification_dispose(&found);
    return r;
}

int main_snapshot_verify(int argc, char **argv)
{
    struct verify_options options = { .domain = NULL };

    verify_parse_options(argc, argv, &options);
    return session_run(verify_name, verify_snapshot, &options);
}
