// SPDX-License-Identifier: Apache-2.0
#include "runtime/zones.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"

enum { NAME_MAX_BYTES = 64, FILE_MAX_BYTES = 64 << 10 };

/* Zones are kept for good: there are some 600 of them, and only those that exist are. */
static struct map known;
static struct { const struct zone *zone; char name[NAME_MAX_BYTES + 1]; } local;

static const char *folder(void)
{
    const char *tzdir = getenv("TZDIR");

    return tzdir && tzdir[0] == '/' ? tzdir : "/usr/share/zoneinfo";
}

/* Letters, figures, _ + - and single slashes between them: no name leads out of the folder. */
static bool name_is_plain(str name)
{
    str rest = name, part;

    if (name.len == 0 || name.len > NAME_MAX_BYTES)
        return false;
    while (str_split(&rest, '/', &part)) {
        if (part.len == 0)
            return false;
        for (size_t i = 0; i < part.len; i++) {
            char c = part.p[i], lower = (char)(c | 32);

            if (!((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-'))
                return false;
        }
    }
    return true;
}

static struct zone *read_zone(const char *path)
{
    CLEANUP(buf_done) struct buf file = { .max = FILE_MAX_BYTES };
    struct zone *z = NULL;
    size_t room, n;
    FILE *f = fopen(path, "rbe");

    if (f == NULL)
        return NULL;
    do {
        char *to = buf_room(&file, 8192, &room);

        n = room ? fread(to, 1, room, f) : 0;
        buf_grown(&file, n);
    } while (n);
    fclose(f);
    return zone_parse(buf_str(&file), &z) ? NULL : z;
}

const struct zone *zones_find(str name)
{
    char path[PATH_MAX];

    if (!name_is_plain(name))
        return NULL;
    struct zone *z = map_get(&known, name);

    if (z || (size_t)snprintf(path, sizeof path, "%s/%.*s", folder(), STR(name)) >= sizeof path)
        return z;
    z = read_zone(path);
    if (z)
        map_put(&known, name, z);
    return z;
}

static bool local_is(str name)
{
    const struct zone *z = zones_find(name);

    if (z == NULL)
        return false;
    local.zone = z;
    snprintf(local.name, sizeof local.name, "%.*s", STR(name));
    return true;
}

/* What is behind the folder of zones in a path: "/usr/share/zoneinfo/Asia/Tokyo". */
static bool local_is_path(str path)
{
    static const char mark[] = "zoneinfo/";
    size_t at = str_find(path, str_from(mark));

    return at != STR_NONE && local_is(str_skip(path, at + sizeof mark - 1));
}

static bool local_from_environment(void)
{
    str tz = str_from(getenv("TZ"));

    str_eat(&tz, S(":"));
    return tz.len && (local_is(tz) || local_is_path(tz));
}

static bool local_from_timezone(void)
{
    char line[NAME_MAX_BYTES + 8] = "";
    FILE *f = fopen("/etc/timezone", "re");

    if (f == NULL)
        return false;
    size_t n = fread(line, 1, sizeof line - 1, f);

    fclose(f);
    return local_is(str_trim(str_of(line, n)));
}

/* A link says its name; a copy does not, but Debian has it under this one. */
static bool local_from_localtime(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/etc/localtime", path, sizeof path);

    return n > 0 ? local_is_path(str_of(path, (size_t)n)) : local_is(S("localtime"));
}

static void find_local(void)
{
    if (local.zone || local_from_environment() || local_from_localtime() || local_from_timezone())
        return;
    local.zone = zone_utc();
    snprintf(local.name, sizeof local.name, "UTC");
}

const struct zone *zones_local(void)
{
    find_local();
    return local.zone;
}

const char *zones_local_name(void)
{
    find_local();
    return local.name;
}
