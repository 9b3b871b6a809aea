/* Settings, from the configuration file and from the radio. */
#include <stdlib.h>
#include <string.h>

#include "thermostat.h"

/* "21.5" or "21" in tenths of a degree */
static bool read_tenths(const char *text, int *out)
{
    char *end = NULL;
    long whole = strtol(text, &end, 10);
    long tenth = 0;

    if (*end == '.')
        tenth = strtol(end + 1, &end, 10);
    *out = (int)(whole * 10 + tenth);
    return true;
}

bool settings_apply(struct settings *s, const char *command)
{
    static const char target[] = "target=";
    static const char hysteresis[] = "hysteresis=";

    if (strncmp(command, target, sizeof(target) - 1) == 0)
        return read_tenths(command + sizeof(target) - 1, &s->target);
    if (strncmp(command, hysteresis, sizeof(hysteresis) - 1) == 0)
        return read_tenths(command + sizeof(hysteresis) - 1, &s->hysteresis);
    return false;
}

bool settings_load(FILE *from, struct settings *s)
{
    char line[128];

    while (fgets(line, sizeof(line), from)) {
        line[strcspn(line, "#\r\n")] = '\0';
        if (line[0] != '\0' && !settings_apply(s, line))
            return false;
    }
    return !ferror(from);
}
