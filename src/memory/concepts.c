// SPDX-License-Identifier: Apache-2.0
#include "memory/concepts.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/embedded.h"
#include "base/feature_hash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/stem.h"

enum { LONGEST_SIZE = 4096, VARIANTS_SIZE = 4096, TERM_MAX = 128 };

extern const struct embedded_file memory_concepts[];

struct slot { uint64_t key; struct meaning meaning; };      /* key 0: free */
struct variant { uint16_t from, to; };

static struct {
    struct concept *concepts;
    struct slot    *slots;
    size_t          n_concepts, n_terms, n_slots;           /* n_slots: a power of two */
    uint8_t         longest[LONGEST_SIZE];                  /* by first character: characters of the longest term */
    struct variant  variants[VARIANTS_SIZE];                /* traditional characters */
} table;

static pthread_once_t once = PTHREAD_ONCE_INIT;

uint64_t concept_word_key(str stem)
{
    return feature_hash(stem);
}

uint64_t concept_han_key(uint64_t so_far, uint32_t ch)
{
    return feature_hash_on(so_far, ch);
}

uint64_t concept_pair_key(uint64_t first, uint64_t second)
{
    return feature_hash_mix(first) ^ (second << 7 | second >> 57);
}

static size_t variant_place(uint32_t ch)
{
    size_t i = (ch * 0x9E3779B1u) >> 20;

    while (table.variants[i].from && table.variants[i].from != ch)
        i = (i + 1) % VARIANTS_SIZE;
    return i;
}

static uint32_t simplified(uint32_t ch)
{
    const struct variant *v = &table.variants[variant_place(ch)];

    return v->from == ch && ch ? v->to : ch;
}

/* Where the key is or would be. */
static struct slot *slot_of(uint64_t key)
{
    size_t i = feature_hash_mix(key) & (table.n_slots - 1);

    while (table.slots[i].key && table.slots[i].key != key)
        i = (i + 1) & (table.n_slots - 1);
    return &table.slots[i];
}

static bool has_concept(const struct meaning *m, uint16_t concept)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->concepts[i] == concept)
            return true;
    return false;
}

/* concept: CONCEPT_NONE for a word that has a class only. */
#define CONCEPT_NONE UINT16_MAX

static void add_term(uint64_t key, enum concept_class class, uint16_t concept)
{
    struct slot *slot = slot_of(key);
    struct meaning *m = &slot->meaning;

    table.n_terms += slot->key == 0;
    slot->key = key;
    m->class = (uint8_t)(class > m->class ? class : m->class);
    if (concept != CONCEPT_NONE && m->n < CONCEPTS_OF_WORD_MAX && !has_concept(m, concept))
        m->concepts[m->n++] = concept;
}

static uint64_t han_term(str term)
{
    uint64_t key = FEATURE_HASH_START;
    uint8_t *longest = NULL, n = 0;
    uint32_t ch;

    for (size_t len; (len = utf8_next(term, &ch)) > 0; term = str_skip(term, len), n++) {
        key = concept_han_key(key, ch);
        longest = longest ? longest : &table.longest[ch % LONGEST_SIZE];
    }
    if (longest && *longest < n)
        *longest = n;
    return key;
}

static uint64_t word_term(str word)
{
    char stem[TERM_MAX];
    size_t len = word.len < sizeof stem ? word.len : sizeof stem;

    memcpy(stem, word.p, len);
    return concept_word_key(str_of(stem, stem_english(stem, len)));
}

static uint64_t part_key(str part)
{
    return part.len && (unsigned char)part.p[0] >= 0x80 ? han_term(part) : word_term(part);
}

/* "credit_card" is two words, "3_月" a number and what follows it. */
static uint64_t term_key(str term)
{
    size_t joint = str_find_char(term, '_');

    if (joint == STR_NONE)
        return part_key(term);
    return concept_pair_key(part_key(str_take(term, joint)), part_key(str_skip(term, joint + 1)));
}

static void read_variants(str pairs)
{
    uint32_t from, to;
    str pair;

    while (str_split(&pairs, ' ', &pair)) {
        size_t n = utf8_next(pair, &from);

        if (n == 0 || utf8_next(str_skip(pair, n), &to) == 0 || from > UINT16_MAX || to > UINT16_MAX)
            continue;
        table.variants[variant_place(from)] = (struct variant){ (uint16_t)from, (uint16_t)to };
    }
}

static void read_terms(str terms, enum concept_class class)
{
    struct concept *c = NULL;
    uint16_t at = CONCEPT_NONE;
    size_t wider = 0;
    str term;

    while (str_split(&terms, ' ', &term)) {
        if (str_ends(term, S("*")))
            term.len--;
        if (term.len == 0)
            continue;
        if (c && str_eat(&term, S("^"))) {
            if (wider < CONCEPT_WIDER_MAX)
                c->wider[wider++] = term_key(term);
            continue;
        }
        if (!c && class != CONCEPT_FUNCTION) {
            at = (uint16_t)table.n_concepts;
            c = &table.concepts[table.n_concepts++];
            *c = (struct concept){ .key = term_key(term), .class = class };
        }
        add_term(term_key(term), class, at);
    }
}

static void read_line(str line)
{
    if (str_eat(&line, S("=")))
        read_variants(line);
    else if (str_eat(&line, S("-")))
        read_terms(line, CONCEPT_FUNCTION);
    else if (str_eat(&line, S("~")))
        read_terms(line, CONCEPT_COMMON);
    else if (line.len && !str_starts(line, S("#")))
        read_terms(line, CONCEPT_PLAIN);
}

static void read_concepts(void)
{
    str text = embedded_named(memory_concepts, S("concepts.txt")), line;
    size_t lines = 1, terms = 1;

    for (size_t i = 0; i < text.len; i++) {
        lines += text.p[i] == '\n';
        terms += text.p[i] == '\n' || text.p[i] == ' ';
        terms -= text.p[i] == '^';
    }
    assert(lines < CONCEPT_NONE);
    for (table.n_slots = 1024; table.n_slots < terms + terms / 4; table.n_slots *= 2)
        ;
    table.concepts = mem_alloc(lines * sizeof *table.concepts);
    table.slots = mem_alloc(table.n_slots * sizeof *table.slots);
    while (str_split(&text, '\n', &line))
        read_line(line);
}

const struct meaning *concepts_of(uint64_t key)
{
    pthread_once(&once, read_concepts);
    const struct slot *slot = slot_of(key);

    return slot->key ? &slot->meaning : NULL;
}

const struct meaning *concepts_of_han(str text, size_t *ret_len)
{
    const struct meaning *found = NULL;
    uint64_t key = FEATURE_HASH_START;
    size_t at = 0, longest = 0, n;
    uint32_t ch;

    pthread_once(&once, read_concepts);
    for (size_t i = 0; i == 0 || i < longest; i++, at += n) {
        if ((n = utf8_next(str_skip(text, at), &ch)) == 0)
            break;
        ch = simplified(ch);
        longest = i ? longest : table.longest[ch % LONGEST_SIZE];
        key = concept_han_key(key, ch);
        const struct slot *slot = slot_of(key);

        if (slot->key) {
            found = &slot->meaning;
            *ret_len = at + n;
        }
    }
    return found;
}

const struct concept *concept_at(uint16_t i)
{
    return &table.concepts[i];
}

uint32_t concept_han_simplified(uint32_t ch)
{
    pthread_once(&once, read_concepts);
    return simplified(ch);
}

struct concepts_stats concepts_stats(void)
{
    pthread_once(&once, read_concepts);
    return (struct concepts_stats){ table.n_concepts, table.n_terms,
        sizeof table + table.n_concepts * sizeof *table.concepts + table.n_slots * sizeof *table.slots };
}
