#include "storage/query/exec/hyperloglog.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace canhgac::storage {

namespace {

constexpr unsigned kIndexBits = 14;
constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;
constexpr unsigned kRestBits = 64 - kIndexBits;

double sigma(double x) noexcept {
    if (x == 1.0) { return std::numeric_limits<double>::infinity(); }
    double y = 1.0;
    double z = x;
    double before = 0.0;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

double tau(double x) noexcept {
    if (x == 0.0 || x == 1.0) { return 0.0; }
    double y = 1.0;
    double z = 1.0 - x;
    double before = 0.0;
    do {
        x = std::sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
    } while (z != before);
    return z / 3.0;
}

} // namespace

std::size_t DistinctCounter::add(std::uint64_t hash) {
    if (!registers_.empty()) {
        set_register(hash);
        return 0;
    }
    const auto at = std::lower_bound(hashes_.begin(), hashes_.end(), hash);
    if (at != hashes_.end() && *at == hash) { return 0; }
    if (hashes_.size() < kExactDistinct) {
        const std::size_t before = hashes_.capacity();
        hashes_.insert(at, hash);
        return (hashes_.capacity() - before) * sizeof hash;
    }
    registers_.assign(kRegisters, 0);
    for (const std::uint64_t known : hashes_) {
        set_register(known);
    }
    hashes_ = {};
    set_register(hash);
    return kRegisters; // the hashes stay on the account
}

void DistinctCounter::set_register(std::uint64_t hash) noexcept {
    const auto rank = static_cast<unsigned>(std::countl_zero(hash << kIndexBits));
    const auto value = static_cast<std::uint8_t>(std::min(rank, kRestBits) + 1);
    std::uint8_t& place = registers_[hash >> kRestBits];
    place = std::max(place, value);
}

std::uint64_t DistinctCounter::count() const {
    if (registers_.empty()) { return hashes_.size(); }
    std::array<std::uint32_t, kRestBits + 2> counts{};
    for (const std::uint8_t value : registers_) {
        ++counts[value];
    }
    constexpr auto kAll = static_cast<double>(kRegisters);
    double z = kAll * tau(1.0 - counts[kRestBits + 1] / kAll);
    for (unsigned value = kRestBits; value >= 1; --value) {
        z = 0.5 * (z + counts[value]);
    }
    z += kAll * sigma(counts[0] / kAll);
    return static_cast<std::uint64_t>(std::llround(kAll * kAll / (2.0 * std::numbers::ln2 * z)));
}

} // namespace canhgac::storage
