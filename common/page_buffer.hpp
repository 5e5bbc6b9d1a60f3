/// Large working memory that is read at random: whole pages from the kernel, 2 MiB pages where the machine has them.
///
/// A table of tens of megabytes looked at in random places costs a miss of the address cache nearly each time with
/// 4 KiB pages; with transparent huge pages (`madvise`) it does not.
#pragma once

#include <cstddef>
#include <span>

namespace canhgac::common {

/// Owns `size` bytes, zeroed, aligned to 2 MiB when that large, else to a page. Move-only; an empty one owns nothing.
/// Throws std::bad_alloc when the kernel has no memory; no huge pages is not an error. Not thread safe.
class PageBuffer {
public:
    PageBuffer() noexcept = default;
    explicit PageBuffer(std::size_t size);
    PageBuffer(PageBuffer&& other) noexcept;
    PageBuffer& operator=(PageBuffer&& other) noexcept;
    PageBuffer(const PageBuffer&) = delete;
    PageBuffer& operator=(const PageBuffer&) = delete;
    ~PageBuffer();

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {begin_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    std::byte* begin_ = nullptr;
    std::size_t size_ = 0;
    void* mapping_ = nullptr; ///< what the kernel gave; begin_ lies inside
    std::size_t mapped_ = 0;
};

} // namespace canhgac::common
