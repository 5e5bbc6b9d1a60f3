#include "common/page_buffer.hpp"

#include <cstdint>
#include <new>
#include <utility>

#include <sys/mman.h>

#include "common/bytes.hpp"

namespace canhgac::common {

namespace {

constexpr std::size_t kHugePage = 2 * kMiB;

} // namespace

PageBuffer::PageBuffer(std::size_t size) : size_(size) {
    if (size == 0) { return; }
    const std::size_t alignment = size >= kHugePage ? kHugePage : 0;
    mapped_ = size + alignment;
    void* const mapping = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) { throw std::bad_alloc(); }
    mapping_ = mapping;
    const auto address = reinterpret_cast<std::uintptr_t>(mapping_);
    const std::size_t skipped = alignment == 0 ? 0 : (alignment - address % alignment) % alignment;
    begin_ = static_cast<std::byte*>(mapping_) + skipped;
    // Refused where the kernel was built without: then pages are small, and all else is the same.
    if (alignment != 0) { static_cast<void>(::madvise(begin_, size_, MADV_HUGEPAGE)); }
}

PageBuffer::PageBuffer(PageBuffer&& other) noexcept
    : begin_(std::exchange(other.begin_, nullptr)), size_(std::exchange(other.size_, 0)),
      mapping_(std::exchange(other.mapping_, nullptr)), mapped_(std::exchange(other.mapped_, 0)) {}

PageBuffer& PageBuffer::operator=(PageBuffer&& other) noexcept {
    std::swap(begin_, other.begin_);
    std::swap(size_, other.size_);
    std::swap(mapping_, other.mapping_);
    std::swap(mapped_, other.mapped_);
    return *this;
}

PageBuffer::~PageBuffer() {
    if (mapping_ != nullptr) { ::munmap(mapping_, mapped_); }
}

} // namespace canhgac::common
