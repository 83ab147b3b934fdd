// SPDX-License-Identifier: Apache-2.0
/* setup.h: the few questions before a first talk.  The answers go to $CLAWDBOT_HOME/config/setup.yaml, a layer below
 * everything the user writes, so that no file of theirs is changed and asking again is harmless. */
#pragma once
#include "base/buf.h"
#include "cli/cli.h"

/* "": leave it out. */
struct setup_answers { const char *language, *endpoint, *api_key, *model; };

/* In single quotes, where only the quote itself is special to YAML, and "${" to us. */
void     setup_quote(struct buf *, const char *text);
/* Whole or not at all; 0600.  Its folders are made. */
enum err setup_put(struct cli *, const char *path, str text) MUST_USE;
void     setup_render(struct buf *, const struct setup_answers *);
enum err setup_write(struct cli *, const struct setup_answers *, const char **ret_path) MUST_USE;   /* whole or not at all; 0600 */

/* What a person typed, as an address with its scheme; NULL when it looks like a key. */
const char *setup_address(struct arena *, const char *typed);

/* On a terminal, when nothing is configured and nobody was asked before: offers to run the questions.  Loads the
 * configuration anew when they were answered. */
enum err setup_offer(struct cli *) MUST_USE;
