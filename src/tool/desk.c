// SPDX-License-Identifier: Apache-2.0
#include "tool/desk.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/test.h"
#include "base/utf8.h"
#include "config/config.h"
#include "tool/background.h"
#include "tool/policy.h"

void desk_done(struct desk *d)
{
    background_stop();
    fixture_done(&d->f);
    policy_use(NULL);
}

void desk_open(struct desk *d)
{
    struct policy *p;

    fixture_open(&d->f);
    CHECK_OK(config_load_for_test(d->f.root, NULL));
    CHECK_OK(policy_new(NULL, NULL, &p));
    policy_use(p);
    d->cx = (struct tool_context){ .arena = d->f.arena, .workspace = d->f.workspace, .user = S("owner"),
                                   .person = { S("owner"), S("owner") },
                                   .approval = 1 };
}

struct tool_result desk_call(struct desk *d, const char *name, const char *arguments)
{
    struct tool_result r = { 0 };

    CHECK_OK(tool_call_run(&d->cx, str_from(name), str_from(arguments), &r));
    CHECK(utf8_valid(r.text));
    return r;
}

const char *desk_content(struct desk *d, const char *name)
{
    const char *path = arena_printf(d->f.arena, "%s/%s", d->f.workspace, name);
    char *text = arena_alloc(d->f.arena, 4096);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    CHECK(fd >= 0 && read(fd, text, 4095) >= 0);
    close(fd);
    return text;
}
