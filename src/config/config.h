// SPDX-License-Identifier: Apache-2.0
/* config.h: the settings in force.  Every setting is one row of options.def, which gives its parser, default,
 * check, help, manual, environment name (CLAWDBOT_SERVER_PORT) and JSON schema.
 *
 * Layers, later wins: built-in defaults, config/default.yaml, config/$CLAWDBOT_ENV.yaml, --config FILE, the
 * environment, flags.  ${NAME} in a value is read from the environment; a secret may be {file: path}. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct string_list { size_t n; const char *const *items; };

/* One field an option: config->server_port.  Types: PORT and COUNT uint64_t, SIZE uint64_t bytes ("512M"),
 * DURATION uint64_t ms, FLAG bool, TEXT and SECRET and FILE_PATH const char * ("" when not set), LIST string_list,
 * CHOICE const char *. */
struct config {
#define OPTION(field, type, path, otherwise, doc) OPTION_FIELD_##type(field)
#define OPTION_FIELD_PORT(f)      uint64_t f;
#define OPTION_FIELD_COUNT(f)     uint64_t f;
#define OPTION_FIELD_SIZE(f)      uint64_t f;
#define OPTION_FIELD_DURATION(f)  uint64_t f;
#define OPTION_FIELD_FLAG(f)      bool f;
#define OPTION_FIELD_TEXT(f)      const char *f;
#define OPTION_FIELD_SECRET(f)    const char *f;
#define OPTION_FIELD_PATH(f)      const char *f;
#define OPTION_FIELD_LIST(f)      struct string_list f;
#include "config/options.def"
#undef OPTION
    const char *home;               /* $CLAWDBOT_HOME: absolute; state lives under it */
};

/* The settings now.  Never NULL once config_load() succeeded; a reload gives a new one, and the old stays valid
 * until the process ends (a reload is a rare thing; so is its size). */
const struct config *config_now(void);
