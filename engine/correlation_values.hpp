/// What windows of the value types keep up to date while events enter and leave: distinct values, an exact sum, values
/// in order. Every operation costs far less than the window; adding and removing in any order gives the same result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace canhgac::engine {

/// How often each value is in the window. Values are 64-bit hashes with a secret seed (CorrelatorOptions): two values
/// of one window are taken for one with a probability below 2^-33 even in a full window of 65,536.
class DistinctCounter {
public:
    void add(std::uint64_t value);
    /// `value` must have been added.
    void remove(std::uint64_t value) noexcept;
    [[nodiscard]] std::uint64_t count_of(std::uint64_t value) const noexcept;
    [[nodiscard]] std::size_t distinct() const noexcept { return used_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return slots_.capacity() * sizeof(Slot); }
    void clear() noexcept;

private:
    struct Slot {
        std::uint64_t value = 0;
        std::uint64_t count = 0; ///< 0 = free
    };
    [[nodiscard]] std::size_t place_of(std::uint64_t value) const noexcept;
    void grow();

    std::vector<Slot> slots_; ///< a power of two, at most half full, linear probing
    std::size_t used_ = 0;
};

__extension__ using Int128 = __int128;

/// A sum in fixed point with 40 binary digits after the point: exact for whole numbers, off by at most 2^-41 a value
/// else, and the same in whatever order values come and go.
class ExactSum {
public:
    /// Nothing for what is not finite or beyond ±2^62.
    [[nodiscard]] static std::optional<Int128> fixed(double value) noexcept;
    void add(double value) noexcept { sum_ += *fixed(value); }
    void remove(double value) noexcept { sum_ -= *fixed(value); }
    [[nodiscard]] double value() const noexcept;
    void clear() noexcept { sum_ = 0; }

private:
    Int128 sum_ = 0;
};

/// Values in order, exact at any size: chunks of at most 512, so one step costs a search and a move of 4 KiB.
class OrderedValues {
public:
    void add(double value);
    /// `value` must have been added.
    void remove(double value) noexcept;
    /// The value that has `rank` others before it; rank < size().
    [[nodiscard]] double at(std::size_t rank) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t bytes() const noexcept {
        return bytes_ + chunks_.capacity() * sizeof(std::vector<double>);
    }
    void clear() noexcept;

private:
    static constexpr std::size_t kChunk = 512;

    std::vector<std::vector<double>> chunks_; ///< none is empty
    std::size_t size_ = 0;
    std::size_t bytes_ = 0; ///< of the chunks
};

/// Nearest rank: the smallest value that at least `percentile` per cent of all do not exceed; 0 = the least.
[[nodiscard]] std::size_t percentile_rank(double percentile, std::size_t size) noexcept;

} // namespace canhgac::engine
