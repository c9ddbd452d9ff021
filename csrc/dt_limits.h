/* Every limit of the C core, each with its unit and where it comes from. */
#ifndef DT_LIMITS_H
#define DT_LIMITS_H

enum {
  DT_BATCH_ATTENDEES = 500,                /* attendees in one request: the service's limit */
  DT_MAX_ATTENDEES = 5000,                 /* attendees in one event: the service's limit */
  DT_MAX_ID_BYTES = 1024,                  /* bytes of one id (unionId, calendar, event): ours */
  DT_MAX_TOKEN_BYTES = 4096,               /* bytes of an access token: ours */
  DT_MAX_CLIENT_TOKEN_BYTES = 256,         /* bytes of an x-client-token: ours */
  DT_MAX_URL_BYTES = 16 * 1024,            /* bytes of a URL: ours */
  DT_MAX_REQUEST_BYTES = 16 * 1024 * 1024, /* bytes of all request bodies of one call: ours */
  DT_MAX_REQUEST_HEADER_BYTES = 16 * 1024, /* bytes of a request's own header lines: ours */
  DT_MAX_ANSWER_BYTES = 2 * 1024 * 1024,   /* bytes of an answer's body: ours */
  DT_MAX_ANSWER_HEADER_BYTES = 64 * 1024,  /* bytes of an answer's header block: ours */
  DT_KEEP_ANSWER_BYTES = 64 * 1024,   /* storage an idle transfer keeps for the next answer: ours */
  DT_MAX_IN_FLIGHT = 65535,           /* transfers of one engine at a time: ours */
  DT_MAX_IDLE_TRANSFERS = 256,        /* prepared transfers kept for reuse: ours */
  DT_MAX_RETRY_AFTER_SECONDS = 86400, /* a larger Retry-After is read as one day: ours */
  DT_SECRET_MARK_BYTES = 8, /* bytes by which a secret's beginning is recognised in a text: ours */
};

#endif
