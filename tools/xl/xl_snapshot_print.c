/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_print.c: the results of create, revert and delete, for
 * people and as JSON.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "xl_config.h"
#include "xl_json.h"
#include "xl_output.h"
#include "xl_snapshot_layers.h"
#include "xl_utils.h"

static bool print_is_external(const libxl_disk_snapshot *ds)
{
    return ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL;
}

static bool print_is_hooks(const libxl_disk_snapshot *ds)
{
    return ds->driver && !strncmp(ds->driver, "hook/", 5);
}

static bool print_is_tag(const libxl_disk_snapshot *ds)
{
    return !print_is_external(ds) && !strcmp(ds->driver, "qcow2-internal");
}

/*-- JSON ---------------------------------------------------------------*/

static void print_json_image(struct json *j, const char *key,
                             const libxl_device_disk *disk)
{
    json_open_object(j, key);
    json_str(j, "path", disk->pdev_path);
    json_str(j, "format", libxl_disk_format_to_string(disk->format));
    json_close_object(j);
}

static void print_json_disk(struct json *j, const libxl_disk_snapshot *ds)
{
    char *spec;

    json_open_object(j, NULL);
    json_str(j, "vdev", ds->vdev);
    json_str(j, "mode", libxl_snapshot_mode_to_string(ds->mode));
    json_str(j, "driver", ds->driver);
    print_json_image(j, "parent", &ds->parent);
    if (disk_is_moved(ds)) {
        print_json_image(j, "child", &ds->child);
        spec = libxl_snapshot_disk_spec(&ds->child);
        json_str(j, "xl_cfg", spec);
        free(spec);
    }
    json_close_object(j);
}

static void print_json_update(struct json *j,
                              const struct config_update *u)
{
    int i;

    if (!u->file) return;
    json_open_object(j, "update_config");
    json_str(j, "path", u->path);
    json_bool(j, "done", u->done);
    json_open_array(j, "lines");
    for (i = 0; i < u->num; i++) {
        const struct config_edit *edit = &u->edits[i];

        json_open_object(j, NULL);
        json_u64(j, "line", edit->line);
        json_str(j, "vdev", edit->vdev);
        json_str(j, "path", edit->to);
        json_str(j, "format", libxl_disk_format_to_string(edit->format));
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static void print_json_domain(struct json *j,
                              const libxl_domain_snapshot_result *result)
{
    const libxl_domain_snapshot *snap = &result->snapshot;
    char *uuid;

    xasprintf(&uuid, LIBXL_UUID_FMT, LIBXL_UUID_BYTES(snap->domain_uuid));
    json_str(j, "domain", snap->domain_name);
    json_str(j, "uuid", uuid);
    json_str(j, "type", libxl_domain_type_to_string(snap->domain_type));
    if (result->domid != (uint32_t)INVALID_DOMID)
        json_u64(j, "domid", result->domid);
    free(uuid);
}

static void print_json(const libxl_domain_snapshot_result *result,
                       const char *config_path, const char *kept,
                       const struct config_update *u, bool dry_run)
{
    const libxl_domain_snapshot *snap = &result->snapshot;
    struct json *j = json_begin();
    int i;

    json_open_object(j, NULL);
    json_str(j, "name", snap->name);
    json_str(j, "description", snap->description);
    print_json_domain(j, result);
    json_u64(j, "creation_time", snap->creation_time);
    json_str(j, "config", config_path);
    json_str(j, "kept", kept);
    json_str(j, "memory", snap->memory_path);
    json_str(j, "consistency", snap->consistency);
    json_str(j, "domain_config", snap->domain_config_path);
    json_open_array(j, "disks");
    for (i = 0; i < snap->num_disks; i++)
        print_json_disk(j, &snap->disks[i]);
    json_close_array(j);
    if (snap->num_skipped)
        json_strings(j, "skipped", snap->skipped, snap->num_skipped);
    if (result->num_accepted)
        json_strings(j, "accepted", result->accepted,
                     result->num_accepted);
    if (result->num_unprotected)
        json_strings(j, "unprotected", result->unprotected,
                     result->num_unprotected);
    print_json_update(j, u);
    if (result->downtime_us)
        json_u64(j, "downtime_us", result->downtime_us);
    if (dry_run)
        json_text(j, "plan", result->plan_json);
    else
        json_u64(j, "total_us", result->total_us);
    json_close_object(j);
    json_print(j);
}

/*-- text ---------------------------------------------------------------*/

void print_unprotected(print_function *print, char *const *bases, int num)
{
    int i;

    for (i = 0; i < num; i++)
        print("Root, and so xl and QEMU, can still write to the base %s, "
              "which cannot be made immutable where it is. That would "
              "ruin the snapshot and the overlay: see that no xl.cfg "
              "names it.", bases[i]);
}

/* Print which line of the user's xl.cfg names which new image. */
static void print_update(const struct config_update *u,
                         const char *heading)
{
    int i;

    if (!u->file || !u->num) return;
    print_line("%s %s:", heading, u->path);
    for (i = 0; i < u->num; i++)
        print_line("    line %d: %s is %s (%s)", u->edits[i].line,
                   u->edits[i].vdev, u->edits[i].to,
                   libxl_disk_format_to_string(u->edits[i].format));
}

/* What --accept-config took, of which nobody was asked one by one. */
static void print_accepted(const libxl_domain_snapshot_result *result)
{
    int i;

    for (i = 0; i < result->num_accepted; i++)
        print_line("  accepted  in the snapshot's config %s",
                   result->accepted[i]);
}

static void print_plan(const libxl_domain_snapshot_result *result,
                       const struct config_update *u)
{
    int i;

    for (i = 0; i < result->num_steps; i++)
        print_line("%3d. %s", i + 1, result->steps[i]);
    print_accepted(result);
    print_update(u, "Then these lines would be written into");
    print_line("Nothing was changed.");
}

void print_new_disk(const char *spec, bool first)
{
    char *literal = spec_literal(spec);

    if (first)
        print_line("The domain has new disks. For the next xl create, "
                   "write into its xl.cfg:");
    print_line("    %s,", literal);
    free(literal);
}

static void print_new_disks(const libxl_domain_snapshot *snap,
                            const struct config_update *u)
{
    bool first = true;
    char *spec;
    int i;

    if (u->done) {
        print_update(u, "The domain has new disks, written into");
        return;
    }
    for (i = 0; i < snap->num_disks; i++) {
        if (!disk_is_moved(&snap->disks[i])) continue;
        spec = libxl_snapshot_disk_spec(&snap->disks[i].child);
        print_new_disk(spec, first);
        free(spec);
        first = false;
    }
}

static void print_memory(const char *path)
{
    struct stat st;

    if (!path) return;
    if (stat(path, &st))
        print_line("  memory  %s", path);
    else
        print_line("  memory  %s (%llu MiB)", path,
                   (unsigned long long)st.st_size >> 20);
}

static const char *print_frozen(const libxl_domain_snapshot_result *result,
                                const char *base)
{
    int i;

    for (i = 0; i < result->num_unprotected; i++)
        if (!strcmp(result->unprotected[i], base)) return "not protected";
    return "frozen";
}

static void print_created_disk(const libxl_domain_snapshot_result *result,
                               const libxl_disk_snapshot *ds)
{
    const libxl_domain_snapshot *snap = &result->snapshot;
    const char *path = ds->parent.pdev_path;

    if (print_is_external(ds))
        print_line("  %-6s  external: base %s (%s), overlay %s", ds->vdev,
                   path, print_frozen(result, path), ds->child.pdev_path);
    else if (print_is_hooks(ds))
        print_line("  %-6s  internal: by %s, of %s", ds->vdev, ds->driver,
                   path);
    else if (print_is_tag(ds))
        print_line("  %-6s  internal: tag %s in %s", ds->vdev, snap->name,
                   path);
    else
        print_line("  %-6s  internal: %s (%s)", ds->vdev, path,
                   ds->driver);
}

/* A revert asks for the word on the same things again. */
static void print_revert_command(const libxl_domain_snapshot *snap,
                                 const char *config_path,
                                 const struct common_options *o)
{
    char *domain = libxl_snapshot_operand(snap->domain_name);
    char *which = libxl_snapshot_operand(
        snapshot_is_in_default_place(snap, config_path) ? snap->name
                                                        : config_path);

    print_line("Revert with: xl snapshot-revert%s%s %s %s",
               snap->num_skipped ? " --skip-unsupported" : "",
               o->trust_folders ? " --trust-folders" : "", domain, which);
    free(domain);
    free(which);
}

/* Whether a domain that is off was shut down or destroyed nobody knows. */
static const char *print_consistency(const char *word)
{
    if (!strcmp(word, "clean")) return "clean";
    if (!strcmp(word, "off")) return "as the domain left them";
    return "as after a power cut (crash-consistent)";
}

static void print_created_text(const libxl_domain_snapshot_result *result,
                               const char *config_path,
                               const struct config_update *u,
                               const struct common_options *o)
{
    const libxl_domain_snapshot *snap = &result->snapshot;
    int i;

    print_line("Snapshot %s of domain %s", snap->name, snap->domain_name);
    print_line("  config  %s", config_path);
    print_memory(snap->memory_path);
    if (snap->consistency)
        print_line("  disks only, %s",
                   print_consistency(snap->consistency));
    for (i = 0; i < snap->num_disks; i++)
        print_created_disk(result, &snap->disks[i]);
    for (i = 0; i < snap->num_skipped; i++)
        print_line("  %-6s  left out: no snapshot can be taken of it",
                   snap->skipped[i]);
    print_unprotected(print_line, result->unprotected,
                      result->num_unprotected);
    if (snap->consistency && !snap->domain_config_path)
        print_line("A revert will need the domain's xl.cfg "
                   "(--domain-config).");
    if (result->downtime_us)
        print_line("The guest stood still for %.2f s.",
                   result->downtime_us / 1e6);
    print_new_disks(snap, u);
    print_revert_command(snap, config_path, o);
}

static void print_reverted_disk(const libxl_domain_snapshot *snap,
                                const libxl_disk_snapshot *ds)
{
    const char *parent = ds->parent.pdev_path;

    if (print_is_external(ds))
        print_line("  %-6s  new overlay %s on %s", ds->vdev,
                   ds->child.pdev_path, parent);
    else if (print_is_hooks(ds))
        print_line("  %-6s  %s brought back by %s", ds->vdev, parent,
                   ds->driver);
    else if (print_is_tag(ds))
        print_line("  %-6s  tag %s applied in %s", ds->vdev, snap->name,
                   parent);
    else
        print_line("  %-6s  %s%s, as in %s", ds->vdev,
                   libxl_disk_snapshot_moves(ds) ? "new volume " : "",
                   ds->child.pdev_path, parent);
}

static void print_reverted_text(const libxl_domain_snapshot_result *result,
                                const char *kept,
                                const struct config_update *u)
{
    const libxl_domain_snapshot *snap = &result->snapshot;
    int i;

    print_line("Domain %s is back at snapshot %s, as domid %u",
               snap->domain_name, snap->name, result->domid);
    if (kept) print_line("  snapshot of the state before: %s", kept);
    print_accepted(result);
    for (i = 0; i < snap->num_disks; i++)
        print_reverted_disk(snap, &snap->disks[i]);
    for (i = 0; i < snap->num_skipped; i++)
        print_line("  %-6s  unchanged: the snapshot left it out",
                   snap->skipped[i]);
    print_new_disks(snap, u);
}

void print_created(const libxl_domain_snapshot_result *result,
                   const char *config_path, const struct config_update *u,
                   const struct common_options *o)
{
    if (o->json)
        print_json(result, config_path, NULL, u, o->dry_run);
    else if (o->dry_run)
        print_plan(result, u);
    else
        print_created_text(result, config_path, u, o);
}

void print_reverted(const libxl_domain_snapshot_result *result,
                    const char *kept, const struct config_update *u,
                    const struct common_options *o)
{
    if (o->json)
        print_json(result, NULL, kept, u, o->dry_run);
    else if (o->dry_run)
        print_plan(result, u);
    else
        print_reverted_text(result, kept, u);
}

static void print_deleted_json(const libxl_domain_snapshot_result *result,
                               const libxl_domain_snapshot *snap,
                               const char *config_path,
                               const struct layers *layers, bool dry_run)
{
    struct json *j = json_begin();

    json_open_object(j, NULL);
    json_str(j, "name", snap->name);
    json_str(j, "domain", snap->domain_name);
    json_str(j, "config", config_path);
    json_str(j, "left", result->left);
    if (layers->num) print_layers_json(j, layers, dry_run);
    if (dry_run)
        json_text(j, "plan", result->plan_json);
    else
        json_u64(j, "total_us", result->total_us);
    json_close_object(j);
    json_print(j);
}

void print_deleted(const libxl_domain_snapshot_result *result,
                   const libxl_domain_snapshot *snap,
                   const char *config_path, const struct layers *layers,
                   const struct common_options *o)
{
    const struct config_update none = { .file = NULL };

    if (o->json) {
        print_deleted_json(result, snap, config_path, layers, o->dry_run);
        return;
    }
    if (o->dry_run) {
        print_layers_plan(layers);
        print_plan(result, &none);
    } else {
        print_layers_done(layers);
        print_line("Snapshot %s of domain %s is deleted", snap->name,
                   snap->domain_name);
    }
    if (result->left) print_line("Left: %s.", result->left);
}
