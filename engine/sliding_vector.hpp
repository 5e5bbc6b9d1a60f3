/// A vector that also shrinks at its front: what windows over time are made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

namespace canhgac::engine {

/// Elements in one piece; adding at the end and removing from the front cost O(1) amortised, inserting costs what lies
/// behind the place. Gives memory back when it has become much too large. At most 2^31 elements. One owner, one thread.
template <typename T>
class SlidingVector {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] const T* begin() const noexcept { return data_.get() + head_; }
    [[nodiscard]] const T* end() const noexcept { return begin() + size_; }
    [[nodiscard]] const T& operator[](std::size_t at) const noexcept { return begin()[at]; }
    [[nodiscard]] T& operator[](std::size_t at) noexcept { return data_[head_ + at]; }
    [[nodiscard]] const T& front() const noexcept { return begin()[0]; }
    [[nodiscard]] const T& back() const noexcept { return begin()[size_ - 1]; }
    /// Of the heap.
    [[nodiscard]] std::size_t bytes() const noexcept { return std::size_t{capacity_} * sizeof(T); }

    void push_back(const T& value) { insert(size_, value); }
    void insert(std::size_t at, const T& value) {
        if (head_ + size_ == capacity_) { make_room(); }
        T* place = data_.get() + head_ + at;
        std::memmove(place + 1, place, (size_ - at) * sizeof(T));
        *place = value;
        ++size_;
    }
    void erase(std::size_t at) noexcept {
        T* place = data_.get() + head_ + at;
        std::memmove(place, place + 1, (size_ - at - 1) * sizeof(T));
        --size_;
    }
    void pop_front(std::size_t count) {
        head_ += static_cast<std::uint32_t>(count);
        size_ -= static_cast<std::uint32_t>(count);
        if (size_ == 0) { head_ = 0; }
        if (capacity_ > kKept && std::size_t{size_} * 4 < capacity_) { move_to(std::max<std::uint32_t>(size_ * 2, 1)); }
    }
    void clear() noexcept {
        data_.reset();
        head_ = size_ = capacity_ = 0;
    }

private:
    static constexpr std::uint32_t kKept = 16;

    void make_room() {
        if (head_ > size_ / 2) {
            std::memmove(data_.get(), data_.get() + head_, size_ * sizeof(T));
            head_ = 0;
            return;
        }
        move_to(capacity_ == 0 ? 1 : capacity_ + std::max<std::uint32_t>(capacity_ / 2, 1));
    }
    void move_to(std::uint32_t capacity) {
        auto larger = std::make_unique_for_overwrite<T[]>(capacity);
        if (size_ != 0) { std::memcpy(larger.get(), data_.get() + head_, size_ * sizeof(T)); }
        data_ = std::move(larger);
        head_ = 0;
        capacity_ = capacity;
    }

    std::unique_ptr<T[]> data_;
    std::uint32_t head_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
};

} // namespace canhgac::engine
