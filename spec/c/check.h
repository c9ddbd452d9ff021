/* What the C tests share: a check that says where it failed and ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Unlike assert it stays whatever NDEBUG says. */
#define CHECK(condition)                                                            \
  do {                                                                              \
    if (!(condition)) {                                                             \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                      \
    }                                                                               \
  } while (0)

/* The same for a row of a table, by its number. */
#define CHECK_ROW(row, condition)                                                          \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      fprintf(stderr, "%s:%d: row %d: %s does not hold\n", __FILE__, __LINE__, (int)(row), \
              #condition);                                                                 \
      exit(1);                                                                             \
    }                                                                                      \
  } while (0)

#define LENGTH(array) (sizeof(array) / sizeof *(array))

#endif
