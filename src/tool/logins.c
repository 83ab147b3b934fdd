// SPDX-License-Identifier: Apache-2.0
#include "tool/logins.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

#include "base/buf.h"
#include "tool/machine.h"
#include "tool/walk.h"

enum { LOGINS_MAX = 200 };

/* Fields of utmp that are full have no NUL at their end. */
static str field(struct arena *a, const char *text, size_t size)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    walk_add_path(&b, str_of(text, strnlen(text, size)));
    return arena_str(a, buf_str(&b));
}

static void add_login(struct arena *a, struct logins *l, struct login one)
{
    if (l->items == NULL)
        l->items = arena_alloc(a, LOGINS_MAX * sizeof *l->items);
    if (l->n < LOGINS_MAX)
        l->items[l->n++] = one;
}

void logins_parse_utmp(struct arena *a, str records, const char *proc, struct logins *out)
{
    struct utmpx u;

    for (; records.len >= sizeof u; records = str_skip(records, sizeof u)) {
        memcpy(&u, records.p, sizeof u);
        if (u.ut_type != USER_PROCESS || access(arena_printf(a, "%s/%d", proc, (int)u.ut_pid), F_OK) != 0)
            continue;
        add_login(a, out, (struct login){ field(a, u.ut_user, sizeof u.ut_user), field(a, u.ut_line, sizeof u.ut_line),
                                          field(a, u.ut_host, sizeof u.ut_host), (int64_t)u.ut_tv.tv_sec * 1000 });
    }
}

static str value_of(str text, str name)
{
    for (str line; str_split(&text, '\n', &line); )
        if (str_eat(&line, name) && str_eat(&line, S("=")))
            return line;
    return NO_STR;
}

void logins_parse_session(struct arena *a, str text, struct logins *out)
{
    str user = value_of(text, S("USER")), where = value_of(text, S("TTY")), from = value_of(text, S("REMOTE_HOST"));
    uint64_t since_us = 0;

    if (user.len == 0 || !str_eq(value_of(text, S("CLASS")), S("user")) || str_eq(value_of(text, S("STATE")), S("closing")))
        return;
    if (str_u64(value_of(text, S("REALTIME")), &since_us))
        since_us = 0;
    add_login(a, out, (struct login){ field(a, user.p, user.len), where.len ? field(a, where.p, where.len) : S("-"),
                                      field(a, from.len ? from.p : "", from.len), (int64_t)(since_us / 1000) });
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

enum err logins_read(struct arena *a, const char *root, const char *proc, struct logins *out)
{
    const char *folder = arena_printf(a, "%s/run/systemd/sessions", root);
    struct logins l = { 0 };
    str text;

    if (machine_read_file(a, root, "run/utmp", &text) == OK) {
        logins_parse_utmp(a, text, proc, &l);
        *out = l;
        return OK;
    }
    CLEANUP(close_dir) DIR *d = opendir(folder);

    if (d == NULL)
        return failed(ERR_NOT_FOUND, "this machine keeps no list of who is logged in");
    for (const struct dirent *e; (e = readdir(d)) != NULL; )
        if (e->d_name[0] != '.' && strchr(e->d_name, '.') == NULL && machine_read_file(a, folder, e->d_name, &text) == OK)
            logins_parse_session(a, text, &l);
    *out = l;
    return OK;
}
