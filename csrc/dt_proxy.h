/* The proxy that the configuration or the environment names. */
#ifndef DT_PROXY_H
#define DT_PROXY_H

#include <stdbool.h>

/* Whether any is named. `configured`: NULL as the environment says, "" none. */
bool dt_proxy_is_named(const char *configured);

/* Whether `text` shows any part of that proxy's user name or password. */
bool dt_proxy_is_betrayed(const char *configured, const char *text);

#endif
