#include "engine/seen_values.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace canhgac::engine {

std::size_t SeenValues::place_of(std::uint64_t value) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = value & mask;
    while (slots_[at].time != kNever && slots_[at].value != value) {
        at = (at + 1) & mask;
    }
    return at;
}

std::optional<common::Nanos> SeenValues::last_seen(std::uint64_t value) const noexcept {
    if (slots_.empty()) { return std::nullopt; }
    const Seen& slot = slots_[place_of(value)];
    return slot.time == kNever ? std::nullopt : std::optional(slot.time);
}

void SeenValues::see(std::uint64_t value, common::Nanos time) noexcept {
    time = std::max(time, kNever + 1);
    Seen& slot = slots_[place_of(value)];
    if (slot.time == kNever) {
        slot = {value, time};
        ++used_;
    }
    slot.time = std::max(slot.time, time);
    newest_ = std::max(newest_, time);
}

void SeenValues::rebuild(std::size_t slots, const std::vector<Seen>& values) {
    slots_ = std::vector<Seen>(slots, Seen{0, kNever});
    used_ = 0;
    newest_ = kNever;
    for (const Seen& one : values) {
        see(one.value, one.time);
    }
}

std::size_t SeenValues::make_room(common::Nanos oldest, std::size_t limit) {
    if ((used_ + 1) * 2 <= slots_.size() && used_ < limit) { return 0; }
    std::vector<Seen> kept;
    for (const Seen& slot : slots_) {
        if (slot.time != kNever && slot.time >= oldest) { kept.push_back(slot); }
    }
    std::size_t over = 0;
    if (kept.size() >= limit) {
        over = kept.size() - limit + std::max<std::size_t>(limit / 16, 1);
        std::nth_element(
            kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(over), kept.end(),
            [](const Seen& a, const Seen& b) { return std::tie(a.time, a.value) < std::tie(b.time, b.value); });
        kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(over));
    }
    // At most three eighths full, so that the next time is an eighth of the table away.
    rebuild(std::max(std::bit_ceil((kept.size() * 8 + 2) / 3), kLeastSlots), kept);
    return over;
}

std::vector<SeenValues::Seen> SeenValues::in_order() const {
    std::vector<Seen> out;
    out.reserve(used_);
    for (const Seen& slot : slots_) {
        if (slot.time != kNever) { out.push_back(slot); }
    }
    std::sort(out.begin(), out.end(),
              [](const Seen& a, const Seen& b) { return std::tie(a.time, a.value) < std::tie(b.time, b.value); });
    return out;
}

bool SeenValues::restore(std::size_t slots, const std::vector<Seen>& values) {
    const bool is_size = std::has_single_bit(slots) && slots >= kLeastSlots && values.size() * 2 <= slots &&
                         slots <= std::max(kLeastSlots, values.size() * 16);
    if (!is_size) { return false; }
    SeenValues fresh;
    fresh.rebuild(slots, values);
    if (fresh.used_ != values.size()) { return false; }
    *this = std::move(fresh);
    return true;
}

} // namespace canhgac::engine
