/// What field values matched, remembered: direct-mapped by hash, entries in one ring of bytes, oldest overwritten
/// first. Real events repeat their values, so most values are never scanned (DESIGN 6.3). The value's bytes are
/// compared: a sender cannot make one value stand for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/page_buffer.hpp"
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
    /// `bytes` for entries; the table of lines comes on top (a sixteenth).
    explicit MatchMemo(std::size_t bytes);

    /// Forgets everything, e.g. when the rule set changes.
    void clear() noexcept;
    /// Call before each event: what find() and insert() return stays valid until the next call.
    void begin_event() noexcept;
    [[nodiscard]] static std::uint64_t hash(std::uint32_t slot, std::string_view value) noexcept;
    /// Asks the processor to fetch what find() will read: the line, then (once that is there) the entry.
    void prefetch_line(std::uint64_t hash) const noexcept { __builtin_prefetch(&lines_[hash & line_mask_]); }
    void prefetch_entry(std::uint64_t hash) const noexcept {
        const std::uint64_t line = lines_[hash & line_mask_];
        if (line >> kPositionBits == hash >> kPositionBits) { __builtin_prefetch(entry(line & kPositionMask)); }
    }
    /// The remembered match of a value in a slot; false if there is none.
    [[nodiscard]] bool find(std::uint64_t hash, std::uint32_t slot, std::string_view value,
                            ValueMatch& match) const noexcept;
    /// Remembers a match and makes it a view of the copy; false when it is too large or this event has taken its share,
    /// then nothing changes.
    bool insert(std::uint64_t hash, std::uint32_t slot, std::string_view value, ValueMatch& match);

private:
    /// At a position of the ring, followed by atoms, rules and the value.
    struct Header {
        std::uint32_t slot;
        std::uint32_t value_size;
        std::uint32_t atoms;
        std::uint32_t rules;
    };
    /// A line is 24 bits of hash and a position: words written before the entry, for ever; modulo capacity = its place.
    static constexpr unsigned kPositionBits = 40;
    static constexpr std::uint64_t kPositionMask = (1ULL << kPositionBits) - 1;

    [[nodiscard]] const std::uint64_t* entry(std::uint64_t position) const noexcept {
        return ring_ + (position & capacity_mask_);
    }

    std::uint64_t capacity_mask_; ///< words of the ring, a power of two, less one
    std::uint64_t line_mask_;
    common::PageBuffer memory_; ///< the ring, then the lines
    std::uint64_t* ring_ = nullptr;
    std::uint64_t* lines_ = nullptr; ///< 0 = empty: positions start at 1
    std::uint64_t head_ = 1;         ///< in words
    std::uint64_t event_start_ = 1;
};

} // namespace canhgac::engine
