// SPDX-License-Identifier: Apache-2.0
#include "document/modules/html_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void html_writer_done(struct html_writer *w)
{
    buf_done(&w->prefix);
}

/* Between a marker and its text there is no break. */
void html_break(struct html_writer *w, unsigned lines)
{
    if (!*w->marker && w->breaks < lines)
        w->breaks = lines;
}

static void end_line(struct html_writer *w)
{
    while (w->out->len && w->out->p[w->out->len - 1] == ' ')
        buf_cut(w->out, w->out->len - 1);
    buf_add_char(w->out, '\n');
    buf_add(w->out, buf_str(&w->prefix));
}

static void put_marker(struct html_writer *w)
{
    buf_add(w->out, str_from(w->marker));
    for (size_t i = 0; w->indents && i < strlen(w->marker) && w->n_levels <= HTML_LEVELS; i++)
        buf_add_char(&w->prefix, ' ');
    *w->marker = '\0';
}

/* What was asked for before the text that comes now. */
static void begin(struct html_writer *w)
{
    if (w->flat && !*w->marker) {
        if ((w->space || w->breaks) && w->out->len && w->out->p[w->out->len - 1] != ' ')
            buf_add_char(w->out, ' ');
    } else if (w->breaks && w->out->len) {
        for (unsigned i = 0; i < w->breaks; i++)
            end_line(w);
    } else if (w->out->len == 0) {
        buf_add(w->out, buf_str(&w->prefix));
    } else if (w->space) {
        buf_add_char(w->out, ' ');
    }
    if (*w->marker)
        put_marker(w);
    w->breaks = 0;
    w->space = false;
}

void html_put(struct html_writer *w, str text)
{
    begin(w);
    buf_add(w->out, text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

void html_put_collapsed(struct html_writer *w, str text)
{
    while (text.len) {
        size_t n = 0;

        while (n < text.len && !is_blank(text.p[n]))
            n++;
        if (n)
            html_put(w, str_take(text, n));
        text = str_skip(text, n);
        w->space |= text.len > 0;
        while (text.len && is_blank(*text.p))
            text = str_skip(text, 1);
    }
}

static size_t longest_run(str text, char c)
{
    size_t longest = 0, n = 0;

    for (size_t i = 0; i < text.len; i++) {
        n = text.p[i] == c ? n + 1 : 0;
        longest = n > longest ? n : longest;
    }
    return longest;
}

static void add_ticks(struct html_writer *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(w->out, '`');
}

void html_put_code_span(struct html_writer *w, str code)
{
    size_t n = longest_run(code, '`') + 1;

    code = str_trim(code);
    if (code.len == 0)
        return;
    begin(w);
    add_ticks(w, n);
    buf_add(w->out, n > 1 ? S(" ") : S(""));
    html_put_collapsed(w, code);
    buf_add(w->out, n > 1 ? S(" ") : S(""));
    add_ticks(w, n);
}

void html_put_code(struct html_writer *w, str code)
{
    size_t n = longest_run(code, '`') + 1;
    str line;

    if (w->flat) {
        html_put_code_span(w, code);
        return;
    }
    if (str_trim(code).len == 0)
        return;
    str_eat(&code, S("\n"));
    while (code.len && is_blank(code.p[code.len - 1]))
        code.len--;
    html_break(w, 2);
    begin(w);
    n = n < 3 ? 3 : n;
    add_ticks(w, n);
    while (str_split(&code, '\n', &line)) {
        end_line(w);
        buf_add(w->out, line);
    }
    end_line(w);
    add_ticks(w, n);
    html_break(w, 2);
}

static struct html_level *top(struct html_writer *w)
{
    return &w->levels[w->n_levels < HTML_LEVELS ? w->n_levels : HTML_LEVELS];
}

static void push(struct html_writer *w, str indent, struct html_level level)
{
    if (++w->n_levels > HTML_LEVELS)
        return;
    level.outer = w->prefix.len;
    buf_add(&w->prefix, indent);
    level.inner = w->prefix.len;
    w->levels[w->n_levels] = level;
}

void html_level_end(struct html_writer *w)
{
    if (w->n_levels <= HTML_LEVELS)
        buf_cut(&w->prefix, top(w)->outer);
    w->n_levels--;
    html_break(w, w->n_levels ? 1 : 2);
}

void html_list_begin(struct html_writer *w, bool ordered, int64_t first)
{
    html_break(w, w->n_levels ? 1 : 2);
    push(w, S(""), (struct html_level){ .ordered = ordered, .next = first });
}

void html_quote_begin(struct html_writer *w)
{
    html_break(w, 2);
    push(w, S("> "), (struct html_level){ 0 });
}

void html_item_begin(struct html_writer *w)
{
    struct html_level *l = top(w);

    if (*w->marker && !w->flat)
        begin(w);
    html_break(w, 1);
    if (w->flat)
        return;
    if (l->ordered)
        snprintf(w->marker, sizeof w->marker, "%" PRId64 ". ", l->next++);
    else
        snprintf(w->marker, sizeof w->marker, "- ");
    w->indents = true;
}

void html_item_end(struct html_writer *w)
{
    *w->marker = '\0';
    buf_cut(&w->prefix, top(w)->inner);
    html_break(w, 1);
}

void html_heading_begin(struct html_writer *w, unsigned level)
{
    html_break(w, 2);
    if (w->flat || *w->marker)
        return;
    snprintf(w->marker, sizeof w->marker, "%.*s ", (int)level, "######");
    w->indents = false;
}
