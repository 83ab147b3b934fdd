// SPDX-License-Identifier: Apache-2.0
/* clawdbot-train: makes data/nlu/weights.bin from data/intents, checks that it can be made again, and measures it. */
#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nlu/train/calibrate.h"
#include "nlu/train/evaluate.h"
#include "nlu/train/net.h"
#include "runtime/clock.h"

static const char help[] =
    "usage: clawdbot-train weights FOLDER FILE [STEPS]    train on the utterances of FOLDER (data/intents), write FILE\n"
    "       clawdbot-train check FOLDER FILE              that FILE was made from FOLDER, and that its making begins the same here\n"
    "       clawdbot-train evaluate [--errors] [--json] [--weights=FILE] [--baseline=FOLDER] SENTENCES.jsonl...\n"
    "       clawdbot-train sentences FOLDER [N] [INTENT]  print what it would train on\n";

const struct settings settings = {
    .seed = 6, .steps = 150000, .early_steps = 400, .keep_back = 15, .drop_word = 8, .drop_parts = 8, .drop_mark = 10, .drop_pooled = 15,
    .rate = 2.5e-3f, .decay = 0.02f, .smoothing = 0.05f, .tag_weight = 0.5f,
};

static void settings_digest(unsigned char out[32])
{
    char text[256];
    const struct settings *s = &settings;
    int n = snprintf(text, sizeof(text), "%u %u %u %u %u %u %u %u %d %d %d %d", s->seed, s->steps, s->early_steps, s->keep_back,
            s->drop_word,
        s->drop_parts, s->drop_mark, s->drop_pooled, (int)(s->rate * 1e6f), (int)(s->decay * 1e6f), (int)(s->smoothing * 1e6f),
        (int)(s->tag_weight * 1e6f));

    SHA256((const unsigned char *)text, (size_t)n, out);
}

/* Training. */

struct learner {
    const struct corpus *corpus;
    struct net *net;
    size_t member;
    unsigned steps;
    struct dice dice;
    struct sentence scratch;
    struct sample batch[NET_BATCH];
    unsigned char early_digest[32];
};

struct training {
    struct arena *arena;
    struct corpus *corpus;
    struct net *net[NET_MEMBERS];
};

static enum err training_start(struct arena *a, const char *folder, struct training **out)
{
    struct training *t = ARENA_NEW(a, struct training);

    t->arena = a;
    TRY(corpus_load(a, folder, settings.keep_back, &t->corpus));
    if (!t->corpus->n_templates)
        return failed(ERR_INPUT, "%s: no utterances", folder);
    *out = t;
    return OK;
}

static void draw(struct learner *l, struct sample *out)
{
    struct arena *once = arena_new();

    sentence_draw(once, l->corpus, &l->dice, &l->scratch, out);
    arena_free(once);
}

/* What it will be like after all the steps; nothing is learned yet. */
static struct learner *learner_new(struct training *t, size_t member, unsigned all)
{
    struct learner *l = ARENA_NEW(t->arena, struct learner);

    l->corpus = t->corpus;
    l->member = member;
    l->dice.state = settings.seed + 1000 * member;
    l->net = t->net[member] = net_new(t->arena, t->corpus, member, &l->dice);
    l->net->steps = all;
    return l;
}

static void *learn(void *arg)
{
    struct learner *l = arg;
    float loss[2], mean[2] = { 0 };
    uint64_t start = clock_ms();

    for (unsigned i = 1; i <= l->steps; i++) {
        for (size_t k = 0; k < NET_BATCH; k++)
            draw(l, &l->batch[k]);
        net_learn(l->net, l->corpus, &l->dice, l->batch, loss);
        mean[0] += (loss[0] - mean[0]) * 0.01f;
        mean[1] += (loss[1] - mean[1]) * 0.01f;
        if (i == settings.early_steps && l->member == 0)
            net_digest(l->net, l->early_digest);
        if (i % 10000 == 0)
            fprintf(stderr, "%zu: %u steps, %.0f s: loss %.4f, of tags %.4f\n", l->member, i, (double)(clock_ms() - start) / 1000,
                    (double)mean[0], (double)mean[1]);
    }
    return NULL;
}

/* Each member in a thread: they share nothing that changes, so what comes of it does not depend on who is when. */
static enum err train_all(struct training *t, unsigned steps, unsigned char early_digest[32])
{
    struct learner *l[NET_MEMBERS];
    pthread_t threads[NET_MEMBERS];

    for (size_t i = 0; i < NET_MEMBERS; i++) {
        l[i] = learner_new(t, i, steps);
        l[i]->steps = steps;
    }
    for (size_t i = 0; i < NET_MEMBERS; i++)
        if (pthread_create(&threads[i], NULL, learn, l[i]))
            return failed(ERR_IO, "no thread can be had");
    for (size_t i = 0; i < NET_MEMBERS; i++)
        pthread_join(threads[i], NULL);
    memcpy(early_digest, l[0]->early_digest, sizeof(l[0]->early_digest));
    return OK;
}

static enum err write_file(const char *path, str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool written = fd >= 0 && write(fd, bytes.p, bytes.len) == (ssize_t)bytes.len;

    if (fd >= 0)
        close(fd);
    return written ? OK : failed(ERR_IO, "%s: %m", path);
}

static void compiler_name(char *out, size_t size)
{
#if defined(__clang__)
    snprintf(out, size, "clang %d.%d.%d", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    snprintf(out, size, "gcc %d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

static enum err run_weights(int argc, char **argv)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct training *t = NULL;
    struct network_header h = { .temperature = NET_SHARE_ONE };
    uint64_t steps = settings.steps;
    str file;

    if (argc > 2)
        TRY(str_u64(str_from(argv[2]), &steps));
    TRY(training_start(a, argv[0], &t));
    TRY(train_all(t, (unsigned)steps, h.early_digest));
    h.early_steps = settings.early_steps;
    memcpy(h.data_digest, t->corpus->digest, sizeof(h.data_digest));
    settings_digest(h.trainer_digest);
    compiler_name(h.compiler, sizeof(h.compiler));
    TRY(calibrate(a, t->net, t->corpus, &h, &file));
    TRY(write_file(argv[1], file));
    fprintf(stderr, "%s: %zu bytes\n", argv[1], file.len);
    return OK;
}

/* The first steps again. */
static enum err run_check(int argc, char **argv)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct network *n = ARENA_NEW(a, struct network);
    struct training *t = NULL;
    struct learner *l;
    unsigned char digest[32];
    str file;

    (void)argc;
    TRY(corpus_read(a, argv[1], &file));
    TRY(network_load(a, file, n));
    TRY(training_start(a, argv[0], &t));
    if (memcmp(t->corpus->digest, n->header->data_digest, sizeof(digest)) != 0)
        return failed(ERR_CONFLICT, "%s was made from other utterances than these: make weights", argv[1]);
    settings_digest(digest);
    if (memcmp(digest, n->header->trainer_digest, sizeof(digest)) != 0)
        return failed(ERR_CONFLICT, "%s was made with other settings: make weights", argv[1]);
    l = learner_new(t, 0, settings.steps);
    l->steps = settings.early_steps;
    learn(l);
    if (memcmp(l->early_digest, n->header->early_digest, sizeof(digest)) != 0)
        return failed(ERR_CONFLICT, "%s: its first %u steps come out differently here: make weights", argv[1], settings.early_steps);
    printf("%s is what this trainer makes of these utterances\n", argv[1]);
    return OK;
}

static enum err run_evaluate(int argc, char **argv)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct evaluation e = { 0 };
    struct network *n = ARENA_NEW(a, struct network);
    struct corpus *c;
    str file;

    for (int i = 0; i < argc; i++) {
        str arg = str_from(argv[i]);

        if (str_eq(arg, S("--errors"))) {
            e.errors = true;
        } else if (str_eq(arg, S("--json"))) {
            e.json = true;
        } else if (str_eat(&arg, S("--weights="))) {
            TRY(corpus_read(a, arg.p, &file));
            TRY(network_load(a, file, n));
            e.network = n;
        } else if (str_eat(&arg, S("--baseline="))) {
            TRY(corpus_load(a, arg.p, 0, &c));
            e.baseline = linear_train(a, c, settings.seed, 200000);
        } else {
            TRY(evaluate_file(&e, arg.p));
        }
    }
    return OK;
}

static void print_sentence(struct arena *a, const struct corpus *c, const struct sentence *s)
{
    struct sample *x = ARENA_NEW(a, struct sample);

    sentence_read(a, c, s, true, x);
    printf("%.*s: %s\n   ", STR(c->intents[s->intent].name), s->text);
    for (size_t i = 0; i < x->tokens.n; i++) {
        uint8_t tag = x->tags[i];

        if (tag == TAG_UNKNOWN)
            printf(" ?");
        else if (tag)
            printf(" %s%.*s", tag % 2 ? "+" : "", STR(c->slots[(tag - 1) / 2]));
        else
            printf(" -");
    }
    printf("\n");
}

static enum err run_sentences(int argc, char **argv)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct training *t = NULL;
    uint64_t n = 20;

    if (argc > 1)
        TRY(str_u64(str_from(argv[1]), &n));
    TRY(training_start(a, argv[0], &t));
    struct learner *l = learner_new(t, 0, 1);

    while (n) {
        draw(l, &l->batch[0]);
        if (argc > 2 && !str_eq(str_from(argv[2]), t->corpus->intents[l->scratch.intent].name))
            continue;
        print_sentence(a, t->corpus, &l->scratch);
        n--;
    }
    return OK;
}

static const struct {
    const char *name;
    int least;
    enum err (*run)(int argc, char **argv);
} commands[] = { { "weights", 2, run_weights }, { "check", 2, run_check }, { "evaluate", 1, run_evaluate }, { "sentences", 1,
run_sentences } };

int main(int argc, char **argv)
{
    for (size_t i = 0; i < N_ELEMENTS(commands); i++)
        if (argc > 1 && strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].least) {
            if (commands[i].run(argc - 2, argv + 2) == OK)
                return 0;
            fprintf(stderr, "clawdbot-train: %s\n", failed_text());
            return 1;
        }
    fputs(help, stderr);
    return 2;
}
