/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run-plan.c: what create does to the disks, against any QEMU: the real
 * graph, drivers, plan, engine and QMP client, without Xen around them.
 *
 *   run-plan QMP-SOCKET NAME [--break|--then PROGRAM] DISK...
 *     DISK  VDEV:NODE:PATH:OVERLAY    external
 *           VDEV:NODE:PATH            internal
 *     --break  one more action in the transaction, which fails
 *     --then   run PROGRAM before the transaction
 *   run-plan --revert NAME FORMAT PATH [OVERLAY]
 *   run-plan --remove-tag QMP-SOCKET NODE NAME [MADE]
 *     as a recovery: the tag that is there, or the one that is MADE
 *   run-plan --chain FORMAT PATH    its layers, a line each
 *   run-plan --qmp QMP-SOCKET COMMAND [ARGUMENTS]
 *   run-plan --print QMP-SOCKET COMMAND   the ids, or files, that it lists
 *   run-plan --nodes QMP-SOCKET
 *
 * NODE is the disk's node in QEMU; ":" does not occur in what tests pass.
 * Prints the error, if any; exits 0 done, 1 failed and unwound, 3 failed
 * behind the commit point.
 */
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DISKS 8
#define VERB(op) (&(op)->driver->verbs[(op)->verb])

static libxl_snapshot_ctx *sc;
static struct snap_domain dom;
static libxl_device_disk stored[MAX_DISKS];
static struct snap_disk_op ops[MAX_DISKS];
static int num_ops;

static void check(int rc)
{
    if (!rc) return;
    fprintf(stderr, "%s\n", libxl_snapshot_ctx_error(sc));
    exit(1);
}

/* By QEMU's name of it. */
static libxl_disk_format format_of(const char *qemus)
{
    libxl_disk_format format = LIBXL_DISK_FORMAT_UNKNOWN;

    libxl_disk_format_from_string(strcmp(qemus, "vpc") ? qemus : "vhd",
                                  &format);
    return format;
}

/* A node is called VDEV-FORMAT (lib.sh). */
static void add_disk(char *spec, const char *name)
{
    struct snap_disk *disk = &dom.disks[num_ops];
    struct snap_disk_op *op = &ops[num_ops];

    disk->vdev = strtok(spec, ":");
    disk->node = strtok(NULL, ":");
    disk->path = strtok(NULL, ":");
    stored[num_ops].format = format_of(strrchr(disk->node, '-') + 1);
    disk->stored = &stored[num_ops];
    disk->backend = SNAP_BACKEND_QDISK;
    op->path = strtok(NULL, ":");
    op->name = name;
    op->node = snap_sprintf(sc, "%s-s1", disk->vdev);
    op->driver = op->path ? &snap_driver_overlay : &snap_driver_internal;
    op->disk = disk;
    op->vdev = disk->vdev;
    op->image = disk->path;
    op->format = disk->stored->format;
    dom.num_disks = ++num_ops;
}

/* For the tests' own use: one command; the names of all nodes. */
static int command(const char *socket, const char *name, const char *args,
                   bool print_nodes)
{
    struct snap_qmp *qmp;
    yajl_val reply, list;
    size_t i;

    check(snap_qmp_open_path(sc, socket, &qmp));
    check(snap_qmp_execute(sc, qmp, name, args, &reply));
    list = snap_json_get(reply, "return");
    for (i = 0; print_nodes && i < list->u.array.len; i++)
        puts(snap_json_str(list->u.array.values[i], "node-name"));
    yajl_tree_free(reply);
    snap_qmp_close(qmp);
    return 0;
}

static int print_reply(const char *socket, const char *name)
{
    struct snap_qmp *qmp;
    yajl_val reply, list;
    size_t i;

    check(snap_qmp_open_path(sc, socket, &qmp));
    check(snap_qmp_list(sc, qmp, name, NULL, SNAP_QEMU_THINGS_MAX, &reply,
                        &list));
    for (i = 0; i < list->u.array.len; i++) {
        yajl_val of = list->u.array.values[i];
        const char *id = snap_json_str(of, "id");
        const char *file = snap_json_str(snap_json_get(of, "inserted"),
                                         "file");

        puts(id ? id : file ? file : "?");
    }
    yajl_tree_free(reply);
    snap_qmp_close(qmp);
    return 0;
}

/* query-block lists devices, and this QEMU has none: ask for the node,
 * whose description has the same members. */
static void gather(const char *socket)
{
    struct snap_qemu_device devices[MAX_DISKS];
    struct snap_qmp *qmp;
    yajl_val reply, list;
    size_t i;
    int d, num = 0;

    check(snap_qmp_open_path(sc, socket, &qmp));
    check(snap_qmp_execute(sc, qmp, "query-named-block-nodes", NULL, &reply));
    list = snap_json_get(reply, "return");
    for (i = 0; i < list->u.array.len; i++) {
        yajl_val node = list->u.array.values[i];

        for (d = 0; d < num_ops; d++)
            if (!strcmp(snap_json_str(node, "node-name"), dom.disks[d].node))
                devices[num++] = (struct snap_qemu_device){
                    dom.disks[d].vdev, node };
    }
    for (d = 0; d < num_ops; d++) dom.disks[d].node = NULL;
    check(snap_domain_apply_graph(sc, &dom, devices, num));
    yajl_tree_free(reply);
    snap_qmp_close(qmp);
    for (d = 0; d < num_ops; d++) {
        const char *why = ops[d].driver->refuse(sc, &dom.disks[d]);

        if (!why) continue;
        fprintf(stderr, "disk %s: %s\n", dom.disks[d].vdev, why);
        exit(1);
    }
}

static struct snap_plan make_plan(bool broken, const char *then)
{
    const char *actions[MAX_DISKS + 1];
    struct snap_plan plan = { 0 };
    struct snap_step *step;
    int i;

    snap_drivers_prepare(sc, &plan, ops, num_ops);
    if (then) snap_plan_exec(sc, &plan, "the test", snap_argv(sc, then, NULL));
    for (i = 0; i < num_ops; i++)
        actions[i] = VERB(&ops[i])->action(sc, &ops[i]);
    if (broken)
        actions[i++] = "{\"type\":\"blockdev-snapshot\",\"data\":"
            "{\"node\":\"no-such-node\",\"overlay\":\"nor-this\"}}";
    step = snap_plan_add(sc, &plan, SNAP_STEP_QMP, "the transaction");
    step->command = "transaction";
    step->arguments = snap_json_object(
        sc, "j:actions", snap_json_array(sc, actions, i), NULL);
    step->commit_point = true;
    return plan;
}

static int run(const char *socket, const struct snap_plan *plan)
{
    struct snap_run the_run = { .qmp_path = socket, .domain_name = "vm" };
    int rc = snap_run_plan(sc, &the_run, plan);

    if (rc) fprintf(stderr, "%s\n", libxl_snapshot_ctx_error(sc));
    return !rc ? 0 : the_run.committed ? 3 : 1;
}

static int revert(const char *name, const char *format, char *path,
                  const char *overlay)
{
    libxl_disk_snapshot ds = {
        .vdev = (char *)"xvda",
        .mode = overlay ? LIBXL_SNAPSHOT_MODE_EXTERNAL
                        : LIBXL_SNAPSHOT_MODE_INTERNAL,
    };
    struct snap_disk_op op = {
        .verb = SNAP_VERB_REVERT, .vdev = ds.vdev, .ds = &ds, .name = name,
        .image = path, .path = overlay,
    };
    struct snap_plan plan = { 0 };

    ds.parent.pdev_path = path;
    ds.parent.format = format_of(format);
    check(snap_driver_of(sc, &ds, &op.driver));
    op.format = ds.parent.format;
    check(op.driver->look(sc, &op));
    check(VERB(&op)->check(sc, &op));
    snap_drivers_prepare(sc, &plan, &op, 1);
    if (VERB(&op)->act) VERB(&op)->act(sc, &plan, &op);
    return run(NULL, &plan);
}

static int remove_tag(const char *socket, const char *node,
                      const char *name, const char *made)
{
    const char *action = snap_json_object(
        sc, "s:type", "blockdev-snapshot-internal-sync", "j:data",
        snap_json_object(sc, "s:device", node, "s:name", name, NULL), NULL);
    struct snap_plan plan = { 0 };
    struct snap_transaction t;
    struct snap_step *step;
    struct snap_qmp *qmp;

    check(snap_qmp_open_path(sc, socket, &qmp));
    check(snap_transaction_look(
        sc, qmp, snap_json_object(sc, "j:actions",
                                  snap_json_array(sc, &action, 1), NULL),
        &t));
    snap_qmp_close(qmp);
    if (t.num_tags != 1 || !t.tags[0].made) return 2;
    step = snap_plan_add(sc, &plan, SNAP_STEP_REMOVE_TAG, "remove the tag");
    step->path = "";
    step->command = node;
    step->content = name;
    step->made = made ? made : t.tags[0].made;
    return run(socket, &plan);
}

static int print_chain(const char *format, const char *path)
{
    struct snap_chain chain;
    int i;

    check(snap_image_look(sc, path, format, &chain));
    for (i = 0; i < chain.num_layers; i++)
        printf("%s %s %d\n", chain.layers[i].path, chain.layers[i].format,
               chain.layers[i].num_tags);
    return 0;
}

int main(int argc, char **argv)
{
    const char *then = NULL;
    bool broken = false;
    struct snap_plan plan;
    int i, status;

    if (argc < 3 || libxl_snapshot_ctx_alloc(&sc, NULL, NULL)) return 2;
    if (!strcmp(argv[1], "--nodes"))
        return command(argv[2], "query-named-block-nodes", NULL, true);
    if (argc < 4) return 2;
    if (!strcmp(argv[1], "--qmp"))
        return command(argv[2], argv[3], argc > 4 ? argv[4] : NULL, false);
    if (!strcmp(argv[1], "--print")) return print_reply(argv[2], argv[3]);
    if (!strcmp(argv[1], "--remove-tag") && argc > 4)
        return remove_tag(argv[2], argv[3], argv[4],
                          argc > 5 ? argv[5] : NULL);
    if (!strcmp(argv[1], "--chain")) return print_chain(argv[2], argv[3]);
    if (argc < 5 && argv[1][0] == '-') return 2;
    if (!strcmp(argv[1], "--revert"))
        return revert(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : NULL);

    sc->wait_ms[SNAP_WAIT_QMP_GREETING] = 5000;
    sc->wait_ms[SNAP_WAIT_QMP_REPLY] = 5000;
    dom.disks = snap_zalloc(sc, MAX_DISKS * sizeof(*dom.disks));
    for (i = 3; i < argc && num_ops < MAX_DISKS; i++) {
        if (!strcmp(argv[i], "--break")) broken = true;
        else if (!strcmp(argv[i], "--then")) then = argv[++i];
        else add_disk(argv[i], argv[2]);
    }
    gather(argv[1]);
    plan = make_plan(broken, then);
    status = run(argv[1], &plan);
    libxl_snapshot_ctx_free(sc);
    return status;
}
