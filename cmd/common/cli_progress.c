#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "hm_cli.h"

#define EVERY_MS 100u
#define MIB      ((uint64_t)1 << 20)

static uint64_t now_ms(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void show(void *context, uint64_t done, uint64_t total)
{
    struct hm_cli_progress *p = context;
    const uint64_t now = now_ms();

    if (now - p->shown_ms < EVERY_MS)
        return;
    p->shown_ms = now;
    p->is_shown = true;
    if (total == 0)
        (void)fprintf(stderr, "\r%s %" PRIu64 " MiB\033[K", p->what,
                      done / MIB);
    else
        (void)fprintf(stderr, "\r%s %" PRIu64 " of %" PRIu64 " MiB\033[K",
                      p->what, done / MIB, total / MIB);
}

void hm_cli_progress_begin(const struct hm_cli *cli, struct hm_cli_progress *p,
                           const char *what)
{
    const bool wanted = !cli->json && !cli->quiet && isatty(STDERR_FILENO);

    *p = (struct hm_cli_progress){
        .progress = {.tell = wanted ? show : NULL, .context = p},
        .what = what,
        .shown_ms = now_ms(),
    };
}

void hm_cli_progress_clear(struct hm_cli_progress *p)
{
    if (p->is_shown)
        (void)fprintf(stderr, "\r\033[K");
    p->is_shown = false;
}
