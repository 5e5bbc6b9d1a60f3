/// A set of rows of one block, one bit a row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace canhgac::storage {

/// Sets that are combined have one size. Not thread safe.
class RowBits {
public:
    RowBits() = default;
    RowBits(std::size_t rows, bool value) { assign(rows, value); }
    void assign(std::size_t rows, bool value) {
        rows_ = rows;
        words_.assign((rows + 63) / 64, value ? ~0ULL : 0);
        clear_rest();
    }
    [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
    void set(std::size_t row) noexcept { words_[row / 64] |= 1ULL << row % 64; }
    [[nodiscard]] bool test(std::size_t row) const noexcept { return (words_[row / 64] >> row % 64 & 1U) != 0; }
    [[nodiscard]] bool none() const noexcept {
        return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
    }
    [[nodiscard]] std::size_t count() const noexcept {
        std::size_t sum = 0;
        for (const std::uint64_t word : words_) {
            sum += static_cast<std::size_t>(__builtin_popcountll(word));
        }
        return sum;
    }
    void flip() noexcept {
        for (std::uint64_t& word : words_) {
            word = ~word;
        }
        clear_rest();
    }
    RowBits& operator&=(const RowBits& other) noexcept {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            words_[i] &= other.words_[i];
        }
        return *this;
    }
    RowBits& operator|=(const RowBits& other) noexcept {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            words_[i] |= other.words_[i];
        }
        return *this;
    }

private:
    void clear_rest() noexcept {
        if (rows_ % 64 != 0) { words_.back() &= (1ULL << rows_ % 64) - 1; }
    }
    std::size_t rows_ = 0;
    std::vector<std::uint64_t> words_;
};

} // namespace canhgac::storage
