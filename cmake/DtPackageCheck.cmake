cmake_minimum_required(VERSION 3.25)

# cpack runs this first. Without dpkg-shlibdeps it would make a package that lacks the dependency on
# the C library, and say nothing.
find_program(DT_DPKG_SHLIBDEPS dpkg-shlibdeps)
if(NOT DT_DPKG_SHLIBDEPS)
  message(FATAL_ERROR "dpkg-shlibdeps was not found. Install the Debian package dpkg-dev.")
endif()
