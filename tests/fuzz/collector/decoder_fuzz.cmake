# The decoders' fuzz targets.
find_package(PkgConfig REQUIRED)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
foreach(name syslog key_value access_log record_decoder evtx)
    canhgac_fuzz(${name} SOURCES ${name}_fuzz.cpp DEPENDS canhgac::collector)
endforeach()
canhgac_fuzz(json_event SOURCES json_event_fuzz.cpp DEPENDS canhgac::collector PkgConfig::SIMDJSON)
