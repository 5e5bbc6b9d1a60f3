/// Values of EVTX records as the text that Windows writes into the event's XML: integers in decimal, HexInt and SizeT
/// as "0x3e7", GUID as "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", FILETIME as "2026-11-22T01:00:00.1234567Z" (all seven
/// digits), SYSTEMTIME with three, SID as "S-1-5-18", binary as upper-case hex, booleans as "true" and "false".
/// Source: MS-EVEN6 section 2.2.12 (types), MS-DTYP 2.3.3, 2.3.4.1, 2.3.13, 2.4.2.1 (FILETIME, GUID, SYSTEMTIME, SID).
#pragma once

#include <cstdint>
#include <string_view>

#include "collector/decoders/evtx_layout.hpp"
#include "common/clock.hpp"
#include "event/arena.hpp"
#include "event/value.hpp"

namespace canhgac::collector {

/// A value of a record: where it lies in the chunk and what it is.
struct EvtxValue {
    std::uint32_t offset = 0;
    std::uint16_t size = 0;
    std::uint8_t type = 0; ///< EvtxType, perhaps with kEvtxTypeArray
};

struct EvtxText {
    std::string_view text; ///< valid UTF-8, in the arena or static
    event::ValueType type = event::ValueType::string;
};

/// One value that is neither an array nor BinXML. A value whose size does not fit its type comes as hex. `repaired` is
/// set when a character had to be replaced. Never fails; at most three bytes of text a byte, 64 at least.
[[nodiscard]] EvtxText evtx_text(std::string_view bytes, EvtxType type, event::Arena& arena, bool& repaired);

/// UTF-16LE as UTF-8; an odd byte at the end is left out, lone surrogates become U+FFFD.
[[nodiscard]] std::string_view evtx_utf16(std::string_view bytes, event::Arena& arena, bool& repaired);

/// Cuts the next item off the front of an array's bytes (strings end with NUL; the others have their type's size).
/// What is left at the end and too short comes as it is. Call while `bytes` is not empty.
[[nodiscard]] std::string_view take_evtx_item(std::string_view& bytes, EvtxType type) noexcept;

/// 100 ns since 1601 as our time; nothing before 1677 and after 2262.
[[nodiscard]] std::optional<common::Nanos> evtx_time(std::uint64_t file_time) noexcept;

/// The readable text inside bytes nobody can read, in order and blank between: runs of at least four printable UTF-16
/// or ASCII characters. For the `message` of a damaged record, so that keywords still find it.
[[nodiscard]] std::string_view evtx_readable_text(std::string_view bytes, event::Arena& arena);

} // namespace canhgac::collector
