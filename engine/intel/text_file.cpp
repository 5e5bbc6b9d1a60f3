#include "engine/intel/text_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/mman.h>

#include "common/bytes.hpp"
#include "common/ensure.hpp"

namespace canhgac::engine {

namespace {

constexpr std::size_t kBufferBytes = common::kMiB;

std::error_code last_error() noexcept {
    return {errno, std::generic_category()};
}

} // namespace

common::Result<TextFile, std::error_code> TextFile::create(const std::filesystem::path& folder) {
    TextFile file;
    file.fd_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file.fd_ < 0) { // not every file system has O_TMPFILE
        std::string name = (folder / "intel.XXXXXX").string();
        file.fd_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (file.fd_ < 0) { return common::fail(last_error()); }
        ::unlink(name.c_str());
    }
    return file;
}

TextFile::~TextFile() {
    close();
}

TextFile::TextFile(TextFile&& other) noexcept {
    *this = std::move(other);
}

TextFile& TextFile::operator=(TextFile&& other) noexcept {
    if (this == &other) { return *this; }
    close();
    fd_ = std::exchange(other.fd_, -1);
    bytes_ = std::exchange(other.bytes_, nullptr);
    size_ = std::exchange(other.size_, 0);
    mapped_ = std::exchange(other.mapped_, 0);
    buffer_ = std::move(other.buffer_);
    error_ = other.error_;
    return *this;
}

void TextFile::close() noexcept {
    if (bytes_ != nullptr) { ::munmap(const_cast<char*>(bytes_), mapped_); }
    if (fd_ >= 0) { ::close(fd_); }
    bytes_ = nullptr;
    fd_ = -1;
}

std::uint64_t TextFile::append(std::uint8_t kind, std::string_view text) {
    common::ensure(text.size() <= 0xFFFF && bytes_ == nullptr, "a text is short and comes before map()");
    const std::uint64_t position = size_;
    buffer_ += static_cast<char>(kind);
    buffer_ += static_cast<char>(text.size() & 0xFFU);
    buffer_ += static_cast<char>(text.size() >> 8U);
    buffer_ += text;
    size_ += kHeaderBytes + text.size();
    if (buffer_.size() >= kBufferBytes) { flush(); }
    return position;
}

void TextFile::flush() {
    std::string_view left = buffer_;
    while (!left.empty() && !error_) {
        const ssize_t written = ::write(fd_, left.data(), left.size());
        if (written >= 0) {
            left.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            error_ = last_error();
        }
    }
    buffer_.clear();
}

common::Result<void, std::error_code> TextFile::map() {
    flush();
    buffer_.shrink_to_fit();
    if (error_) { return common::fail(error_); }
    if (size_ == 0) { return {}; }
    void* const mapping = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_, 0);
    if (mapping == MAP_FAILED) { return common::fail(last_error()); }
    ::madvise(mapping, size_, MADV_RANDOM);
    bytes_ = static_cast<const char*>(mapping);
    mapped_ = size_;
    return {};
}

TextFile::Entry TextFile::at(std::uint64_t position) const noexcept {
    common::ensure(position + kHeaderBytes <= mapped_, "a position of append()");
    const char* const head = bytes_ + position;
    const std::size_t size =
        static_cast<unsigned char>(head[1]) | static_cast<std::size_t>(static_cast<unsigned char>(head[2])) << 8U;
    return {static_cast<std::uint8_t>(head[0]), {head + kHeaderBytes, size}};
}

} // namespace canhgac::engine
