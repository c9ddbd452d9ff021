--- The version of the module, as in CMakeLists.txt and CHANGELOG.md.

return "0.1.0"
