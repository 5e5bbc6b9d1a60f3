/// What field values matched, remembered: direct-mapped by hash, entries in one ring of bytes, oldest overwritten
/// first. Real events repeat their values, so most values are never scanned (DESIGN 6.3). The value's bytes are
/// compared: a sender cannot make one value stand for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/field_matcher.hpp"

namespace canhgac::engine {

/// What a value matched: atoms that hold, and rules they trigger.
struct ValueMatch {
    std::span<const Atom> atoms;
    std::span<const std::uint32_t> rules;
};

/// Not thread safe. All memory is taken when it is made.
class MatchMemo {
public:
    /// `bytes` for entries; the table of slots comes on top (about a twelfth).
    explicit MatchMemo(std::size_t bytes);

    /// Forgets everything, e.g. when the rule set changes.
    void clear() noexcept;
    /// Call before each event: what find() and insert() return stays valid until the next call.
    void begin_event() noexcept { event_start_ = head_; }
    [[nodiscard]] static std::uint64_t hash(std::uint32_t slot, std::string_view value) noexcept;
    /// The remembered match of a value in a slot, or nullptr.
    [[nodiscard]] const ValueMatch* find(std::uint64_t hash, std::uint32_t slot, std::string_view value) noexcept;
    /// Remembers a match; nullptr when it is too large or this event has taken its share, then nothing changes.
    const ValueMatch* insert(std::uint64_t hash, std::uint32_t slot, std::string_view value, const ValueMatch& match);

private:
    /// At a position of the ring, followed by atoms, rules and the value.
    struct Header {
        std::uint32_t slot;
        std::uint32_t value_size;
        ValueMatch match; ///< views of what follows
    };
    struct Line {
        std::uint64_t hash = 0;
        std::uint64_t position = kEmpty; ///< grows for ever; modulo capacity = place in the ring
    };
    static constexpr std::uint64_t kEmpty = ~0ULL;

    [[nodiscard]] Header* at(std::uint64_t position) noexcept {
        return reinterpret_cast<Header*>(ring_.get() + (position & (capacity_ - 1)) / sizeof(std::uint64_t));
    }

    std::size_t capacity_; ///< bytes, a power of two
    std::unique_ptr<std::uint64_t[]> ring_;
    std::vector<Line> lines_;
    std::uint64_t head_ = 0;
    std::uint64_t event_start_ = 0;
};

} // namespace canhgac::engine
