/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-secrets.c: what is left out of a log. */
#include "../test.h"

#include <stdlib.h>

static void check_logged(const char *text, const char *logged)
{
    char *copy = snap_text_without_secrets(text);

    CHECK_STR(copy, logged);
    free(copy);
}

static void other_text_stays(void)
{
    static const char *const same[] = {
        "", "{}", "{\"execute\":\"query-block\",\"id\":1}",
        "{\"file\": \"/srv/monkey:1\", \"keys\": 3, \"key\": {\"a\": [1]}}",
        "{\"event\": \"STOP\", \"data\": {}}", "http://host/@", "://", "key",
        "password", "\"password\"", "\\", "\"secret\" \"x\"", NULL
    };
    int i;

    for (i = 0; same[i]; i++) check_logged(same[i], same[i]);
}

static void members_that_are_secrets_are_hidden(void)
{
    check_logged("{\"password\": \"a\\\"b\", \"x\": 1}",
                 "{\"password\": \"***\", \"x\": 1}");
    check_logged("{\"PassPhrase\":\"\"}", "{\"PassPhrase\":\"***\"}");
    check_logged("{\"vnc-password\":1234,\"x\":[]}",
                 "{\"vnc-password\":***,\"x\":[]}");
    check_logged("{\"qom-type\":\"secret\",\"data\":\"letmein\"}",
                 "{\"qom-type\":\"secret\",\"data\":\"***\"}");
    check_logged("{\"cookie\":\"a=b; c=d\\\\\",\"y\":\"z\"}",
                 "{\"cookie\":\"***\",\"y\":\"z\"}");
    check_logged("{\"password\":\"cut o", "{\"password\":\"***");
}

static void secrets_in_file_names_are_hidden(void)
{
    check_logged("{\"filename\": \"json:{\\\"password\\\": \\\"a\\\\b\\\", "
                 "\\\"driver\\\": \\\"ssh\\\"}\"}",
                 "{\"filename\": \"json:{\\\"password\\\": \\\"***\\\", "
                 "\\\"driver\\\": \\\"ssh\\\"}\"}");
    check_logged("\"json:{\\\"password\\\":\\\"a\\\\\\\"b\\\",\\\"x\\\":1}\"",
                 "\"json:{\\\"password\\\":\\\"***\\\",\\\"x\\\":1}\"");
    check_logged("\"json:{\\\"password\\\":\\\"a\", \"b\": 1",
                 "\"json:{\\\"password\\\":\\\"***\", \"b\": 1");
    check_logged("\"rbd:pool/image:id=admin:key=QVEabc==:mon=a\"",
                 "\"rbd:pool/image:id=admin:key=***:mon=a\"");
    check_logged("\"file\":\"https://me:word@host/a@b\"",
                 "\"file\":\"https://***@host/a@b\"");
    check_logged("\"iscsi://u%p@h:1/t/0?token=x&b=1\"",
                 "\"iscsi://***@h:1/t/0?token=***&b=1\"");
}

TESTS(TEST(other_text_stays),
      TEST(members_that_are_secrets_are_hidden),
      TEST(secrets_in_file_names_are_hidden))
