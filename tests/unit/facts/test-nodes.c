/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-nodes.c: nodes found by their files, by what QEMU 7.2 says of them.
 */
#include "../test.h"

#include <string.h>

static struct snap_nodes nodes_of(const char *list)
{
    struct snap_nodes nodes;
    yajl_val val = snap_json_parse(list);

    REQUIRE(val != NULL);
    snap_nodes_apply(sc, val, &nodes);
    yajl_tree_free(val);
    return nodes;
}

#define NODE(name, drv, file) \
    "{\"node-name\":\"" name "\",\"drv\":\"" drv "\",\"file\":\"" file \
    "\"}"

static void a_node_is_found_by_its_file(void)
{
    const struct snap_node *node;
    struct snap_nodes nodes = nodes_of(
        "[" NODE("#1", "file", "/d/mid") "," NODE("#2", "commit_top", "/d/mid")
        "," NODE("#3", "qcow2", "/d/mid") "," NODE("#4", "raw", "/d/base")
        ",7,{},{\"node-name\":\"n\",\"drv\":\"qcow2\",\"backing_file\":"
        "\"/d/base\",\"file\":\"json:{\\\"driver\\\":\\\"qcow2\\\","
        "\\\"file\\\":{\\\"driver\\\":\\\"file\\\",\\\"filename\\\":"
        "\\\"/d/root.qcow2\\\"}}\"}]");

    CHECK_INT(nodes.num, 5);
    CHECK_OK(snap_nodes_find(sc, &nodes, "/d/mid", &node));
    CHECK_STR(node->name, "#3");
    CHECK_STR(node->base, NULL);
    CHECK_OK(snap_nodes_find(sc, &nodes, "/d/root.qcow2", &node));
    CHECK_STR(node->name, "n");
    CHECK_STR(node->base, "/d/base");
    CHECK_FAILS(snap_nodes_find(sc, &nodes, "/d/none", &node), ERROR_FAIL,
                "QEMU has /d/none not open");
}

static void another_name_of_a_file_finds_its_node_too(void)
{
    const struct snap_node *node;
    const char *path = tmp_text("base", "");
    struct snap_nodes nodes = nodes_of(snap_sprintf(
        sc, "[" NODE("#1", "qcow2", "%s/../%s/base") "]", tmp_path(""),
        strrchr(snap_file_dirname(sc, path), '/') + 1));

    CHECK_OK(snap_nodes_find(sc, &nodes, path, &node));
    CHECK_STR(node->name, "#1");
}

static void a_file_that_is_open_twice_has_no_node_of_its_own(void)
{
    const struct snap_node *node;
    struct snap_nodes nodes = nodes_of("[" NODE("a", "qcow2", "/d/x") ","
                                       NODE("b", "raw", "/d/x") "]");

    CHECK_FAILS(snap_nodes_find(sc, &nodes, "/d/x", &node), ERROR_FAIL,
                "QEMU has /d/x open twice, as nodes a and b");
}

TESTS(TEST(a_node_is_found_by_its_file),
      TEST(another_name_of_a_file_finds_its_node_too),
      TEST(a_file_that_is_open_twice_has_no_node_of_its_own))
