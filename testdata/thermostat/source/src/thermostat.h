/* The thermostat: what its parts share.  Temperatures are tenths of a degree
 * Celsius; the room model counts in thousandths. */
#ifndef THERMOSTAT_H
#define THERMOSTAT_H

#include <stdbool.h>
#include <stdio.h>

struct settings {
    int target;     /* tenths of a degree the room shall have */
    int hysteresis; /* tenths of a degree around it before the relay moves */
};

/* Read NAME=VALUE lines; '#' begins a comment. */
bool settings_load(FILE *from, struct settings *s);

/* One setting, from the configuration or from the radio: "target=21.5". */
bool settings_apply(struct settings *s, const char *command);

struct room {
    int temperature; /* thousandths of a degree */
    int outside;
    bool heating;
    int switched; /* how often the relay moved */
};

/* The controller: decide the relay from what the sensor reads. */
void control_step(const struct settings *s, struct room *room);

/* A minute of the simulated room that stands in for the sensor. */
void room_step(struct room *room);

/* Everything that must hold before this firmware may be kept. */
bool self_test(const struct settings *s);

#endif
