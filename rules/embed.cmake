# canhgac_embed(TARGET OUT_CPP FILES...): writes OUT_CPP, which holds the bytes of FILES (paths inside the source tree) and
# defines canhgac::rules::embedded_files(). The bytes come in by the assembler's .incbin: no size limit, no escaping.
function(canhgac_embed target out)
    set(bytes "")
    set(rows "")
    set(index 0)
    set(sources "")
    set(paths ${ARGN})
    list(SORT paths)
    foreach(path IN LISTS paths)
        set(symbol "canhgac_embedded_${index}")
        string(APPEND bytes
            "    \".globl ${symbol}\\n${symbol}:\\n.incbin \\\"${CMAKE_SOURCE_DIR}/${path}\\\"\\n\"\n"
            "    \".globl ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n\"\n")
        string(APPEND externs "extern const char ${symbol}[], ${symbol}_end[];\n")
        string(APPEND rows "    {\"${path}\", view(${symbol}, ${symbol}_end)},\n")
        list(APPEND sources "${CMAKE_SOURCE_DIR}/${path}")
        math(EXPR index "${index} + 1")
    endforeach()
    file(CONFIGURE OUTPUT "${out}" @ONLY CONTENT [=[// Written by rules/embed.cmake.
#include <array>
#include <cstddef>
#include <string_view>

#include "rules/embedded.hpp"

__asm__(".section .rodata\n"
@bytes@    ".text\n");

extern "C" {
@externs@}

namespace canhgac::rules {
namespace {
std::string_view view(const char* begin, const char* end) noexcept {
    return {begin, static_cast<std::size_t>(end - begin)};
}
const std::array<EmbeddedFile, @index@> kFiles = {{
@rows@}};
} // namespace
std::span<const EmbeddedFile> embedded_files() noexcept { return kFiles; }
} // namespace canhgac::rules
]=])
    set_source_files_properties("${out}" PROPERTIES OBJECT_DEPENDS "${sources}" SKIP_PRECOMPILE_HEADERS ON)
    target_sources(${target} PRIVATE "${out}")
endfunction()
