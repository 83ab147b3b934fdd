// SPDX-License-Identifier: Apache-2.0
/* fuzz_replay.c: a main for a fuzz target where there is no libFuzzer.  It feeds every file of the folders given,
 * and every beginning of the short ones, each in memory of exactly its size so that a sanitizer sees a read too far. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, CUT_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static void feed(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);

    if (exact == NULL)
        abort();
    memcpy(exact, bytes, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static int replay(const char *path)
{
    static uint8_t bytes[FILE_MAX];
    FILE *f = fopen(path, "rb");

    if (f == NULL) {
        perror(path);
        return 0;
    }
    size_t n = fread(bytes, 1, sizeof bytes, f);

    fclose(f);
    for (size_t cut = 0; n <= CUT_MAX && cut < n; cut++)
        feed(bytes, cut);
    feed(bytes, n);
    return 1;
}

int main(int argc, char **argv)
{
    int fed = 0, bad = 0;

    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        struct dirent **names;
        int n = scandir(argv[i], &names, NULL, alphasort);

        for (int k = 0; k < n; k++) {
            char path[4096];

            snprintf(path, sizeof path, "%s/%s", argv[i], names[k]->d_name);
            if (names[k]->d_name[0] != '.')
                *(replay(path) ? &fed : &bad) += 1;
            free(names[k]);
        }
        if (n >= 0)
            free(names);
    }
    if (fed == 0)
        fprintf(stderr, "nothing to replay\n");
    printf("%d passed, %d failed\n", fed, bad + (fed == 0));
    return bad || fed == 0;
}
