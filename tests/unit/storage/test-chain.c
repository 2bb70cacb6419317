/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-chain.c: looking around in the chain of a disk. */
#include "../test.h"

static const struct snap_tag tags[] = { { .id = "1", .name = "one" },
                                        { .id = "2", .name = "two" },
                                        { .id = "3", .name = "one" } };
static const struct snap_tag below[] = { { .id = "1", .name = "old" } };
static const struct snap_layer layers[] = {
    { .path = "/d/top", .num_tags = 3, .tags = tags },
    { .path = "/d/middle", .num_tags = 1, .tags = below },
    { .path = "/d/base" },
};
static const struct snap_chain chain = { .num_layers = 3,
                                         .layers = layers };
static const struct snap_chain none;

static void a_layer_is_found_by_its_file(void)
{
    CHECK(snap_chain_find(&chain, "/d/top") == &layers[0]);
    CHECK(snap_chain_find(&chain, "/d/base") == &layers[2]);
    CHECK(snap_chain_find(&chain, "/d/other") == NULL);
    CHECK(snap_chain_find(&none, "/d/top") == NULL);
}

static void below_the_base_there_is_nothing(void)
{
    CHECK(snap_chain_below(&chain, &layers[0]) == &layers[1]);
    CHECK(snap_chain_below(&chain, &layers[1]) == &layers[2]);
    CHECK(snap_chain_below(&chain, &layers[2]) == NULL);
}

static void tags_are_those_of_the_active_layer(void)
{
    CHECK(snap_chain_top_tag(&chain, "two") == &tags[1]);
    CHECK(snap_chain_top_tag(&chain, "old") == NULL);
    CHECK(snap_chain_top_tag(&none, "two") == NULL);
}

static void a_name_that_tags_share_is_counted(void)
{
    CHECK_INT(snap_chain_num_top_tags(&chain, "one"), 2);
    CHECK_INT(snap_chain_num_top_tags(&chain, "two"), 1);
    CHECK_INT(snap_chain_num_top_tags(&chain, "old"), 0);
    CHECK_INT(snap_chain_num_top_tags(&none, "one"), 0);
}

static void the_files_are_in_the_order_of_the_layers(void)
{
    const char **paths = snap_chain_paths(sc, &chain);

    CHECK_STR(paths[0], "/d/top");
    CHECK_STR(paths[1], "/d/middle");
    CHECK_STR(paths[2], "/d/base");
}

TESTS(TEST(a_layer_is_found_by_its_file),
      TEST(below_the_base_there_is_nothing),
      TEST(tags_are_those_of_the_active_layer),
      TEST(a_name_that_tags_share_is_counted),
      TEST(the_files_are_in_the_order_of_the_layers))
