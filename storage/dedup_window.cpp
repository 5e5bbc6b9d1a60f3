#include "storage/dedup_window.hpp"

#include <algorithm>
#include <bit>

namespace canhgac::storage {

namespace {

constexpr std::uint32_t kStamps = 0xFFFF; ///< stamps are 1..65535
constexpr std::uint32_t kUnits = 4096;    ///< of a window
constexpr std::size_t kFirstSlots = 4096;
constexpr std::size_t kSlotBytes = sizeof(std::uint64_t) + sizeof(std::uint16_t);

} // namespace

void DedupWindow::Generation::resize(std::size_t slots) {
    keys.assign(slots, 0);
    stamps.assign(slots, 0);
    used = 0;
}

DedupWindow::DedupWindow(common::Nanos window, std::size_t max_bytes)
    : window_(std::max<common::Nanos>(window, kUnits)), unit_(window_ / kUnits),
      max_slots_(std::max(std::bit_floor(max_bytes / 2 / kSlotBytes), kFirstSlots)) {
    current_.resize(kFirstSlots);
    before_.resize(1);
}

std::size_t DedupWindow::locate(const Generation& generation, std::uint64_t key) noexcept {
    const std::size_t mask = generation.keys.size() - 1;
    std::size_t at = static_cast<std::size_t>(key ^ key >> 29U) & mask;
    while (generation.keys[at] != 0 && generation.keys[at] != key) {
        at = (at + 1) & mask;
    }
    return at;
}

bool DedupWindow::live(const Generation& generation, std::size_t slot, std::uint64_t key) const noexcept {
    const std::uint32_t then = generation.stamps[slot];
    return generation.keys[slot] == key && then != 0 && (stamp_ + kStamps - then) % kStamps <= kUnits;
}

bool DedupWindow::insert(std::uint64_t key, common::Nanos now) {
    now_ = std::max(now_, now);
    stamp_ = static_cast<std::uint16_t>(now_ / unit_ % kStamps + 1);
    if (now_ - current_.start >= window_) { rotate(); }
    std::size_t slot = locate(current_, key);
    if (live(current_, slot, key)) { return false; }
    if (live(before_, locate(before_, key), key)) { return false; }
    if (current_.keys[slot] == 0) {
        if ((current_.used + 1) * 4 > current_.keys.size() * 3) {
            grow();
            slot = locate(current_, key);
        }
        ++current_.used;
    }
    current_.keys[slot] = key;
    current_.stamps[slot] = stamp_;
    return true;
}

void DedupWindow::forget(std::uint64_t key) noexcept {
    const std::size_t slot = locate(current_, key);
    if (current_.keys[slot] == key) { current_.stamps[slot] = 0; }
}

std::size_t DedupWindow::bytes() const noexcept {
    return (current_.keys.size() + before_.keys.size()) * kSlotBytes;
}

void DedupWindow::rotate() {
    // After a long silence nothing of either generation is within the window.
    const bool gap = now_ - current_.start >= 2 * window_;
    const std::size_t slots = gap ? kFirstSlots : current_.keys.size();
    before_ = {};
    before_.resize(1); // one free slot: finds nothing
    if (!gap) { before_ = std::move(current_); }
    current_ = {};
    current_.resize(slots);
    current_.start = now_;
}

void DedupWindow::grow() {
    if (current_.keys.size() >= max_slots_) {
        ++early_;
        rotate();
        return;
    }
    Generation larger;
    larger.resize(current_.keys.size() * 2);
    larger.start = current_.start;
    for (std::size_t slot = 0; slot < current_.keys.size(); ++slot) {
        if (current_.keys[slot] == 0) { continue; }
        const std::size_t at = locate(larger, current_.keys[slot]);
        larger.keys[at] = current_.keys[slot];
        larger.stamps[at] = current_.stamps[slot];
        ++larger.used;
    }
    current_ = std::move(larger);
}

} // namespace canhgac::storage
