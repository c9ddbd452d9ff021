# The oldest that the specs are run with.
set(DT_CURL_MINIMUM 7.88.0)

pkg_check_modules(CURL IMPORTED_TARGET libcurl)
if(NOT CURL_FOUND)
  message(FATAL_ERROR
    "libcurl was not found (pkg-config libcurl). Install its development package; "
    "on Debian: libcurl4-openssl-dev.")
elseif(CURL_VERSION VERSION_LESS DT_CURL_MINIMUM)
  message(FATAL_ERROR
    "libcurl ${CURL_VERSION} is too old: ${DT_CURL_MINIMUM} or later is needed.")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
