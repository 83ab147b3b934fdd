// SPDX-License-Identifier: Apache-2.0
/* channels.h: what the commands about channels share.  What `channels add` was told is a file a channel, config/channels/NAME.yaml:
 * a layer below everything the user writes, so that no file of theirs is changed and removing is deleting it. */
#pragma once
#include "cli/keeper.h"
#include "config/options.h"
#include "domain/channel.h"

enum { CHANNEL_ANSWERS_MAX = 32 };

struct channel_answer { const struct option *option; const char *value; };
struct channel_answers { size_t n; struct channel_answer row[CHANNEL_ANSWERS_MAX]; };

enum err    channel_named(struct cli *, const char *name, const struct channel **out) MUST_USE;  /* a usage error says what is near */
bool        channel_owns(const struct channel *, const struct option *);
const char *channel_option_key(const struct channel *, const struct option *);      /* "token" of platforms.telegram.token */
enum err    channel_file(struct cli *, const struct channel *, const char **ret_path) MUST_USE;
const char *channel_secret_name(struct arena *, const struct channel *, const struct option *);     /* "telegram.token" */

/* The file's text.  A value that begins with '{' or '[' is YAML already. */
void        channel_render(struct buf *, const struct channel *, const struct channel_answers *);

/* Takes the --set flags that are this channel's out of the command line: KEY=VALUE, or with the whole path.  A usage error names the
 * keys there are.  @FILE: a secret's value is read from there. */
enum err    channel_take_sets(struct cli *, const struct channel *, struct channel_answers *) MUST_USE;

/* Loads the settings; without a gateway with the secrets in their places, where there are any. */
enum err    channels_load(struct cli *, struct keeper *) AWAITS MUST_USE;
bool        cli_is_chinese(void);               /* by the setting `language`, else by the terminal's */
enum err    channels_reload_gateway(struct cli *) AWAITS MUST_USE;
/* What a test found, printed; ERR_REMOTE when it does not work. */
enum err    channel_try(struct cli *, const struct channel *, const char *to, const char *text) AWAITS MUST_USE;
