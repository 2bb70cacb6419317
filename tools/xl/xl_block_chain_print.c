/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_chain_print.c: the images of disks, for people and as JSON.
 *
 * Each image stands on the one above it.  Chains are long, so the disk's
 * own goes straight down; what else stands on one of its images is a
 * branch, which comes right below that:
 *
 *   web.qcow2              frozen
 *   |-- clone.qcow2        writable
 *   web.s1.qcow2           frozen
 *   |-- web.s1.r1.qcow2    leftover
 *   web.s2.qcow2           active
 */
#include "xl_block_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl_json.h"
#include "xl_output.h"
#include "xl_utils.h"

/*-- JSON ---------------------------------------------------------------*/

static void chain_json_need(struct json *j,
                            const libxl_snapshot_need *need)
{
    json_open_object(j, NULL);
    json_str(j, "kind", libxl_snapshot_need_kind_to_string(need->kind));
    json_str(j, "how", libxl_snapshot_need_how_to_string(need->how));
    json_str(j, "name", need->name);
    json_str(j, "domain", need->domain);
    json_str(j, "known", need->known);
    json_close_object(j);
}

static void chain_json_tags(struct json *j,
                            const libxl_snapshot_layer *layer)
{
    int i;

    json_open_array(j, "tags");
    for (i = 0; i < layer->num_tags; i++)
        json_str(j, NULL, layer->tags[i].name);
    json_close_array(j);
}

static void chain_json_image(struct json *j,
                             const libxl_snapshot_tree *tree,
                             const libxl_snapshot_image *image)
{
    int i;

    json_open_object(j, NULL);
    json_str(j, "path", image->layer.path);
    json_str(j, "format", image->layer.format);
    if (image->base >= 0)
        json_str(j, "base", tree->images[image->base].layer.path);
    if (image->virtual_size)
        json_u64(j, "virtual_size", image->virtual_size);
    json_u64(j, "bytes", image->layer.bytes);
    json_bool(j, "exists", image->exists);
    json_bool(j, "layer", image->is_layer);
    json_bool(j, "active", image->is_active);
    json_bool(j, "frozen", image->is_frozen);
    json_bool(j, "leftover", image->is_leftover);
    json_bool(j, "open", image->is_open);
    json_str(j, "users", image->users);
    json_str(j, "problem", image->problem);
    chain_json_tags(j, &image->layer);
    json_open_array(j, "needs");
    for (i = 0; i < image->num_needs; i++)
        chain_json_need(j, &image->needs[i]);
    json_close_array(j);
    json_close_object(j);
}

static void chain_json_disk(struct json *j,
                            const libxl_snapshot_tree *tree)
{
    int i;

    json_open_object(j, NULL);
    json_str(j, "vdev", tree->vdev);
    json_str(j, "path", tree->path);
    json_bool(j, "writable", tree->is_data_disk);
    json_str(j, "problem", tree->problem);
    json_open_array(j, "images");
    for (i = 0; i < tree->num_images; i++)
        chain_json_image(j, tree, &tree->images[i]);
    json_close_array(j);
    json_close_object(j);
}

static bool chain_is_wanted(const libxl_snapshot_tree *tree,
                            const char *vdev)
{
    return !vdev || !strcmp(tree->vdev, vdev);
}

void print_chain_json(const libxl_snapshot_chain *chain, const char *vdev)
{
    struct json *j = json_begin();
    int i;

    json_open_object(j, NULL);
    json_str(j, "domain", chain->domain);
    json_open_array(j, "disks");
    for (i = 0; i < chain->num_disks; i++)
        if (chain_is_wanted(&chain->disks[i], vdev))
            chain_json_disk(j, &chain->disks[i]);
    json_close_array(j);
    json_strings(j, "unknown", chain->unknown, chain->num_unknown);
    json_close_object(j);
    json_print(j);
}

/*-- who needs an image, in words ---------------------------------------*/

/* Strings in one that grows. */
struct words {
    char *text;
    int num;
};

static void words_add(struct words *w, const char *between,
                      const char *word)
{
    char *more;

    xasprintf(&more, "%s%s%s", w->num ? w->text : "",
              w->num ? between : "", word);
    free(w->text);
    w->text = more;
    w->num++;
}

/* More than that of one kind are counted. */
#define NAMES_MAX 4

static bool chain_is_direct(const libxl_snapshot_need *need)
{
    return need->how == LIBXL_SNAPSHOT_NEED_HOW_ACTIVE
        || need->how == LIBXL_SNAPSHOT_NEED_HOW_PARENT;
}

/* True if the need is not told: it is that of an image above, or another
 * one says the same. */
static bool chain_is_told(const libxl_snapshot_image *image, int i)
{
    const libxl_snapshot_need *need = &image->needs[i], *other;
    int k;

    for (k = 0; k < image->num_needs; k++) {
        other = &image->needs[k];
        if (k == i || !chain_is_direct(other) || !other->name
            || !need->name || strcmp(other->name, need->name))
            continue;
        /* a tag has the name of its snapshot */
        if (need->kind == LIBXL_SNAPSHOT_NEED_KIND_TAG
            && other->kind == LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT)
            return true;
        /* a domain, and its xl.cfg; a snapshot config, and a copy of it */
        if (need->kind == other->kind && k < i && need->domain
            && other->domain && !strcmp(need->domain, other->domain))
            return true;
    }
    return false;
}

static char *chain_need_name(const libxl_snapshot_chain *chain,
                             const libxl_snapshot_need *need)
{
    bool is_own = need->domain && !strcmp(need->domain, chain->domain);
    char *name;

    if (need->kind == LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT && need->domain
        && !is_own)
        xasprintf(&name, "%s of %s", need->name, need->domain);
    else if (need->kind == LIBXL_SNAPSHOT_NEED_KIND_DOMAIN && need->known)
        xasprintf(&name, "%s by %s", need->name, need->known);
    else if (need->kind == LIBXL_SNAPSHOT_NEED_KIND_JOURNAL
             || need->kind == LIBXL_SNAPSHOT_NEED_KIND_SAVED)
        name = xstrdup(need->who);
    else
        name = xstrdup(need->name);
    return name;
}

static void chain_add_kind(const libxl_snapshot_chain *chain,
                           const libxl_snapshot_image *image,
                           libxl_snapshot_need_kind kind,
                           const char *word, struct words *all)
{
    struct words names = { .num = 0 };
    int i, more = 0;
    char *text;

    for (i = 0; i < image->num_needs; i++) {
        const libxl_snapshot_need *need = &image->needs[i];

        if (need->kind != kind || !chain_is_direct(need)
            || chain_is_told(image, i))
            continue;
        if (names.num == NAMES_MAX) {
            more++;
            continue;
        }
        text = chain_need_name(chain, need);
        words_add(&names, ", ", text);
        free(text);
    }
    if (!names.num) return;
    if (more)
        xasprintf(&text, "%s%s and %d more", word, names.text, more);
    else
        xasprintf(&text, "%s%s", word, names.text);
    words_add(all, "; ", text);
    free(text);
    free(names.text);
}

/* Who needs it for itself, and who has it open, malloc'd; NULL: nobody. */
static char *chain_needs_text(const libxl_snapshot_chain *chain,
                              const libxl_snapshot_image *image)
{
    static const struct {
        libxl_snapshot_need_kind kind;
        const char *word;
    } kinds[] = {
        { LIBXL_SNAPSHOT_NEED_KIND_DOMAIN, "domain " },
        { LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT, "snapshot " },
        { LIBXL_SNAPSHOT_NEED_KIND_TAG, "tag " },
        { LIBXL_SNAPSHOT_NEED_KIND_SAVED, "" },
        { LIBXL_SNAPSHOT_NEED_KIND_JOURNAL, "" },
    };
    struct words all = { .num = 0 };
    char *text;
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        chain_add_kind(chain, image, kinds[i].kind, kinds[i].word, &all);
    if (image->is_open && !image->is_layer)
        words_add(&all, "; ", "open in the domain's QEMU");
    if (image->users) {
        xasprintf(&text, "open in %s", image->users);
        words_add(&all, "; ", text);
        free(text);
    }
    return all.text;
}

/*-- text ---------------------------------------------------------------*/

struct rows {
    const libxl_snapshot_tree *tree;
    char **names;               /* by image: with its branch before it */
    int *order, num;            /* the images, from top to bottom */
    int width, format_width;
};

/* The name of the image: in the folder of the disk without that. */
static const char *chain_short_path(const libxl_snapshot_tree *tree,
                                    const char *path)
{
    const char *slash = strrchr(tree->path, '/');
    size_t len = slash ? slash - tree->path + 1 : 0;

    return !strncmp(path, tree->path, len) && !strchr(path + len, '/')
        ? path + len : path;
}

static int chain_wider(int width, const char *s)
{
    int len = s ? strlen(s) : 0;

    return len > width ? len : width;
}

/* The last image that stands on @i and goes straight on from it, and what
 * else does are branches; -1: all are. */
static int chain_straight_child(const libxl_snapshot_tree *tree, int i)
{
    int k, last = -1;

    for (k = i + 1; k < tree->num_images; k++)
        if (tree->images[k].base == i) last = k;
    return last >= 0 && tree->images[i].is_layer
        && !tree->images[last].is_layer ? -1 : last;
}

static void chain_add_rows(struct rows *r, int i, const char *branch,
                           const char *before)
{
    const libxl_snapshot_tree *tree = r->tree;
    int straight, k, left;
    char *deeper;

    for (; i >= 0; i = straight, branch = before) {
        xasprintf(&r->names[i], "%s%s", branch,
                  chain_short_path(tree, tree->images[i].layer.path));
        r->order[r->num++] = i;
        r->width = chain_wider(r->width, r->names[i]);
        r->format_width = chain_wider(r->format_width,
                                      tree->images[i].layer.format);
        straight = chain_straight_child(tree, i);
        for (left = 0, k = i + 1; k < tree->num_images; k++)
            if (tree->images[k].base == i && k != straight) left++;
        for (k = i + 1; left && k < tree->num_images; k++) {
            bool is_last;

            if (tree->images[k].base != i || k == straight) continue;
            is_last = !--left && straight < 0;
            xasprintf(&deeper, "%s%s", before, is_last ? "`-- " : "|-- ");
            branch = deeper;
            xasprintf(&deeper, "%s%s", before, is_last ? "    " : "|   ");
            chain_add_rows(r, k, branch, deeper);
            free((char *)branch);
            free(deeper);
        }
    }
}

static const char *chain_state(const libxl_snapshot_image *image)
{
    if (!image->exists) return "missing";
    if (image->problem) return "damaged";
    if (image->is_active) return "active";
    if (image->is_leftover) return "leftover";
    return image->is_frozen ? "frozen" : "writable";
}

static void chain_print_row(const libxl_snapshot_chain *chain,
                            const struct rows *r, int i)
{
    const libxl_snapshot_image *image = &r->tree->images[i];
    char size[SIZE_TEXT], *needs = chain_needs_text(chain, image);

    print_line("%-*s  %-*s  %10s  %-8s  %s", r->width, r->names[i],
               r->format_width,
               image->layer.format ? image->layer.format : "-",
               image->exists ? size_text(image->layer.bytes, size) : "-",
               chain_state(image), needs ? needs : "-");
    free(needs);
}

static void chain_print_rows(const libxl_snapshot_chain *chain,
                             const libxl_snapshot_tree *tree)
{
    struct rows r = {
        .tree = tree, .width = strlen("IMAGE"),
        .format_width = strlen("FORMAT"),
    };
    int i;

    r.names = xcalloc(tree->num_images, sizeof(*r.names));
    r.order = xcalloc(tree->num_images, sizeof(*r.order));
    chain_add_rows(&r, 0, "", "");
    print_line("%-*s  %-*s  %10s  %-8s  %s", r.width, "IMAGE",
               r.format_width, "FORMAT", "ON DISK", "STATE", "NEEDED BY");
    for (i = 0; i < r.num; i++)
        chain_print_row(chain, &r, r.order[i]);
    for (i = 0; i < tree->num_images; i++) {
        if (tree->images[i].problem)
            print_line("%s: %s", tree->images[i].layer.path,
                       tree->images[i].problem);
        free(r.names[i]);
    }
    free(r.names);
    free(r.order);
}

static void chain_print_disk(const libxl_snapshot_chain *chain,
                             const libxl_snapshot_tree *tree)
{
    int i, layers = 0, top = 0;
    char size[SIZE_TEXT];
    uint64_t virtual_size;

    if (tree->problem) {
        print_line("%s  %s: %s", tree->vdev, tree->path ? tree->path : "-",
                   tree->problem);
        return;
    }
    for (i = 0; i < tree->num_images; i++) {
        if (tree->images[i].is_layer) layers++;
        if (tree->images[i].is_active) top = i;
    }
    virtual_size = tree->images[top].virtual_size;
    print_line("%s  %s, %s, %d image%s", tree->vdev, tree->path,
               virtual_size ? size_text(virtual_size, size)
                            : "of unknown size",
               layers, layers == 1 ? "" : "s");
    chain_print_rows(chain, tree);
}

static bool chain_is_first_leftover(const libxl_snapshot_chain *chain,
                                    int disk, int image)
{
    const char *path = chain->disks[disk].images[image].layer.path;
    int i, k;

    if (!chain->disks[disk].images[image].is_leftover) return false;
    for (i = 0; i < disk; i++)
        for (k = 0; k < chain->disks[i].num_images; k++)
            if (!strcmp(chain->disks[i].images[k].layer.path, path))
                return false;
    return true;
}

void print_leftovers_text(const libxl_snapshot_chain *chain,
                          const char *vdev)
{
    char size[SIZE_TEXT];
    bool first = true;
    int i, k;

    for (i = 0; i < chain->num_disks; i++)
        for (k = 0; k < chain->disks[i].num_images; k++) {
            const libxl_snapshot_image *image = &chain->disks[i].images[k];

            if (!chain_is_wanted(&chain->disks[i], vdev)
                || !chain_is_first_leftover(chain, i, k))
                continue;
            if (first) {
                print_line("%s", "");
                print_line("Left over, and needed by nobody that is "
                           "known:");
            }
            first = false;
            print_line("%10s  %s", size_text(image->layer.bytes, size),
                       image->layer.path);
        }
}

void print_leftovers_json(struct json *j,
                          const libxl_snapshot_chain *chain)
{
    int i, k;

    json_open_array(j, "leftovers");
    for (i = 0; i < chain->num_disks; i++)
        for (k = 0; k < chain->disks[i].num_images; k++) {
            const libxl_snapshot_image *image = &chain->disks[i].images[k];

            if (!chain_is_first_leftover(chain, i, k)) continue;
            json_open_object(j, NULL);
            json_str(j, "path", image->layer.path);
            json_u64(j, "bytes", image->layer.bytes);
            json_close_object(j);
        }
    json_close_array(j);
}

void print_chain_text(const libxl_snapshot_chain *chain, const char *vdev)
{
    bool first = true;
    int i;

    for (i = 0; i < chain->num_disks; i++) {
        if (!chain_is_wanted(&chain->disks[i], vdev)) continue;
        if (!first) print_line("%s", "");
        first = false;
        chain_print_disk(chain, &chain->disks[i]);
    }
    if (!chain->num_disks)
        print_line("Domain %s has no disks", chain->domain);
    print_leftovers_text(chain, vdev);
    if (!chain->num_unknown) return;
    print_line("%s", "");
    print_line("Not known, and to be looked into before an image is "
               "deleted:");
    for (i = 0; i < chain->num_unknown; i++)
        print_line("    %s", chain->unknown[i]);
}
