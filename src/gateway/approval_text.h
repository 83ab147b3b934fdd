// SPDX-License-Identifier: Apache-2.0
/* approval_text.h: what a person is shown before something runs, and how their answer is read.  Pure. */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "domain/tool.h"

enum approval_scope { APPROVAL_ONCE, APPROVAL_SESSION, APPROVAL_ALWAYS };
const char *approval_scope_name(enum approval_scope);               /* "once", "session", "always" */
bool        approval_scope_parse(str, enum approval_scope *out);    /* also 本次, 本对话, 总是 */

/* "yes 4821", "no 4821", "yes 4821 session", "是 4821 总是" */
struct approval_answer { bool yes; str code; enum approval_scope scope; };
bool        approval_parse(str text, struct approval_answer *out);

struct approval_view {
    str code, tool, arguments;      /* arguments: JSON */
    str person;                     /* for whom */
    str why, taint;
    const char *access;             /* what it would reach: approval_access() */
    bool wider;                     /* may be allowed for longer than once */
    uint64_t timeout_ms;
    bool chinese;
};
/* Markdown.  Nothing of the call is left out silently, and no character of it can hide another. */
str         approval_question(struct arena *, const struct approval_view *);
/* What is offered under it, an array of {label, reply}: each reply counts as if it had been typed.  A new reference. */
json_t     *approval_choices(const char *code, bool wider, bool chinese);
const char *approval_access(enum risk, bool chinese);
