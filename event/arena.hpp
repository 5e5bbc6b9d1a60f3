/// Bump memory of a batch: allocate, never free singly, reset all at once and keep the memory for the next batch.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "common/bytes.hpp"

namespace canhgac::event {

/// Not thread safe; moves with its batch. What it hands out lives until reset() or destruction.
class Arena {
public:
    explicit Arena(std::size_t chunk_bytes = 64 * common::kKiB) noexcept : chunk_bytes_(chunk_bytes) {}
    Arena(Arena&&) noexcept = default;
    Arena& operator=(Arena&&) noexcept = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() = default;

    /// `size` bytes, no alignment promised. Never null; takes from the heap only when no kept chunk has room.
    [[nodiscard]] char* allocate(std::size_t size) {
        if (size > static_cast<std::size_t>(end_ - next_)) [[unlikely]] { grow(size); }
        char* result = next_;
        next_ += size;
        return result;
    }
    /// A copy of `text` inside the arena.
    [[nodiscard]] std::string_view copy(std::string_view text);
    /// Gives back the tail of the last allocation: it was `reserved` bytes, only `used` are kept.
    void shrink_last(std::size_t reserved, std::size_t used) noexcept { next_ -= reserved - used; }
    /// Forgets everything handed out; keeps the chunks.
    void reset() noexcept;
    /// Heap bytes held, used or not.
    [[nodiscard]] std::size_t capacity_bytes() const noexcept;

private:
    struct Chunk {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };
    void grow(std::size_t size);

    std::size_t chunk_bytes_;
    std::vector<Chunk> chunks_;
    std::size_t used_chunks_ = 0;
    char* next_ = nullptr;
    char* end_ = nullptr;
};

} // namespace canhgac::event
