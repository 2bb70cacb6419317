/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/hook.c: runs hooks, xl-snapshot-hooks(7): the verb as argument,
 * the request as JSON on stdin and as environment, the answer as JSON on
 * stdout.  A hook runs as root, so nobody else may be able to change it;
 * and it is somebody's script, so nothing that it says is believed unseen.
 */
#include "seams/files.h"
#include "seams/programs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOOK_ANSWER_MAX 65536

/*-- who can change it ------------------------------------------------------*/

const char *snap_program_unsafe(libxl_snapshot_ctx *sc, const char *path)
{
    const char *why;
    int fd = snap_open_trusted(sc, path, O_PATH, &why);
    struct stat st;

    if (fd < 0 || fstat(fd, &st))
        why = snap_sprintf(sc, "%s: %s", path, why ? why : strerror(errno));
    else if (!S_ISREG(st.st_mode))
        why = snap_sprintf(sc, "%s is not a regular file", path);
    else if (!(st.st_mode & S_IXUSR))
        why = snap_sprintf(sc, "%s is not executable; chmod +x it", path);
    if (fd >= 0) close(fd);
    return why;
}

static int hook_by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int snap_hook_list(libxl_snapshot_ctx *sc, const char ***names_r,
                   int *num_r)
{
    const char *folder = snap_hook_folder(sc), **names = NULL;
    DIR *dir = opendir(folder);
    struct dirent *e;
    int num = 0;

    *names_r = NULL;
    *num_r = 0;
    if (!dir && errno == ENOENT) return 0;
    if (!dir)
        return snap_fail(sc, ERROR_FAIL, "hooks in %s: %s", folder,
                         strerror(errno));
    while ((e = readdir(dir))) {
        if (!snap_hook_name_is_valid(e->d_name)) continue;
        names = snap_grow(sc, names, num * sizeof(*names),
                          (num + 1) * sizeof(*names));
        names[num++] = snap_strdup(sc, e->d_name);
    }
    closedir(dir);
    if (num) qsort(names, num, sizeof(*names), hook_by_name);
    *names_r = names;
    *num_r = num;
    return 0;
}

/*-- the talk ---------------------------------------------------------------*/

/* XL_SNAPSHOT_<KEY>=<value> for every member of the request. */
static const char **hook_request_env(libxl_snapshot_ctx *sc,
                                     yajl_val request)
{
    size_t num = YAJL_IS_OBJECT(request) ? request->u.object.len : 0, i;
    const char **env = snap_zalloc(sc, (num + 1) * sizeof(*env));

    for (i = 0; i < num; i++) {
        char *key = snap_strdup(sc, request->u.object.keys[i]), *p;
        yajl_val v = request->u.object.values[i];

        for (p = key; *p; p++) *p = toupper((unsigned char)*p);
        env[i] = snap_sprintf(sc, "XL_SNAPSHOT_%s=%s", key,
                              YAJL_IS_STRING(v) ? YAJL_GET_STRING(v)
                              : YAJL_IS_NUMBER(v) ? YAJL_GET_NUMBER(v)
                              : YAJL_IS_TRUE(v) ? "1" : "0");
    }
    return env;
}

static int hook_parse_answer(libxl_snapshot_ctx *sc, const char *what,
                             const char *text, yajl_val *answer_r)
{
    if (strlen(text) > HOOK_ANSWER_MAX)
        return snap_fail(sc, ERROR_INVAL, "%s: its answer is longer than %d "
                         "KiB", what, HOOK_ANSWER_MAX >> 10);
    *answer_r = snap_json_parse(text);
    if (YAJL_IS_OBJECT(*answer_r)) return 0;
    yajl_tree_free(*answer_r);
    *answer_r = NULL;
    return snap_fail(sc, ERROR_INVAL, "%s: its answer is not a JSON object",
                     what);
}

static int hook_run(libxl_snapshot_ctx *sc, const char *path,
                    const char *verb, const char *request, int timeout_ms,
                    struct snap_left *left_r, yajl_val *answer_r)
{
    const char *what = snap_sprintf(sc, "hook %s, %s", strrchr(path, '/') + 1,
                                    verb);
    const char *why = snap_program_unsafe(sc, path);
    yajl_val parsed = snap_json_parse(request);
    struct snap_exec_input input = {
        .head = request, .head_len = strlen(request), .fd = -1,
        .env = hook_request_env(sc, parsed),
    };
    struct snap_exec_output output = { NULL };
    int rc;

    *answer_r = NULL;
    yajl_tree_free(parsed);
    if (why) return snap_fail(sc, ERROR_INVAL, "%s: %s", what, why);
    rc = snap_exec_fed(sc, what, snap_argv(sc, path, verb, NULL),
                       timeout_ms, &input, &output);
    *left_r = output.left;
    if (rc) return rc;
    return hook_parse_answer(sc, what, output.out, answer_r);
}

int snap_hook_ask(libxl_snapshot_ctx *sc, const char *path,
                  const char *verb, const char *request,
                  yajl_val *answer_r)
{
    struct snap_left left;

    return hook_run(sc, path, verb, request,
                    snap_wait_ms(sc, SNAP_WAIT_HOOK_ASK), &left, answer_r);
}

/* Run the verb, and demand that the answer says "done": a script that does
 * not know the verb may well exit with 0. */
int snap_hook_act(libxl_snapshot_ctx *sc, const char *path,
                  const char *verb, const char *request,
                  struct snap_left *left_r)
{
    int timeout_ms = snap_wait_ms(sc, SNAP_WAIT_HOOK_ACT), rc;
    const char *left;
    yajl_val answer;

    *left_r = (struct snap_left){ 0 };
    rc = hook_run(sc, path, verb, request, timeout_ms, left_r, &answer);
    if (rc) return rc;
    left = snap_json_str(answer, "left");
    if (left && *left)
        snap_tell_left(sc, "hook %s: %s", strrchr(path, '/') + 1, left);
    if (!snap_json_bool(answer, "done"))
        rc = snap_fail(sc, ERROR_FAIL, "hook %s, %s: its answer does not "
                       "say that it is done",
                       strrchr(path, '/') + 1, verb);
    yajl_tree_free(answer);
    return rc;
}
