# The decoders, as part of the collector's target. They include no Asio, so the fuzz build takes them alone.
set(CANHGAC_DECODER_SOURCES
    record_decoder.cpp
    decoders/access_log.cpp decoders/bulk_action.cpp decoders/event_draft.cpp decoders/evtx_event.cpp
    decoders/evtx_file.cpp decoders/evtx_program.cpp decoders/evtx_values.cpp decoders/json_event.cpp
    decoders/json_scan.cpp decoders/key_value.cpp decoders/line_decoder.cpp decoders/linux_message.cpp
    decoders/login_message.cpp
    decoders/name_meanings.cpp decoders/name_tree.cpp decoders/source_cache.cpp decoders/sshd_message.cpp
    decoders/string_inserts.cpp decoders/syslog_rfc3164.cpp decoders/syslog_rfc5424.cpp decoders/time_stamps.cpp
    decoders/utf8_repair.cpp decoders/windows_event.cpp)
set(CANHGAC_DECODER_HEADERS
    record_decoder.hpp
    decoders/access_log.hpp decoders/bulk_action.hpp decoders/event_draft.hpp decoders/evtx_event.hpp
    decoders/evtx_file.hpp decoders/evtx_layout.hpp decoders/evtx_program.hpp decoders/evtx_values.hpp
    decoders/json_event.hpp
    decoders/json_scan.hpp decoders/key_value.hpp decoders/line_decoder.hpp decoders/linux_message.hpp
    decoders/login_message.hpp
    decoders/name_meanings.hpp decoders/name_tree.hpp decoders/source_cache.hpp decoders/sshd_message.hpp
    decoders/string_inserts.hpp decoders/syslog_header.hpp decoders/text_cursor.hpp decoders/time_stamps.hpp
    decoders/utf8_repair.hpp decoders/windows_event.hpp)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
find_package(ZLIB REQUIRED)
set(CANHGAC_DECODER_DEPENDS PkgConfig::SIMDJSON PkgConfig::XXHASH ZLIB::ZLIB)
