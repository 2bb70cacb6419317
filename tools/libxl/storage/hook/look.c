/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/hook/look.c: asks a hook: if it takes a disk, if it has a snapshot
 * of it, and its version.
 */
#include "storage/hook/hook.h"
#include "storage/lvm/lvm.h"

#include <string.h>

unsigned int snap_hook_can(yajl_val list)
{
    static const struct { const char *word; unsigned int bit; } words[] = {
        { "live", LIBXL_SNAPSHOT_CAN_LIVE },
        { "offline", LIBXL_SNAPSHOT_CAN_OFFLINE },
        { "nested", LIBXL_SNAPSHOT_CAN_NESTED },
    };
    unsigned int can = 0;
    size_t i, j, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;

    for (i = 0; i < len; i++)
        for (j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
            const char *word = YAJL_GET_STRING(list->u.array.values[i]);

            if (word && !strcmp(word, words[j].word)) can |= words[j].bit;
        }
    return can;
}

/* The hook's reason, made fit for a line of a message. */
static const char *hook_answer_why(libxl_snapshot_ctx *sc, yajl_val answer)
{
    const char *why = snap_json_str(answer, "why");

    if (!why || !*why) return "no reason given";
    return snap_plain(sc, snap_sprintf(sc, "%.300s", why));
}

const char *snap_hook_probe(libxl_snapshot_ctx *sc, const char *name,
                            struct snap_disk *disk, const char **failed_r)
{
    struct snap_hook_disk facts = snap_hook_facts(disk, NULL);
    struct snap_hook *hook = snap_zalloc(sc, sizeof(*hook));
    const char *why = NULL;
    yajl_val answer;

    hook->name = name;
    hook->path = snap_hook_path(sc, name);
    if (snap_hook_ask(sc, hook->path, "probe",
                      snap_hook_request(sc, "probe", &facts), &answer)) {
        *failed_r = snap_take_error(sc);
        return *failed_r;
    }
    if (snap_json_bool(answer, "handles")) {
        hook->can = snap_hook_can(snap_json_get(answer, "can"));
        disk->hook = hook;
    } else {
        why = snap_sprintf(sc, "hook %s: %s", name,
                           hook_answer_why(sc, answer));
    }
    yajl_tree_free(answer);
    return why;
}

/*-- one hook ---------------------------------------------------------------*/

int snap_hook_state(libxl_snapshot_ctx *sc, const char *path,
                    const struct snap_hook_disk *disk, bool is_new,
                    bool *exists_r)
{
    const char *hook = strrchr(path, '/') + 1, *state;
    yajl_val answer;
    int rc;

    rc = snap_hook_ask(sc, path, "probe", snap_hook_request(sc, "probe", disk),
                       &answer);
    if (rc) return rc;
    *exists_r = snap_json_bool(answer, "exists");
    state = snap_json_str(answer, "state");
    if (!snap_json_bool(answer, "handles") && !(is_new && *exists_r))
        rc = snap_fail(sc, ERROR_INVAL, "disk %s (%s): hook %s, snapshot %s: "
                       "%s", disk->vdev, disk->path, hook, disk->name,
                       hook_answer_why(sc, answer));
    else
        snap_log(sc, XTL_VERBOSE, "disk %s: hook %s keeps snapshot %s in %s",
                 disk->vdev, hook, disk->name, state ? state : "a place of "
                 "its own");
    yajl_tree_free(answer);
    return rc;
}

int snap_hook_check_new(libxl_snapshot_ctx *sc, const char *path,
                        const char *request)
{
    yajl_val obj = snap_json_parse(request);
    const struct snap_hook_disk disk = {
        .name = snap_json_dup(sc, obj, "name"),
        .vdev = snap_json_dup(sc, obj, "vdev"),
        .path = snap_json_dup(sc, obj, "path"),
        .format = snap_json_dup(sc, obj, "format"),
        .backend = snap_json_dup(sc, obj, "backend"),
        .running = snap_json_bool(obj, "running"),
        .created = snap_json_u64(obj, "created"),
    };
    bool exists;
    int rc;

    yajl_tree_free(obj);
    rc = snap_hook_state(sc, path, &disk, true, &exists);
    if (rc || !exists) return rc;
    return snap_fail(sc, ERROR_FAIL, "disk %s: hook %s has a snapshot '%s' "
                     "of %s by now, which is somebody else's", disk.vdev,
                     strrchr(path, '/') + 1, disk.name, disk.path);
}

void snap_hook_info(libxl_snapshot_ctx *sc, const char *name,
                    unsigned int *can_r, const char **version_r,
                    const char **problem_r)
{
    struct snap_hook_disk none = { .name = NULL };
    yajl_val answer;

    *can_r = 0;
    *version_r = *problem_r = NULL;
    if (snap_hook_ask(sc, snap_hook_path(sc, name), "info",
                      snap_hook_request(sc, "info", &none), &answer)) {
        *problem_r = snap_take_error(sc);
        return;
    }
    *can_r = snap_hook_can(snap_json_get(answer, "can"));
    *version_r = snap_plain(sc, snap_json_str(answer, "version"));
    if (snap_json_get(answer, "why")) *problem_r = hook_answer_why(sc, answer);
    else if (!*can_r) *problem_r = "its answer does not say what it can do";
    yajl_tree_free(answer);
}

int snap_hook_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op)
{
    struct snap_hook_disk facts;
    const char *hook;
    int rc;

    op->at_stake = op->image;
    if (op->verb == SNAP_VERB_CREATE) {
        facts = snap_hook_create_facts(op);
        return snap_hook_state(sc, op->disk->hook->path, &facts, true,
                               &op->hook_has_it);
    }
    facts = snap_hook_revert_facts(op);
    hook = snap_hook_path(sc, snap_hook_name(op->ds->driver));
    if (op->verb == SNAP_VERB_DELETE)
        return snap_hook_state(sc, hook, &facts, true, &op->hook_has_it);
    rc = snap_lv_gather(sc, op->image, &op->lv);
    if (rc) return rc;
    /* an inactive volume has no device */
    if (op->lv && !snap_file_exists(op->image)) op->at_stake = NULL;
    op->is_frozen = op->lv ? snap_lv_is_read_only(op->lv)
                           : snap_file_is_frozen(op->image);
    if (op->is_frozen) return 0;
    return snap_hook_state(sc, hook, &facts, false, &op->hook_has_it);
}
