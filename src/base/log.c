// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/utf8.h"

enum { LINE_MAX_BYTES = 16 << 10, VALUE_MAX = 4 << 10, MAX_OVERRIDES = 16, SECRET_MIN = 6, BOT_TOKEN_MIN = 20 };

static struct {
    pthread_mutex_t lock;
    int             fd;
    size_t          n_secrets;
    str            *secrets;        /* process lifetime, as what they hide */
    /* Read without the lock, by every thread. */
    _Atomic(enum log_level) level;
    atomic_size_t   n_overrides;    /* grows after its row is written */
    struct { char *event; _Atomic(enum log_level) level; } overrides[MAX_OVERRIDES];
} out = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_INFO, .fd = STDERR_FILENO };

static struct log_context *thread_context(void)
{
    static _Thread_local struct log_context context;
    return &context;
}

struct log_context *(*log_context_hook)(void) = thread_context;

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR", "OFF" };

enum err log_level_parse(str s, enum log_level *out_level)
{
    for (size_t i = 0; i < N_ELEMENTS(level_names); i++)
        if (str_eq_nocase(s, str_from(level_names[i]))) {
            *out_level = (enum log_level)i;
            return OK;
        }
    return failed(ERR_INPUT, "'%.*s' is no log level (debug, info, warn, error, off)", STR(str_take(s, 40)));
}

void log_set_level(enum log_level level)
{
    out.level = level;
}

void log_set_fd(int fd)
{
    out.fd = fd;
}

enum err log_set_event_level(str event, enum log_level level)
{
    for (size_t i = 0; i < out.n_overrides; i++)
        if (str_eq(str_from(out.overrides[i].event), event)) {
            out.overrides[i].level = level;
            return OK;
        }
    if (out.n_overrides == MAX_OVERRIDES)
        return failed(ERR_LIMIT, "at most %d events can have a level of their own", MAX_OVERRIDES);
    out.overrides[out.n_overrides].event = str_dup_c(event);
    out.overrides[out.n_overrides].level = level;
    out.n_overrides++;
    return OK;
}

void log_mask(str secret)
{
    if (secret.len < SECRET_MIN)
        return;
    pthread_mutex_lock(&out.lock);
    bool known = false;

    for (size_t i = 0; i < out.n_secrets; i++)
        known = known || str_eq(out.secrets[i], secret);
    if (!known) {
        out.secrets = mem_resize(out.secrets, (out.n_secrets + 1) * sizeof *out.secrets);
        out.secrets[out.n_secrets++] = str_of(str_dup_c(secret), secret.len);
    }
    pthread_mutex_unlock(&out.lock);
}

static bool covers(const char *pattern, const char *event)
{
    size_t n = strlen(pattern);

    if (n && pattern[n - 1] == '*')
        return strncmp(pattern, event, n - 1) == 0;
    return strcmp(pattern, event) == 0;
}

bool log_on(enum log_level level, const char *event)
{
    for (size_t i = 0; i < out.n_overrides; i++)
        if (covers(out.overrides[i].event, event))
            return level >= out.overrides[i].level;
    return level >= out.level;
}

static bool is_secret_name(const char *name)
{
    static const char *const parts[] = { "token", "secret", "password", "api_key", "authorization", "cookie" };

    for (size_t i = 0; i < N_ELEMENTS(parts); i++)
        if (strcasestr(name, parts[i]))
            return true;
    return false;
}

static size_t run_of(str s, const char *allowed)
{
    size_t n = 0;

    while (n < s.len && str_find_char(str_from(allowed), s.p[n]) != STR_NONE)
        n++;
    return n;
}

/* Length of the "123456:AAE..." that follows a "bot" at s, as in https://host/bot123456:AAE.../getMe; or 0. */
static size_t bot_token(str s)
{
    size_t id = run_of(s, "0123456789");

    if (id == 0 || id == s.len || s.p[id] != ':')
        return 0;
    size_t rest = run_of(str_skip(s, id + 1), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return rest < BOT_TOKEN_MIN ? 0 : id + 1 + rest;
}

/* Length of the longest secret that begins at s, or 0. */
static size_t secret_at(str s, bool behind_bot)
{
    size_t longest = behind_bot ? bot_token(s) : 0;

    for (size_t i = 0; i < out.n_secrets; i++)
        if (s.p[0] == out.secrets[i].p[0] && out.secrets[i].len > longest && str_starts(s, out.secrets[i]))
            longest = out.secrets[i].len;
    return longest;
}

bool log_mask_text(str s, struct buf *to)
{
    bool found = false;
    size_t from = 0;

    pthread_mutex_lock(&out.lock);
    for (size_t i = 0, n; i < s.len; i += n ? n : 1) {
        n = secret_at(str_skip(s, i), false);
        if (n == 0)
            continue;
        buf_add(to, str_cut(s, from, i));
        buf_add(to, S("***"));
        from = i + n;
        found = true;
    }
    pthread_mutex_unlock(&out.lock);
    if (found)
        buf_add(to, str_skip(s, from));
    return found;
}

/* At most VALUE_MAX bytes of s: cut here, not by the caller, so that a secret across the cut is still recognised. */
static void add_json_string(struct buf *b, str s)
{
    const char *start = s.p;

    buf_add_char(b, '"');
    while (s.len && s.p - start < VALUE_MAX) {
        size_t hidden = secret_at(s, s.p - start >= 3 && memcmp(s.p - 3, "bot", 3) == 0);
        uint32_t ch;
        size_t n = utf8_next(s, &ch);

        if (hidden) {
            buf_add(b, S("***"));
            n = hidden;
        } else if (n == 0) {
            utf8_add(b, 0xfffd);
            n = 1;
        } else if (ch == '"' || ch == '\\') {
            buf_add(b, str_of((char[]){ '\\', (char)ch }, 2));
        } else if (ch < 0x20) {
            buf_addf(b, "\\u%04x", (unsigned)ch);
        } else {
            buf_add(b, str_take(s, n));
        }
        s = str_skip(s, n);
    }
    buf_add_char(b, '"');
}

static void add_field(struct buf *b, struct log_field f)
{
    buf_addf(b, ",\"%s\":", f.name);
    switch (f.type) {
    case LOG_STR:
        add_json_string(b, is_secret_name(f.name) && f.s.len ? S("***") : f.s);
        break;
    case LOG_INT:
        buf_addf(b, "%lld", (long long)f.i);
        break;
    case LOG_UINT:
        buf_addf(b, "%llu", (unsigned long long)f.u);
        break;
    case LOG_DOUBLE:
        buf_addf(b, isfinite(f.d) ? "%.15g" : "null", f.d);
        break;
    case LOG_BOOL:
        buf_addf(b, "%s", f.b ? "true" : "false");
        break;
    }
}

static void write_all(int fd, str line)
{
    while (line.len) {
        ssize_t n = write(fd, line.p, line.len);

        if (n < 0 && errno != EINTR)
            return;     /* a log that cannot be written must not stop the assistant */
        if (n > 0)
            line = str_skip(line, (size_t)n);
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    CLEANUP(buf_done) struct buf b = { .max = LINE_MAX_BYTES * 4 };
    const struct log_context *c = log_context_hook();
    char when[TIME_TEXT_SIZE];
    struct timespec ts;
    int saved = errno;

    clock_gettime(CLOCK_REALTIME, &ts);
    time_text(when, (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
    pthread_mutex_lock(&out.lock);
    buf_addf(&b, "{\"timestamp\":\"%s\",\"severity\":\"%s\",\"event\":\"%s\"", when, level_names[level], event);
    if (c->request_id[0])
        add_field(&b, F("request_id", c->request_id));
    if (c->session[0])
        add_field(&b, F("session", c->session));
    for (size_t i = 1; i < n && b.len < LINE_MAX_BYTES; i++)
        add_field(&b, fields[i]);
    buf_add(&b, S("}\n"));
    write_all(out.fd, buf_str(&b));
    pthread_mutex_unlock(&out.lock);
    errno = saved;
}
