/// Texts kept on disk and read through a read-only mapping: an unlinked file of our own, so nobody can change or
/// shorten it under us, and it is gone with the process. Only pages that are read take memory (and can be dropped).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "common/result.hpp"

namespace canhgac::engine {

/// Append, then map, then read. Not thread safe until mapped; then reads are safe from any thread. Moves, not copies.
class TextFile {
public:
    /// A new file in `folder` (unlinked at once).
    [[nodiscard]] static common::Result<TextFile, std::error_code> create(const std::filesystem::path& folder);
    TextFile() = default;
    ~TextFile();
    TextFile(TextFile&& other) noexcept;
    TextFile& operator=(TextFile&& other) noexcept;
    TextFile(const TextFile&) = delete;
    TextFile& operator=(const TextFile&) = delete;

    /// Adds a text of at most 65,535 bytes with one byte before it; returns its position. Errors are kept for map().
    std::uint64_t append(std::uint8_t kind, std::string_view text);
    /// Writes what is buffered and maps the file. Errors: of write (disk full) and mmap.
    [[nodiscard]] common::Result<void, std::error_code> map();

    struct Entry {
        std::uint8_t kind = 0;
        std::string_view text; ///< lives as long as the TextFile
    };
    /// `position` must come from append(). After map() only.
    [[nodiscard]] Entry at(std::uint64_t position) const noexcept;
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// Calls visit(position, entry) for each text, in the order appended. After map() only.
    template <typename Visit>
    void for_each(const Visit& visit) const {
        for (std::uint64_t position = 0; position < size_;) {
            const Entry entry = at(position);
            visit(position, entry);
            position += kHeaderBytes + entry.text.size();
        }
    }

private:
    static constexpr std::size_t kHeaderBytes = 3;
    void flush();
    void close() noexcept;

    int fd_ = -1;
    const char* bytes_ = nullptr;
    std::uint64_t size_ = 0;   ///< appended
    std::uint64_t mapped_ = 0; ///< length of the mapping
    std::string buffer_;
    std::error_code error_;
};

} // namespace canhgac::engine
