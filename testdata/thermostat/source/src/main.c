/* /sbin/init of the thermostat: load the settings, take a command, test.
 *
 *     init                      start: exit 0 when the device is healthy
 *     init --command target=25  what the radio would deliver, then the same
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thermostat.h"

/* The root file system that this very program lies in: "" when it was booted,
 * the folder of a slot when it is run from there. */
static void find_root(char *root, size_t size)
{
    static const char self[] = "/sbin/init";
    const ssize_t n = readlink("/proc/self/exe", root, size - 1);
    const size_t tail = sizeof(self) - 1;

    root[n > 0 ? n : 0] = '\0';
    if (n < (ssize_t)tail || strcmp(root + n - tail, self) != 0)
        root[0] = '\0';
    else
        root[(size_t)n - tail] = '\0';
}

static bool load(struct settings *s)
{
    char path[4096 + 32];
    char root[4096];
    FILE *f;
    bool loaded;

    find_root(root, sizeof(root));
    snprintf(path, sizeof(path), "%s/etc/thermostat.conf", root);
    f = fopen(path, "r");
    if (!f)
        return false;
    loaded = settings_load(f, s);
    return fclose(f) == 0 && loaded;
}

static int unhealthy(const char *why)
{
    printf("unhealthy: %s\n", why);
    return 1;
}

int main(int argc, char *argv[])
{
    struct settings s = {.target = 200, .hysteresis = 5};

    printf("thermostat %s\n", THERMOSTAT_VERSION);
    if (!load(&s))
        return unhealthy("etc/thermostat.conf cannot be read");
    if (argc == 3 && strcmp(argv[1], "--command") == 0)
        printf("command %s: %s\n", argv[2],
               settings_apply(&s, argv[2]) ? "accepted" : "refused");
    printf("settings: target %d.%d C, hysteresis %d.%d C\n", s.target / 10,
           abs(s.target % 10), s.hysteresis / 10, abs(s.hysteresis % 10));
    if (!self_test(&s))
        return unhealthy("the control loop does not hold the temperature");
    puts("healthy");
    return 0;
}
