/// Bytes of the stored formats: little-endian numbers, LEB128 varints, length-prefixed text, big-endian key parts.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace canhgac::storage {

/// Maps signed to unsigned so that small magnitudes stay small (ZigZag).
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

/// Growable bytes that are never zeroed and keep their memory over clear(): a warm one allocates nothing.
class ByteSink {
public:
    void clear() noexcept { size_ = 0; }
    /// Forgets what stands after the first `size` bytes.
    void truncate(std::size_t size) noexcept { size_ = size; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

    void u8(std::uint8_t value) { *room(1) = static_cast<char>(value), ++size_; }
    void fixed32(std::uint32_t value) { put_little(value, 4); }
    void fixed64(std::uint64_t value) { put_little(value, 8); }
    void varint(std::uint64_t value) {
        char* out = room(10);
        std::size_t used = 0;
        while (value >= 0x80U) {
            out[used++] = static_cast<char>(value | 0x80U);
            value >>= 7U;
        }
        out[used++] = static_cast<char>(value);
        size_ += used;
    }
    void bytes(std::string_view text) {
        if (text.empty()) { return; }
        std::memcpy(room(text.size()), text.data(), text.size());
        size_ += text.size();
    }
    /// varint length, then the bytes.
    void text(std::string_view value) {
        varint(value.size());
        bytes(value);
    }
    /// `extra` writable bytes after the end; commit() makes the first `used` of them part of the content.
    [[nodiscard]] char* room(std::size_t extra) {
        if (capacity_ - size_ < extra) [[unlikely]] { grow(extra); }
        return bytes_.get() + size_;
    }
    void commit(std::size_t used) noexcept { size_ += used; }

private:
    void put_little(std::uint64_t value, unsigned count) {
        static_assert(std::endian::native == std::endian::little);
        std::memcpy(room(8), &value, count);
        size_ += count;
    }
    void grow(std::size_t extra) {
        std::size_t wanted = capacity_ < 64 ? 64 : capacity_ * 2;
        while (wanted - size_ < extra) {
            wanted *= 2;
        }
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (size_ != 0) { std::memcpy(larger.get(), bytes_.get(), size_); }
        bytes_ = std::move(larger);
        capacity_ = wanted;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Reads what ByteSink wrote. Reading beyond the end or a malformed varint makes it fail for good: every later read
/// gives zero or nothing, and ok() is false. Views into the input.
class ByteSource {
public:
    ByteSource() noexcept = default;
    explicit ByteSource(std::string_view input) noexcept : next_(input.data()), end_(input.data() + input.size()) {}

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - next_); }
    void fail() noexcept {
        ok_ = false;
        next_ = end_;
    }

    [[nodiscard]] std::uint8_t u8() noexcept {
        if (next_ == end_) {
            fail();
            return 0;
        }
        return static_cast<std::uint8_t>(*next_++);
    }
    [[nodiscard]] std::uint32_t fixed32() noexcept { return static_cast<std::uint32_t>(little(4)); }
    [[nodiscard]] std::uint64_t fixed64() noexcept { return little(8); }
    [[nodiscard]] std::int64_t signed64() noexcept { return static_cast<std::int64_t>(little(8)); }
    [[nodiscard]] std::uint64_t varint() noexcept {
        if (next_ != end_ && static_cast<std::uint8_t>(*next_) < 0x80U) [[likely]] {
            return static_cast<std::uint8_t>(*next_++);
        }
        return long_varint();
    }
    /// A varint that must not exceed `most`.
    [[nodiscard]] std::uint64_t varint(std::uint64_t most) noexcept {
        const std::uint64_t value = varint();
        if (value > most) {
            fail();
            return 0;
        }
        return value;
    }
    [[nodiscard]] std::string_view bytes(std::uint64_t size) noexcept {
        if (size > left()) {
            fail();
            return {};
        }
        const std::string_view result(next_, static_cast<std::size_t>(size));
        next_ += size;
        return result;
    }
    [[nodiscard]] std::string_view text() noexcept { return bytes(varint()); }

private:
    [[nodiscard]] std::uint64_t long_varint() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && next_ != end_; shift += 7) {
            const auto byte = static_cast<std::uint8_t>(*next_++);
            if (shift == 63 && byte > 1) { break; }
            value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if (byte < 0x80U) { return value; }
        }
        fail();
        return 0;
    }
    [[nodiscard]] std::uint64_t little(unsigned count) noexcept {
        const std::string_view raw = bytes(count);
        std::uint64_t value = 0;
        if (!raw.empty()) { std::memcpy(&value, raw.data(), raw.size()); }
        return value;
    }

    const char* next_ = nullptr;
    const char* end_ = nullptr;
    bool ok_ = true;
};

/// Key parts sort as numbers: most significant byte first.
template <typename Unsigned>
void append_key(std::string& key, Unsigned value) {
    for (unsigned shift = sizeof(Unsigned) * 8; shift != 0; shift -= 8) {
        key.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (shift - 8)));
    }
}
/// The number at `offset` of a key; `key` must be long enough.
template <typename Unsigned>
[[nodiscard]] Unsigned key_part(std::string_view key, std::size_t offset) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        value = value << 8U | static_cast<std::uint8_t>(key[offset + i]);
    }
    return static_cast<Unsigned>(value);
}

} // namespace canhgac::storage
