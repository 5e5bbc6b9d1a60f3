#include "engine/correlation_values.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace canhgac::engine {

namespace {

constexpr int kPointDigits = 40;
constexpr double kLargest = 4611686018427387904.0; // 2^62

} // namespace

std::size_t DistinctCounter::place_of(std::uint64_t value) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = value & mask;
    while (slots_[at].count != 0 && slots_[at].value != value) {
        at = (at + 1) & mask;
    }
    return at;
}

void DistinctCounter::grow() {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(std::max<std::size_t>(slots_.size() * 2, 8)));
    for (const Slot& slot : old) {
        if (slot.count != 0) { slots_[place_of(slot.value)] = slot; }
    }
}

void DistinctCounter::add(std::uint64_t value) {
    if ((used_ + 1) * 2 > slots_.size()) { grow(); }
    Slot& slot = slots_[place_of(value)];
    if (slot.count++ == 0) {
        slot.value = value;
        ++used_;
    }
}

void DistinctCounter::remove(std::uint64_t value) noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t hole = place_of(value);
    if (--slots_[hole].count != 0) { return; }
    --used_;
    // What was pushed on by the one that left moves back.
    for (std::size_t next = (hole + 1) & mask; slots_[next].count != 0; next = (next + 1) & mask) {
        const std::size_t home = slots_[next].value & mask;
        if (((next - home) & mask) < ((next - hole) & mask)) { continue; }
        slots_[hole] = slots_[next];
        slots_[next].count = 0;
        hole = next;
    }
}

std::uint64_t DistinctCounter::count_of(std::uint64_t value) const noexcept {
    return slots_.empty() ? 0 : slots_[place_of(value)].count;
}

void DistinctCounter::clear() noexcept {
    slots_ = std::vector<Slot>();
    used_ = 0;
}

std::optional<Int128> ExactSum::fixed(double value) noexcept {
    if (!(value >= -kLargest && value <= kLargest)) { return std::nullopt; }
    return static_cast<Int128>(std::nearbyint(std::ldexp(value, kPointDigits)));
}

double ExactSum::value() const noexcept {
    return std::ldexp(static_cast<double>(sum_), -kPointDigits);
}

void OrderedValues::add(double value) {
    ++size_;
    auto chunk = std::lower_bound(chunks_.begin(), chunks_.end(), value,
                                  [](const auto& one, double v) { return one.back() < v; });
    if (chunk == chunks_.end()) {
        if (chunks_.empty()) { chunks_.emplace_back(); }
        chunk = std::prev(chunks_.end());
    }
    bytes_ -= chunk->capacity() * sizeof(double);
    chunk->insert(std::lower_bound(chunk->begin(), chunk->end(), value), value);
    bytes_ += chunk->capacity() * sizeof(double);
    if (chunk->size() <= kChunk) { return; }
    const auto middle = chunk->begin() + kChunk / 2;
    std::vector<double> upper(middle, chunk->end());
    chunk->erase(middle, chunk->end());
    bytes_ += upper.capacity() * sizeof(double);
    chunks_.insert(chunk + 1, std::move(upper));
}

void OrderedValues::remove(double value) noexcept {
    --size_;
    const auto chunk = std::lower_bound(chunks_.begin(), chunks_.end(), value,
                                        [](const auto& one, double v) { return one.back() < v; });
    chunk->erase(std::lower_bound(chunk->begin(), chunk->end(), value));
    if (!chunk->empty()) { return; }
    bytes_ -= chunk->capacity() * sizeof(double);
    chunks_.erase(chunk);
}

double OrderedValues::at(std::size_t rank) const noexcept {
    for (const auto& chunk : chunks_) {
        if (rank < chunk.size()) { return chunk[rank]; }
        rank -= chunk.size();
    }
    return 0.0;
}

void OrderedValues::clear() noexcept {
    chunks_ = std::vector<std::vector<double>>();
    size_ = bytes_ = 0;
}

std::size_t percentile_rank(double percentile, std::size_t size) noexcept {
    // The small part keeps 99.9 % of 1,000 at 999, which binary fractions would lift to 1,000.
    const double rank = std::ceil(percentile * static_cast<double>(size) / 100.0 - 1e-9);
    return rank < 1.0 ? 0 : std::min(static_cast<std::size_t>(rank), size) - 1;
}

} // namespace canhgac::engine
