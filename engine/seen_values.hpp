/// The values that one group of a `new_terms` correlation has had, each with the time it was seen last: all that is
/// needed to say whether a value is new, whatever the number of events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "common/clock.hpp"

namespace canhgac::engine {

/// An open-addressed table of 16 bytes a slot. Values are 64-bit hashes with a secret seed. What it holds and how large
/// it is depend on the calls alone. One owner, one thread.
class SeenValues {
public:
    struct Seen {
        std::uint64_t value = 0;
        common::Nanos time = 0; ///< when it was seen last; kNever: a free slot
    };

    /// When the value was seen last.
    [[nodiscard]] std::optional<common::Nanos> last_seen(std::uint64_t value) const noexcept;
    /// Of all values; the table must not be empty.
    [[nodiscard]] common::Nanos newest() const noexcept { return newest_; }
    [[nodiscard]] std::size_t size() const noexcept { return used_; }
    [[nodiscard]] bool empty() const noexcept { return used_ == 0; }
    [[nodiscard]] std::size_t slots() const noexcept { return slots_.size(); }
    /// Of the heap.
    [[nodiscard]] std::size_t bytes() const noexcept { return slots_.capacity() * sizeof(Seen); }

    /// Makes room for one more value: if there is none, values not seen since `oldest` go, and if `limit` are left, a
    /// sixteenth of them, at least one, those not seen for longest. Returns how many of the latter went. `limit` >= 1.
    std::size_t make_room(common::Nanos oldest, std::size_t limit);
    /// The value was seen at `time`; there must be room. A later time that is known stays.
    void see(std::uint64_t value, common::Nanos time) noexcept;

    /// Those not seen for longest first.
    [[nodiscard]] std::vector<Seen> in_order() const;
    /// Replaces all. False, and nothing is changed, when `slots` is no size that a table of these values can have, or
    /// when a value stands in them twice.
    [[nodiscard]] bool restore(std::size_t slots, const std::vector<Seen>& values);

private:
    static constexpr common::Nanos kNever = std::numeric_limits<common::Nanos>::min();
    static constexpr std::size_t kLeastSlots = 8;

    [[nodiscard]] std::size_t place_of(std::uint64_t value) const noexcept;
    void rebuild(std::size_t slots, const std::vector<Seen>& values);

    std::vector<Seen> slots_; ///< none, or a power of two, at most half full, linear probing
    std::size_t used_ = 0;
    common::Nanos newest_ = kNever;
};

} // namespace canhgac::engine
