// SPDX-License-Identifier: Apache-2.0
/* log.h: a log line is a named event with typed fields, one JSON object a line:
 *   {"timestamp":"2026-11-21T08:35:53.120Z","severity":"INFO","event":"turn.done","request_id":"…","ms":12}
 * Ranks 0 to 4 of the tree log at DEBUG only and return errors; a fiber's entry logs an error, once.
 * Values of fields named like secrets (token, secret, password, api_key, authorization, cookie), bot tokens
 * in URLs, and every secret given to log_mask() are written as "***". */
#pragma once
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

struct log_field {
    const char *name;
    enum { LOG_STR, LOG_INT, LOG_UINT, LOG_DOUBLE, LOG_BOOL } type;
    union { str s; int64_t i; uint64_t u; double d; bool b; };
};

/* log_event(LOG_INFO, "turn.done", F("session", id), F("ms", 12)); values: any integer, double, bool, char *, str.
 * In C17 the words `true` and `false` are ints: write (bool)true. */
#define log_event(level, event, ...) \
    do { \
        if (log_on((level), (event))) \
            log_write((level), (event), (const struct log_field[]){ { NULL, LOG_INT, { .i = 0 } }, ##__VA_ARGS__ }, \
                      sizeof((const struct log_field[]){ { NULL, LOG_INT, { .i = 0 } }, ##__VA_ARGS__ }) \
                          / sizeof(struct log_field)); \
    } while (0)

#define F(name, value) _Generic((value), \
    str: log_f_str, char *: log_f_c, const char *: log_f_c, bool: log_f_bool, float: log_f_double, double: log_f_double, \
    unsigned char: log_f_uint, unsigned short: log_f_uint, unsigned int: log_f_uint, unsigned long: log_f_uint, \
    unsigned long long: log_f_uint, default: log_f_int)((name), (value))

static inline struct log_field log_f_str(const char *n, str v) { return (struct log_field){ n, LOG_STR, { .s = v } }; }
static inline struct log_field log_f_c(const char *n, const char *v) { return log_f_str(n, str_from(v ? v : "")); }
static inline struct log_field log_f_int(const char *n, int64_t v) { return (struct log_field){ n, LOG_INT, { .i = v } }; }
static inline struct log_field log_f_uint(const char *n, uint64_t v) { return (struct log_field){ n, LOG_UINT, { .u = v } }; }
static inline struct log_field log_f_double(const char *n, double v) { return (struct log_field){ n, LOG_DOUBLE, { .d = v } }; }
static inline struct log_field log_f_bool(const char *n, bool v) { return (struct log_field){ n, LOG_BOOL, { .b = v } }; }

bool log_on(enum log_level, const char *event);
void log_write(enum log_level, const char *event, const struct log_field *, size_t n);  /* field 0 is ignored */

/* Before threads start, or from the loop thread only. */
void log_set_level(enum log_level);
enum err log_set_event_level(str event, enum log_level) MUST_USE;   /* overrides the level for "name" or "prefix.*" */
enum err log_level_parse(str, enum log_level *) MUST_USE;           /* debug info warn error off */
void log_set_fd(int fd);                                /* default: 2 */
void log_mask(str secret);                              /* never write this value, wherever it stands; at least 6 bytes */
struct buf;
/* The same for a text that is shown elsewhere: it is added to `out` with "***" in the place of each such value.  False, and
 * nothing is added, when there is none in it. */
bool log_mask_text(str, struct buf *out);
/* Fills in what the current fiber carries; runtime/ sets it.  Returns "" when there is none. */
struct log_context { char request_id[40], session[40]; };
extern struct log_context *(*log_context_hook)(void);
