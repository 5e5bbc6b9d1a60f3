#include "event/arena.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace canhgac::event {

std::string_view Arena::copy(std::string_view text) {
    if (text.empty()) { return {}; }
    char* target = allocate(text.size());
    std::memcpy(target, text.data(), text.size());
    return {target, text.size()};
}

void Arena::reset() noexcept {
    used_chunks_ = 0;
    next_ = nullptr;
    end_ = nullptr;
}

std::size_t Arena::capacity_bytes() const noexcept {
    std::size_t total = 0;
    for (const Chunk& chunk : chunks_) {
        total += chunk.size;
    }
    return total;
}

void Arena::grow(std::size_t size) {
    // A kept chunk with room first (the first one that fits moves to the used part), else a new one.
    const auto unused = chunks_.begin() + static_cast<std::ptrdiff_t>(used_chunks_);
    auto fitting = std::find_if(unused, chunks_.end(), [size](const Chunk& chunk) { return chunk.size >= size; });
    if (fitting == chunks_.end()) {
        const std::size_t bytes = std::max(size, chunk_bytes_);
        // for_overwrite: the memory need not be zeroed
        chunks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
        fitting = chunks_.end() - 1;
    }
    std::swap(*fitting, chunks_[used_chunks_]);
    Chunk& chunk = chunks_[used_chunks_++];
    next_ = chunk.bytes.get();
    end_ = next_ + chunk.size;
}

} // namespace canhgac::event
