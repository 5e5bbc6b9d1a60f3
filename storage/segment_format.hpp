/// What encoder and reader of sealed blocks share: limits, column numbers, how a raw line is put together from the
/// values of its fields. Layout: docs/reference/storage-format.md, "Sealed block".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/value.hpp"

namespace canhgac::storage {

inline constexpr std::uint8_t kSegmentVersion = 1;
/// Most rows and most values of one sealed block; a single event may have more values.
inline constexpr std::size_t kMaxSealedRows = 16'384;
inline constexpr std::uint64_t kMaxSealedValues = 2U << 20U;
/// Ways of putting lines together in one block; further ones are stored whole.
inline constexpr std::size_t kMaxTemplates = 64;
/// Columns smaller than this stand together in the block's head.
inline constexpr std::size_t kLeastOwnChunk = 4096;

/// Numbers of the chunks of a segment: column-major keys sort by them.
namespace chunk {
inline constexpr std::uint32_t kDirectory = 0;        ///< of the segment: its blocks and their zone maps
inline constexpr std::uint32_t kHead = 1;             ///< of a block: layout and small columns
inline constexpr std::uint32_t kGrams = 2;            ///< of a block: GramSet
inline constexpr std::uint32_t kEnvelope = 16;        ///< times, sources, ids
inline constexpr std::uint32_t kFields = 256;         ///< + store field number
inline constexpr std::uint32_t kOther = 0x8000'0000U; ///< + place among the literals and spans of a block
} // namespace chunk

enum class Envelope : std::uint8_t { time, received, kind, source, line, seq, index };
inline constexpr std::size_t kEnvelopeColumns = 7;

/// How a value stands in its raw line.
enum class ValuePlace : std::uint8_t {
    free,    ///< it does not, or the line is stored whole
    hole,    ///< verbatim: the line is put together from it
    escaped, ///< as a JSON string escapes it: likewise
    span,    ///< a part of the line that overlaps a hole: taken from the line
};

/// How the lines of some rows are put together: literal, hole, literal, ... literal.
struct LineTemplate {
    struct Slot {
        ValuePlace place = ValuePlace::free;
        std::uint32_t from = 0; ///< of a span: the edge at or before its start; edge 0 is the line's start, 2k+1 and
        std::uint32_t to = 0; ///< 2k+2 are the ends of hole k, the last one is the line's end; edge at or after its end
    };
    std::uint32_t shape = 0;
    std::vector<Slot> slots;          ///< as many as the shape has
    std::vector<std::uint32_t> holes; ///< slots, in the order of the line
    [[nodiscard]] std::uint32_t last_edge() const noexcept { return static_cast<std::uint32_t>(holes.size()) * 2 + 1; }
};

struct ShapeSlot {
    std::uint32_t column = 0; ///< index among the block's field columns
    event::ValueType type{};
};
using Shape = std::vector<ShapeSlot>;

/// Bytes of `text` as most JSON writers escape it: \" \\ \b \f \n \r \t, other control characters as \u00xx.
[[nodiscard]] std::size_t json_escaped_size(std::string_view text) noexcept;
/// Writes them to `out`, which has room for json_escaped_size() bytes.
void put_json_escaped(std::string_view text, char* out) noexcept;

} // namespace canhgac::storage
