// SPDX-License-Identifier: Apache-2.0
/* config.h: the settings in force.  Every setting is one row of options.def, which gives its parser, default,
 * check, help, manual, environment name (CLAWDBOT_SERVER_PORT) and JSON schema.
 *
 * Layers, later wins: built-in defaults; in $CLAWDBOT_HOME/config setup.yaml (written by `clawdbot setup`), channels/NAME.yaml
 * (written by `clawdbot channels add`), default.yaml and $CLAWDBOT_ENV.yaml; the latter two beside the file given by --config; that
 * file; the environment; flags.
 * ${NAME} in a file's value is read from the environment; a secret may be {file: path}, or {secret: name}: one that is
 * kept encrypted in the store. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct json_t;              /* jansson's */
struct string_list { size_t n; const char *const *items; };

/* One field an option: config_now()->server_port.  Texts are never NULL: "" when not set. */
struct config {
#define OPTION(field, type, ...) OPTION_FIELD_##type(field)
#define OPTION_FIELD_PORT(f)      uint64_t f;               /* 0 to 65535 */
#define OPTION_FIELD_COUNT(f)     uint64_t f;
#define OPTION_FIELD_SIZE(f)      uint64_t f;               /* bytes: "512M" */
#define OPTION_FIELD_DURATION(f)  uint64_t f;               /* ms: "1h30m" */
#define OPTION_FIELD_FLAG(f)      bool f;
#define OPTION_FIELD_TEXT(f)      const char *f;
#define OPTION_FIELD_CHOICE(f)    const char *f;            /* one of those the row allows */
#define OPTION_FIELD_URL(f)       const char *f;            /* a password in it is never shown */
#define OPTION_FIELD_SECRET(f)    const char *f;            /* never shown, given to log_mask() */
#define OPTION_FIELD_PATH(f)      const char *f;            /* absolute, or "" */
#define OPTION_FIELD_LIST(f)      struct string_list f;
#define OPTION_FIELD_RAW(f)       const struct json_t *f;   /* a subtree as it stands, or NULL */
#include "config/options.def"
#undef OPTION
    const char *home;               /* $CLAWDBOT_HOME: absolute; state lives under it */
};

/* The settings now.  Never NULL once config_load() succeeded; a reload gives a new one, and the old stays valid
 * until the process ends (a reload is a rare thing; so is its size). */
const struct config *config_now(void);

struct config_inputs {
    const char        *home;        /* --home; NULL: $CLAWDBOT_HOME, $XDG_DATA_HOME/clawdbot, ~/.local/share/clawdbot */
    const char        *file;        /* --config; NULL: none */
    const char *const *sets;        /* "server.port=9000" */
    size_t             n_sets;
    const char *const *env;         /* "NAME=value", NULL-terminated; NULL: this process's */
};

/* What loading has to say, in the order found.  {0} starts it; texts live until config_report_done(). */
struct config_note {
    struct config_note *next;
    bool                error;      /* else a warning */
    const char         *where;      /* "config/default.yaml:3:9", "environment variable X", "--set x"; "" if nowhere */
    const char         *text;
};
struct config_report {
    struct config_note *first, **end;
    size_t              n_errors, n_warnings;
    size_t              n_changed;      /* options whose value a reload changed */
    struct arena       *arena;
};
void config_report_done(struct config_report *);
void config_report_add(struct config_report *, const char *text);   /* an error that others have found in the settings */

/* ERR_INPUT when the report has errors; its text is the first of them.  Then config_now() is as it was. */
enum err config_load(const struct config_inputs *, struct config_report *) MUST_USE;

/* The same inputs again.  Options that need a restart keep their value, and the report says which ones changed. */
enum err config_reload(struct config_report *) MUST_USE;

/* What {secret: name} stands for.  The store has to be open for that, and which store it is the configuration says: so they are
 * loaded with "" in their places, and once more when there is somebody to ask.  A reload asks too. */
struct config_resolver { enum err (*get)(void *arg, str name, str *out); void *arg; };
void     config_use_resolver(const struct config_resolver *);       /* copied; NULL: none any more */
/* How many settings in force are {secret: name}. */
size_t   config_secret_count(void);
/* The inputs of config_load() again, with everything in force at once: for the start. */
enum err config_load_again(struct config_report *) MUST_USE;

/* May the gateway start with these?  What loads may name what cannot be had: a store that is not built, a model
 * endpoint that is this gateway. */
enum err config_check_startable(struct config_report *) MUST_USE;

/* For tests of other folders: defaults and these ("a.b=c", NULL-terminated), no files, no environment. */
enum err config_load_for_test(const char *home, const char *const *sets) MUST_USE;

/* New references.  show: an array of {path, value, default, from, when, type, allowed}, secrets as "***".  schema: JSON Schema. */
struct json_t *config_show(void);
struct json_t *config_schema(void);

/* The folder that holds the state, without loading anything: for what must run when the configuration is broken. */
enum err config_home(struct arena *, const struct config_inputs *, const char **ret) MUST_USE;
