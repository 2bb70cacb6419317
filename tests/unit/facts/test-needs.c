/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-needs.c: who needs an image, by facts that are given; and by qcow2
 * images that qemu-img did not make.
 */
#include "../test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct snap_needs needs;

/* The forest: base <- s1 <- s2, base <- clone. */
enum { BASE, S1, S2, CLONE, ALONE };
static const char *const names[] = { "base", "s1", "s2", "clone", "alone" };

static void forest(void)
{
    int i;

    memset(&needs, 0, sizeof(needs));
    for (i = 0; i <= ALONE; i++) {
        struct snap_file_id id = { .dev = 7, .ino = 100 - i };

        CHECK_INT(snap_needs_add_image(sc, &needs, names[i], &id), i);
    }
    CHECK(snap_needs_set_base(&needs, S1, BASE));
    CHECK(snap_needs_set_base(&needs, S2, S1));
    CHECK(snap_needs_set_base(&needs, CLONE, BASE));
}

static void need(libxl_snapshot_need_kind kind, libxl_snapshot_need_how how,
                 const char *who, int image)
{
    const struct snap_need it = {
        .kind = kind, .how = how, .who = who, .name = who, .domain = "web",
        .image = image, .layer = needs.images[image].layer.path,
    };

    snap_needs_add(sc, &needs, &it);
}
#define KIND(kind) LIBXL_SNAPSHOT_NEED_KIND_##kind
#define HOW(how) LIBXL_SNAPSHOT_NEED_HOW_##how

static const char *who_needs(int image,
                             const struct snap_needs_except *except)
{
    int num;
    const struct snap_need *list =
        snap_needs_of_image(sc, &needs, image, except, &num);
    const char *text = snap_needs_text(sc, list, num);

    return text ? text : "nobody";
}

static void an_image_has_one_number_whatever_its_name(void)
{
    struct snap_file_id id = { .dev = 7, .ino = 100 }, block = id;

    forest();
    block.block = true;
    CHECK_INT(snap_needs_add_image(sc, &needs, "other name", &id), BASE);
    CHECK_INT(snap_needs_add_image(sc, &needs, "device", &block), ALONE + 1);
    CHECK_INT(snap_needs_add_image(sc, &needs, "base", NULL), ALONE + 2);
    CHECK_INT(snap_needs_add_image(sc, &needs, "base", NULL), ALONE + 2);
    CHECK_INT(needs.num_images, ALONE + 3);
}

static void no_image_stands_on_itself(void)
{
    forest();
    CHECK(!snap_needs_set_base(&needs, BASE, S2));
    CHECK(!snap_needs_set_base(&needs, ALONE, ALONE));
    CHECK_INT(needs.images[BASE].base, -1);
    CHECK_INT(snap_needs_root(&needs, S2), BASE);
    CHECK(snap_needs_is_on(&needs, S2, BASE));
    CHECK(!snap_needs_is_on(&needs, CLONE, S1));
}

static void who_needs_an_image_needs_all_below_it(void)
{
    const struct snap_need *list;
    int num;

    forest();
    need(KIND(DOMAIN), HOW(ACTIVE), "domain web", S2);
    need(KIND(SNAPSHOT), HOW(PARENT), "snapshot s1", BASE);
    need(KIND(SNAPSHOT), HOW(PARENT), "snapshot s2", S1);
    CHECK_STR(who_needs(S2, NULL), "domain web");
    CHECK_STR(who_needs(S1, NULL), "domain web and snapshot s2 and image s2");
    CHECK_STR(who_needs(CLONE, NULL), "nobody");
    CHECK_STR(who_needs(ALONE, NULL), "nobody");
    list = snap_needs_of_image(sc, &needs, BASE, NULL, &num);
    REQUIRE(num == 5);
    CHECK_INT(list[0].how, HOW(IN_CHAIN));
    CHECK_INT(list[1].how, HOW(PARENT));
    CHECK_INT(list[2].how, HOW(IN_CHAIN));
    CHECK_STR(list[3].who, "image s1");
    CHECK_STR(list[4].who, "image clone");
    CHECK_INT(list[4].how, HOW(IN_CHAIN));
}

static void an_overlay_is_not_needed_by_the_snapshot_that_made_it(void)
{
    forest();
    need(KIND(SNAPSHOT), HOW(CHILD), "snapshot s1", S1);
    CHECK_STR(who_needs(S1, NULL), "image s2");
    CHECK_STR(who_needs(BASE, NULL), "image s1 and image clone");
}

/* A disk of a domain, by the xl.cfg @file, or by its stored config. */
static void need_disk(const char *domain, const char *vdev, const char *file,
                      int image)
{
    const struct snap_need it = {
        .kind = KIND(DOMAIN), .how = HOW(ACTIVE), .vdev = vdev,
        .who = snap_sprintf(sc, "%s %s %s", domain, vdev, file ? file : "-"),
        .name = domain, .domain = domain, .known = file, .image = image,
    };

    snap_needs_add(sc, &needs, &it);
}

/* xvda of web is on the chain file: top on base. */
static void one_disk_of_one_domain_can_be_left_out(void)
{
    const char *base = tmp_text("base", "b"), *top = tmp_text("top", "t");
    const char *chain[] = { top, base };
    const char *own = tmp_text("web.cfg", ""), *copy = tmp_text("copy", "");
    const struct snap_needs_except except = {
        .domain = "web", .vdev = "xvda", .file = own, .images = chain,
        .num_images = 2,
    };
    int image[2];

    memset(&needs, 0, sizeof(needs));
    image[0] = snap_needs_image_at(sc, &needs, top);
    image[1] = snap_needs_image_at(sc, &needs, base);
    CHECK(snap_needs_set_base(&needs, image[0], image[1]));
    CHECK(!symlink("web.cfg", tmp_path("link.cfg")));
    need_disk("web", "xvda", NULL, image[0]);
    need_disk("web", "xvda", own, image[0]);
    need_disk("web", "xvda", tmp_path("link.cfg"), image[0]);
    CHECK_STR(who_needs(image[1], &except), "nobody");
    need_disk("web", "xvda", copy, image[0]);
    CHECK_HAS(who_needs(image[1], &except), "/copy");
    need_disk("web", "xvdb", own, image[0]);
    CHECK_HAS(who_needs(image[0], &except), "web xvdb");
    need_disk("web", "xvda", own, image[1]);
    CHECK_INT(snap_needs_is_on(&needs, image[1], image[0]), false);
    CHECK_HAS(who_needs(image[1], &except), "web xvda");
    need_disk("db", "xvda", own, image[0]);
    CHECK_HAS(who_needs(image[0], &except), "db xvda");
    needs.num = 0;
    need(KIND(SAVED), HOW(ACTIVE), "saved memory", image[0]);
    need(KIND(JOURNAL), HOW(ACTIVE), "snapshot-create", image[0]);
    CHECK_STR(who_needs(image[0], &except),
              "saved memory and snapshot-create");
}

static void many_are_counted(void)
{
    int i;

    forest();
    for (i = 0; i < 10; i++)
        need(KIND(TAG), HOW(PARENT), snap_sprintf(sc, "tag %d", i), S2);
    need(KIND(TAG), HOW(PARENT), "tag 0", S2);
    CHECK_HAS(who_needs(S2, NULL), "tag 7 and 2 more");
}

static bool is_leftover(int image)
{
    return snap_needs_is_leftover(sc, &needs, image, "web", NULL);
}

/* web was on base, then s1 and s2 by their snapshots; it was reverted to
 * s1, and clone is the overlay of that. */
static void what_a_revert_has_left_is_left_over(void)
{
    forest();
    need(KIND(SNAPSHOT), HOW(PARENT), "snapshot s1", BASE);
    need(KIND(SNAPSHOT), HOW(CHILD), "snapshot s1", S1);
    need(KIND(DOMAIN), HOW(ACTIVE), "domain web", CLONE);
    CHECK(!is_leftover(S1));            /* s2 stands on it, of which nobody
                                         * knows who made it */
    need(KIND(SNAPSHOT), HOW(CHILD), "snapshot s2", S2);
    CHECK(is_leftover(S2));
    CHECK(is_leftover(S1));
    CHECK(!is_leftover(BASE));
    CHECK(!is_leftover(CLONE));
    CHECK(!is_leftover(ALONE));
    CHECK(!snap_needs_is_leftover(sc, &needs, S2, "db", NULL));
    need(KIND(SNAPSHOT), HOW(PARENT), "snapshot s2", S1);
    CHECK(is_leftover(S2));
    CHECK(!is_leftover(S1));
    need(KIND(TAG), HOW(PARENT), "tag t", S2);
    CHECK(!is_leftover(S2));
}

static void an_overlay_of_a_revert_is_known_by_its_name(void)
{
    static const char *const is[] = { "/d/a.s1.r1.qcow2", "/d/a.s1.r12.vhd" };
    static const char *const is_not[] = {
        "/d/a.s1.r.qcow2", "/d/a.s1.r1.qcow2.bak", "/d/a.s1.r1.raw",
        "/e/a.s1.r1.qcow2", "/d/a.s1.x1.qcow2", "/d/a.s11.r1.qcow2",
    };
    struct snap_need child = {
        .kind = KIND(SNAPSHOT), .how = HOW(CHILD), .who = "snapshot s1",
        .domain = "web", .layer = "/d/a.s1.qcow2",
    };
    size_t i;

    forest();
    child.image = S1;
    snap_needs_add(sc, &needs, &child);
    for (i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
        needs.images[ALONE].layer.path = is[i];
        CHECK(is_leftover(ALONE));
    }
    for (i = 0; i < sizeof(is_not) / sizeof(is_not[0]); i++) {
        needs.images[ALONE].layer.path = is_not[i];
        CHECK(!is_leftover(ALONE));
    }
}

static void what_is_unknown_has_an_end(void)
{
    int i;

    forest();
    for (i = 0; i < 2 * SNAP_NEEDS_UNKNOWN_MAX; i++)
        snap_needs_add_unknown(sc, &needs, NULL, snap_sprintf(sc, "%d", i));
    CHECK_INT(needs.num_unknown, SNAP_NEEDS_UNKNOWN_MAX);
    CHECK_STR(needs.unknown[SNAP_NEEDS_UNKNOWN_MAX - 1].why, "and more");
}

static void what_is_disregarded_is_not_unknown(void)
{
    const char *files[] = { tmp_path("away/a"), tmp_path("cfg") };

    memset(&needs, 0, sizeof(needs));
    CHECK_STR(snap_needs_unknown_text(sc, &needs), NULL);
    needs.num_disregarded = 2;
    needs.disregarded = files;
    tmp_text("cfg", "");
    CHECK(!symlink("cfg", tmp_path("cfg-link")));
    snap_needs_add_unknown(sc, &needs, tmp_path("away/a"), "a");
    snap_needs_add_unknown(sc, &needs, tmp_path("cfg-link"), "link");
    CHECK_INT(needs.num_unknown, 0);
    snap_needs_add_unknown(sc, &needs, tmp_path("away/b"), "b");
    snap_needs_add_unknown(sc, &needs, tmp_path("away/b"), "b");
    CHECK_INT(needs.num_unknown, 1);
    CHECK_HAS(snap_needs_unknown_text(sc, &needs), "away/b");
    snap_needs_add_unknown(sc, &needs, NULL, "c");
    CHECK_HAS(snap_needs_unknown_text(sc, &needs), "(and 1 more");
}

static void a_freeze_that_nobody_explains_is_a_sign(void)
{
    const char *base = tmp_text("base", "b");
    int image;

    memset(&needs, 0, sizeof(needs));
    image = snap_needs_image_at(sc, &needs, base);
    CHECK_STR(snap_needs_sign(sc, &needs, base), NULL);
    CHECK(!chmod(base, 0444));
    CHECK_HAS(snap_needs_sign(sc, &needs, base), "is protected");
    need(KIND(SNAPSHOT), HOW(CHILD), "made it", image);
    need(KIND(DOMAIN), HOW(PARENT), "domain", image);
    CHECK_HAS(snap_needs_sign(sc, &needs, base), "is protected");
    need(KIND(SNAPSHOT), HOW(PARENT), "snapshot s1", image);
    CHECK_STR(snap_needs_sign(sc, &needs, base), NULL);
    CHECK(!link(base, tmp_path("other")));
    CHECK_HAS(snap_needs_sign(sc, &needs, base), "2 names");
    needs.num_disregarded = 1;
    needs.disregarded = &base;
    CHECK_STR(snap_needs_sign(sc, &needs, base), NULL);
}

/*-- images -----------------------------------------------------------------*/

/* A header with that base and its format; NULL: it says none. */
static const char *qcow2(const char *name, const char *base,
                         const char *format)
{
    unsigned char head[512] = "QFI\xfb";

    head[7] = 3;
    head[103] = 104;
    if (base) {
        head[14] = 1;                   /* at 256 */
        head[19] = strlen(base);
        memcpy(head + 256, base, strlen(base));
    }
    if (format) {
        memcpy(head + 104, "\xe2\x79\x2a\xca", 4);
        head[111] = strlen(format);
        memcpy(head + 112, format, strlen(format));
    }
    return tmp_file(name, head, sizeof(head));
}

static const char *base_of(int image)
{
    int base = image < 0 ? -1 : needs.images[image].base;

    return base < 0 ? "none" : strrchr(needs.images[base].layer.path, '/') + 1;
}

static void a_chain_is_known_by_its_headers(void)
{
    const char *top;
    int image;

    memset(&needs, 0, sizeof(needs));
    tmp_text("base", "any content");
    qcow2("middle", "base", "raw");
    top = qcow2("top", tmp_path("middle"), "qcow2");
    image = snap_needs_walk(sc, &needs, top, "qcow2");
    CHECK_STR(base_of(image), "middle");
    CHECK_STR(base_of(needs.images[image].base), "base");
    CHECK_INT(needs.num_images, 3);
    /* by other names */
    CHECK(!symlink(top, tmp_path("link")));
    CHECK(!link(tmp_path("middle"), tmp_path("hard")));
    CHECK_INT(snap_needs_walk(sc, &needs, tmp_path("link"), "qcow2"), image);
    CHECK_INT(snap_needs_walk(sc, &needs, tmp_path("hard"), "qcow2"),
              needs.images[image].base);
    CHECK_INT(needs.num_images, 3);
    CHECK_INT(needs.num_unknown, 0);
}

static void a_base_whose_format_nobody_says_is_guessed(void)
{
    int image;

    memset(&needs, 0, sizeof(needs));
    tmp_text("base", "any content");
    qcow2("middle", "file:base", NULL);
    image = snap_needs_walk(
        sc, &needs, qcow2("top", "json:{\"file\":{\"filename\":\"middle\"}}",
                          NULL), "qcow2");
    CHECK_STR(base_of(image), "middle");
    CHECK_STR(base_of(needs.images[image].base), "base");
}

static void raw_stands_on_nothing_until_it_is_a_qcow2(void)
{
    const char *top;
    int image;

    memset(&needs, 0, sizeof(needs));
    tmp_text("base", "any content");
    top = qcow2("top", "base", "raw");
    image = snap_needs_walk(sc, &needs, top, "raw");
    CHECK_STR(base_of(image), "none");
    CHECK_INT(snap_needs_walk(sc, &needs, top, "qcow2"), image);
    CHECK_STR(base_of(image), "base");
    CHECK_INT(snap_needs_walk(sc, &needs, top, "raw"), image);
    CHECK_STR(base_of(image), "base");
}

static void a_damaged_image_is_unknown_and_no_more(void)
{
    int image;

    memset(&needs, 0, sizeof(needs));
    image = snap_needs_walk(sc, &needs, tmp_text("bad", "QFI"), "qcow2");
    CHECK_STR(base_of(image), "none");
    CHECK_INT(needs.num_unknown, 1);
    CHECK_HAS(needs.unknown[0].why, "its header is damaged");
    image = snap_needs_walk(sc, &needs, qcow2("self", "self", "qcow2"),
                            "qcow2");
    CHECK_STR(base_of(image), "none");
    CHECK_HAS(needs.unknown[1].why, "it is its own base");
    qcow2("a", "b", "qcow2");
    image = snap_needs_walk(sc, &needs, qcow2("b", "a", "qcow2"), "qcow2");
    CHECK_STR(base_of(image), "a");
    CHECK_HAS(needs.unknown[2].why, "it is its own base");
    CHECK_INT(needs.num_unknown, 3);
    snap_needs_walk(sc, &needs, tmp_path("missing"), "qcow2");
    CHECK_INT(needs.num_unknown, 3);
}

static void the_folder_of_an_image_has_clones_of_it(void)
{
    int image;

    memset(&needs, 0, sizeof(needs));
    tmp_text("base", "any content");
    tmp_text("no \xff UTF-8", "QFI\xfb");
    tmp_text("text", "no image");
    CHECK(!symlink("nowhere", tmp_path("dangling")));
    qcow2("other", NULL, NULL);
    qcow2("server", "nbd://elsewhere/a", "raw");
    qcow2("on-clone", "clone", "qcow2");
    qcow2("clone", "base", "raw");
    image = snap_needs_walk(sc, &needs, tmp_path("base"), "raw");
    snap_needs_look_around(sc, &needs, &image, 1);
    CHECK_INT(needs.num_unknown, 0);
    CHECK_HAS(who_needs(image, NULL), "/clone");
    CHECK_INT(needs.num_images, 3);
}

TESTS(TEST(an_image_has_one_number_whatever_its_name),
      TEST(no_image_stands_on_itself),
      TEST(who_needs_an_image_needs_all_below_it),
      TEST(an_overlay_is_not_needed_by_the_snapshot_that_made_it),
      TEST(one_disk_of_one_domain_can_be_left_out),
      TEST(many_are_counted),
      TEST(what_a_revert_has_left_is_left_over),
      TEST(an_overlay_of_a_revert_is_known_by_its_name),
      TEST(what_is_unknown_has_an_end),
      TEST(what_is_disregarded_is_not_unknown),
      TEST(a_freeze_that_nobody_explains_is_a_sign),
      TEST(a_chain_is_known_by_its_headers),
      TEST(a_base_whose_format_nobody_says_is_guessed),
      TEST(raw_stands_on_nothing_until_it_is_a_qcow2),
      TEST(a_damaged_image_is_unknown_and_no_more),
      TEST(the_folder_of_an_image_has_clones_of_it))
