# The decoders, as part of the collector's target. They include no Asio, so the fuzz build takes them alone.
set(CANHGAC_DECODER_SOURCES
    record_decoder.cpp
    decoders/bulk_action.cpp decoders/event_draft.cpp decoders/json_event.cpp decoders/json_scan.cpp
    decoders/line_decoder.cpp decoders/name_meanings.cpp decoders/name_tree.cpp decoders/source_cache.cpp
    decoders/string_inserts.cpp decoders/time_stamps.cpp decoders/utf8_repair.cpp decoders/windows_event.cpp)
set(CANHGAC_DECODER_HEADERS
    record_decoder.hpp
    decoders/bulk_action.hpp decoders/event_draft.hpp decoders/json_event.hpp decoders/json_scan.hpp
    decoders/line_decoder.hpp decoders/name_meanings.hpp decoders/name_tree.hpp decoders/source_cache.hpp
    decoders/string_inserts.hpp decoders/time_stamps.hpp decoders/utf8_repair.hpp decoders/windows_event.hpp)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
set(CANHGAC_DECODER_DEPENDS PkgConfig::SIMDJSON PkgConfig::XXHASH)
