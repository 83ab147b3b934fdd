// SPDX-License-Identifier: Apache-2.0
/* tool.h: the slot for what the assistant can do.  One file a tool exports a `struct tool`. */
#pragma once
#include "base/json.h"
#include "domain/person.h"

enum risk {
    RISK_READ,          /* looks, inside the workspace */
    RISK_WRITE,         /* changes things inside the workspace */
    RISK_EXECUTE,       /* runs code, inside the sandbox */
    RISK_OUTSIDE,       /* reaches beyond this machine's sandbox */
};

/* What the floor that runs turns lends to the tools of its own floor; the others pass it on unseen.  gateway/ has it. */
struct tool_host;

/* Who asks, and where it happens.  Lives for the call. */
struct tool_context {
    struct arena *arena;
    const char   *workspace;        /* absolute path, exists */
    str           session_id, platform, chat_id, user;
    struct person person;
    int64_t       inbox_id;         /* of the message that is being answered; 0: none */
    str           call_id;
    str           taint;            /* whose words are in the context besides the owner's; "": nobody's */
    bool          chinese;          /* what a person is shown as it stands is said in Chinese; else in English */
    int64_t       approval;         /* id of the approval that let this call through; 0: the policy allowed it */
    struct tool_host *host;         /* NULL in tests of a tool alone */
};

struct tool_result {
    str   text;                     /* what the model reads; UTF-8, capped by the tool */
    bool  is_error;                 /* the tool ran and says no: the model may do better */
    str   taint;                    /* whose words these are besides the owner's: "web page https://example.org/"; "" */
    bool  transient;                /* is_error, and for a reason that may pass by itself: the network, a service that is busy */
};

/* What of the workspace may be in a result. */
enum tool_reads { READS_NOTHING, READS_PATH /* what the argument "path" names, all of it without */, READS_WORKSPACE };

struct tool {
    const char *name;               /* [a-z_]+ */
    const char *description;        /* one sentence for the model */
    const char *schema;             /* JSON Schema of the arguments (an object) as text */
    enum risk   risk;
    enum tool_reads reads;
    bool        repeatable;         /* may run again when nobody knows whether it ran */
    /* An error is for what the model cannot mend (cancelled, no sandbox); all else is a result with is_error. */
    enum err  (*run)(const struct tool_context *, const json_t *arguments, struct tool_result *out) /* AWAITS */;
};

const char *risk_name(enum risk);
/* Checks arguments against the schema as far as tools need: type, required, properties, enum, minimum, maximum,
 * additionalProperties false.  The text names the argument. */
enum err tool_check_arguments(const struct tool *, const json_t *arguments) MUST_USE;
