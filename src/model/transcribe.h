// SPDX-License-Identifier: Apache-2.0
/* transcribe.h: what is said in a recording, as text, by the models of the role speech.  OpenAI's audio API, which many servers have:
 * POST endpoint/audio/transcriptions, multipart/form-data (https://platform.openai.com/docs/api-reference/audio/createTranscription). */
#pragma once
#include "model/model.h"

enum { RECORDING_MAX = 25 << 20 };      /* bytes; what OpenAI takes at most */

struct recording { str name, mime, bytes; };    /* name: with the ending that tells the format; "", "": they are not known */

/* The first model of the route that can.  The text is in the arena, without spaces around it; it may be empty.  Errors are those of the
 * model asked last, with its name: ERR_TIMEOUT, ERR_NET, ERR_LIMIT: later may go well; ERR_INPUT: this recording is refused;
 * ERR_REMOTE: what came back is no transcript. */
enum err transcribe(const struct model_route *, struct arena *, const struct recording *, str *out) AWAITS MUST_USE;
