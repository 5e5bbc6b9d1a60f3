/// YAML as rules, configuration and scenarios use it: a tree whose every node knows its line and column.
/// Refused, with the place: duplicate keys, anchors and aliases (they can explode), tabs as indentation, keys that are
/// not scalars, nesting deeper than 64, tags other than `!` and `!!str`, control characters, broken UTF-8, texts beyond
/// kMaxTextBytes or kMaxNodes. Reads YAML 1.2 core schema (YAML 1.2.2 section 10.3): only true/false are booleans;
/// `yes`, `017`, `0x17`, `0o17`, `1:20`, `.inf` and numbers too large for their type stay text (SIGMA.md item 6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.hpp"

namespace canhgac::common::yaml {

/// Where a node or an error is; both count from 1.
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct Error {
    Position at;
    std::string message; ///< made where it is found: a YAML error is for a person, and is never on the event path
};

enum class Kind : std::uint8_t { null, boolean, integer, real, string, sequence, map };

/// One node and its children. A value type: copyable, no hidden sharing.
struct Node {
    // Out of line: clang 14 cannot define them while the pairs below are incomplete.
    Node();
    Node(const Node& other);
    Node(Node&& other) noexcept;
    Node& operator=(const Node& other);
    Node& operator=(Node&& other) noexcept;
    ~Node();

    Kind kind = Kind::null;
    bool quoted = false; ///< a scalar written in quotes, as a block or as !!str: always kind string
    std::string text;    ///< scalar text as written (without quotes), also for numbers and booleans
    std::int64_t integer = 0;
    double real = 0.0; ///< set for integer and real
    bool boolean = false;
    std::vector<Node> items;                           ///< sequence
    std::vector<std::pair<std::string, Node>> entries; ///< map, in the order written; keys are unique
    std::vector<Position> key_positions;               ///< one for each entry
    Position at;

    [[nodiscard]] bool is_map() const noexcept { return kind == Kind::map; }
    [[nodiscard]] bool is_sequence() const noexcept { return kind == Kind::sequence; }
    [[nodiscard]] bool is_scalar() const noexcept { return kind != Kind::map && kind != Kind::sequence; }
    [[nodiscard]] bool is_string() const noexcept { return kind == Kind::string; }
    [[nodiscard]] bool is_null() const noexcept { return kind == Kind::null; }
    /// The value of a key, or nullptr.
    [[nodiscard]] const Node* find(std::string_view key) const noexcept;
};

inline constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20U;
inline constexpr std::size_t kMaxNodes = 2'000'000;
inline constexpr std::size_t kMaxDepth = 64;

/// Reads every document of a text ("---" between them). An empty text gives no document. Keeps no view of `text`; any
/// thread. Columns count bytes.
[[nodiscard]] Result<std::vector<Node>, Error> parse(std::string_view text);

} // namespace canhgac::common::yaml
