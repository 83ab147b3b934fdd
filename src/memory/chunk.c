// SPDX-License-Identifier: Apache-2.0
#include "memory/chunk.h"

#include <string.h>

#include "base/utf8.h"

enum { LONG_PARAGRAPH_CUTS = 8, TEXT_ROOM = 64 << 10 };

/* ---- sizes ---- */

/* By the first byte of the character: U+2E80 to U+9FFF, U+AC00 to U+D7AF and what lies above the basic plane. */
static bool is_han_lead(unsigned char c)
{
    return (c >= 0xe2 && c <= 0xe9) || (c >= 0xea && c <= 0xed) || c >= 0xf0;
}

static bool is_han(str s, size_t i)
{
    uint32_t ch;

    if (!is_han_lead((unsigned char)s.p[i]) || !utf8_next(str_skip(s, i), &ch))
        return false;
    return (ch >= 0x2e80 && ch <= 0x9fff) || (ch >= 0xac00 && ch <= 0xd7af) || ch > 0xffff;
}

size_t chunk_tokens(str s)
{
    size_t han = 0, other = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (is_han(s, i)) {
            i += c >= 0xf0 ? 3 : 2;
            han++;
        } else {
            other++;
        }
    }
    return han + (other + 3) / 4;
}

static uint32_t count_lines(str s)
{
    uint32_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.p[i] == '\n';
    return n;
}

static str without_blanks_behind(str s)
{
    while (s.len && strchr(" \t\r\n\f", s.p[s.len - 1]))
        s.len--;
    return s;
}

/* The same words give the same number in every process, or a text would be cut anew at every start. */
static bool is_chosen(str words, unsigned one_in)
{
    static const uint64_t key[2] = { 0x636c617764626f74, 0x70617373616765 };

    return str_hash_keyed(str_trim(words), key) % one_in == 0;
}

/* ---- cutting ---- */

static str first_line(str s)
{
    size_t end = str_find_char(s, '\n');

    return str_take(s, end == STR_NONE ? s.len : end + 1);
}

/* With the blank lines behind it. */
static size_t paragraph_end(str s)
{
    bool blank = false;

    for (size_t at = 0; at < s.len;) {
        str line = first_line(str_skip(s, at));
        bool was_blank = blank;

        blank = str_trim(line).len == 0;
        if (was_blank && !blank)
            return at;
        at += line.len;
    }
    return s.len;
}

static size_t ending_at(str s, size_t i)
{
    static const char *const ends[] = { "\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f", ". ", "! ", "? ", ".\n", "!\n", "?\n" };

    for (size_t k = 0; k < N_ELEMENTS(ends); k++)
        if (str_starts(str_skip(s, i), str_from(ends[k])))
            return strlen(ends[k]);
    return s.p[i] == '\n' ? 1 : 0;
}

/* What is longer than a passage without an end of a sentence is cut at a blank, or anywhere. */
static size_t hard_end(str s)
{
    str most = utf8_take(s, CHUNK_MAX * 2);

    while (most.len > CHUNK_MAX / 2 && chunk_tokens(most) > CHUNK_MAX)
        most = utf8_take(s, most.len * 3 / 4);
    size_t end = most.len;

    while (end > most.len / 2 && most.p[end - 1] != ' ')
        end--;
    return end > most.len / 2 ? end : most.len ? most.len : s.len;
}

static size_t sentence_end(str s)
{
    size_t end = s.len;

    for (size_t i = 0, n; i < s.len; i++)
        if ((n = ending_at(s, i)) != 0) {
            end = i + n;
            break;
        }
    while (end < s.len && (s.p[end] == ' ' || s.p[end] == '\n'))
        end++;
    return chunk_tokens(str_take(s, end)) > CHUNK_MAX / 2 ? hard_end(str_take(s, end)) : end;
}

static size_t line_end(str s)
{
    str line = first_line(s);

    return chunk_tokens(line) > CHUNK_MAX / 2 ? hard_end(line) : line.len;
}

/* ---- a passage ---- */

static void say_title(struct chunker *c)
{
    c->title.max = 16 << 10;
    buf_clear(&c->title);
    buf_add(&c->title, c->name);
    if (c->heading.len)
        buf_add(&c->title, S(" > "));
    buf_add(&c->title, buf_str(&c->heading));
    buf_cut(&c->title, utf8_take(buf_str(&c->title), ITEM_TITLE_MAX).len);
}

static enum err give(struct chunker *c, enum item_kind kind, str text, size_t repeated, struct document_place place)
{
    say_title(c);
    buf_clear(&c->place);
    document_place_say(&c->place, place);
    return c->on_passage(c->arg, &(struct passage){ .kind = kind, .title = buf_str(&c->title), .text = text, .place = buf_str(&c->place),
                                                    .fields = buf_str(&c->fields), .repeated = repeated });
}

static void start_anew(struct chunker *c)
{
    buf_clear(&c->text);
    c->tokens = c->repeated = 0;
    c->sentence_at[0] = c->sentence_at[1] = 0;
}

/* A passage that would be nothing but a repetition is none. */
static enum err flush(struct chunker *c)
{
    str text = str_trim(buf_str(&c->text));
    struct document_place place = c->from;

    if (text.len > c->repeated) {
        place.last = place.kind == PLACE_LINE ? c->end_line : place.number;
        buf_clear(&c->fields);
        TRY(give(c, ITEM_PASSAGE, text, c->repeated, place));
    }
    start_anew(c);
    return OK;
}

/* Ends the passage within a paragraph: its last sentences, two at most, begin the next one. */
static enum err flush_within(struct chunker *c)
{
    CLEANUP(buf_done) struct buf again = { .max = TEXT_ROOM };
    size_t at = c->text.len;

    for (size_t i = 0; i < N_ELEMENTS(c->sentence_at); i++)
        if (c->sentence_at[i] > 0 && chunk_tokens(str_skip(buf_str(&c->text), c->sentence_at[i])) <= CHUNK_OVERLAP)
            at = c->sentence_at[i];
    while (at < c->text.len && c->text.p[at] == ' ')
        at++;
    buf_add(&again, str_skip(buf_str(&c->text), at));
    TRY(flush(c));
    if (!c->prose || str_trim(buf_str(&again)).len == 0)
        return OK;
    buf_add(&c->text, buf_str(&again));
    c->tokens = chunk_tokens(buf_str(&again));
    c->repeated = without_blanks_behind(buf_str(&again)).len;
    if (c->from.kind == PLACE_LINE)
        c->from.number = c->line - count_lines(buf_str(&again));
    return OK;
}

static void add(struct chunker *c, str s)
{
    uint32_t line = c->line;

    c->line += c->from.kind == PLACE_LINE ? count_lines(s) : 0;
    if (str_trim(s).len == 0 && c->text.len == 0)
        return;
    if (c->text.len == 0)
        c->from.number = line;
    c->sentence_at[1] = c->sentence_at[0];
    c->sentence_at[0] = c->text.len;
    buf_add(&c->text, s);
    c->tokens += chunk_tokens(s);
    c->end_line = line + (c->from.kind == PLACE_LINE ? count_lines(without_blanks_behind(s)) : 0);
}

/* ---- paragraphs ---- */

/* A paragraph that no passage can hold, sentence by sentence or line by line. */
static enum err add_pieces(struct chunker *c, str paragraph)
{
    while (paragraph.len) {
        str piece = str_take(paragraph, c->prose ? sentence_end(paragraph) : line_end(paragraph));

        if (c->tokens + chunk_tokens(piece) > CHUNK_MAX)
            TRY(flush_within(c));
        add(c, piece);
        paragraph = str_skip(paragraph, piece.len);
        if (paragraph.len && c->prose && c->tokens >= CHUNK_MIN && is_chosen(piece, LONG_PARAGRAPH_CUTS))
            TRY(flush_within(c));
    }
    return OK;
}

static enum err add_paragraph(struct chunker *c, str paragraph)
{
    size_t tokens = chunk_tokens(paragraph);

    if (c->tokens + tokens > CHUNK_MAX && (c->tokens >= CHUNK_MIN || (!c->prose && tokens <= CHUNK_MAX)))
        TRY(flush(c));
    if (c->tokens + tokens <= CHUNK_MAX)
        add(c, paragraph);
    else
        TRY(add_pieces(c, paragraph));
    return c->tokens >= CHUNK_MIN && is_chosen(paragraph, 2) ? flush(c) : OK;
}

/* Code that fits is one paragraph, whatever blank lines are in it. */
static enum err add_text(struct chunker *c, str text)
{
    if (!c->prose && chunk_tokens(text) <= CHUNK_MAX)
        return add_paragraph(c, text);
    while (text.len) {
        size_t end = paragraph_end(text);

        TRY(add_paragraph(c, str_take(text, end)));
        text = str_skip(text, end);
    }
    return OK;
}

/* ---- sections ---- */

static bool goes_on(const struct chunker *c, const struct section *s)
{
    if (!c->begun || !str_eq(buf_str(&c->heading), s->heading) || c->from.kind != s->place.kind)
        return false;
    return s->place.kind != PLACE_PAGE || c->from.number == s->place.number;
}

static void separate(struct chunker *c, const struct section *s)
{
    buf_cut(&c->text, without_blanks_behind(buf_str(&c->text)).len);
    if (c->text.len)
        buf_add(&c->text, s->piece ? S("\n") : S("\n\n"));
}

/* An object with the columns in their order; a name that comes again is "name (2)".  What is beyond the maximum is left out. */
static void print_fields(struct chunker *c, const struct section *s)
{
    CLEANUP(json_decrefp) json_t *object = json_object();
    CLEANUP(buf_done) struct buf name = { .max = 2048 };
    size_t size = 0;

    for (size_t i = 0; i < s->n_fields && size < CHUNK_FIELDS_MAX / 2; i++) {
        str value = utf8_take(s->fields[i].value, CHUNK_FIELDS_MAX / 2 - size);

        buf_clear(&name);
        buf_add(&name, utf8_take(s->fields[i].name, 1024));
        for (unsigned n = 2; json_object_get(object, buf_c(&name)); n++) {
            buf_cut(&name, utf8_take(s->fields[i].name, 1024).len);
            buf_addf(&name, " (%u)", n);
        }
        size += name.len + value.len;
        json_object_set_new(object, buf_c(&name), json_from_str(value));
    }
    buf_clear(&c->fields);
    json_print_to(&c->fields, object);
}

static enum err add_row(struct chunker *c, const struct section *s)
{
    str text = str_trim(s->text);

    TRY(flush(c));
    c->begun = false;
    buf_clear(&c->fields);
    buf_clear(&c->heading);
    buf_add(&c->heading, s->heading);
    if (s->piece == 0)
        print_fields(c, s);
    return text.len ? give(c, ITEM_ROW, text, 0, s->place) : OK;
}

enum err chunk_section(struct chunker *c, const struct section *s)
{
    if (s->kind == SECTION_ROW)
        return add_row(c, s);
    if (!goes_on(c, s)) {
        TRY(flush(c));
        c->from = s->place;
        c->begun = true;
        buf_clear(&c->heading);
        buf_add(&c->heading, s->heading);
    }
    separate(c, s);
    c->prose = s->kind == SECTION_PROSE;
    c->line = s->place.number;
    c->sentence_at[0] = c->sentence_at[1] = 0;
    return add_text(c, s->text);
}

enum err chunk_end(struct chunker *c)
{
    enum err e = flush(c);

    c->begun = false;
    return e;
}

void chunker_done(struct chunker *c)
{
    buf_done(&c->text);
    buf_done(&c->title);
    buf_done(&c->place);
    buf_done(&c->fields);
    buf_done(&c->heading);
}
