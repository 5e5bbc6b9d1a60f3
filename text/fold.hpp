/// Unicode simple case folding (Unicode 15 CaseFolding.txt, statuses C and S): one character to one character. The one
/// notion of "ignoring case" of the whole product: fast path and plain evaluator both use this table.
/// K (U+212A) folds to k, U+017F to s, capital sharp s to sharp s; Turkish dotted and dotless i stay themselves.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace canhgac::text {

/// The folded character; codes outside Unicode come back unchanged.
[[nodiscard]] char32_t fold(char32_t code) noexcept;

/// Folded texts one after the other, for hot paths: takes memory only while it grows, never initialises it.
class FoldBuffer {
public:
    FoldBuffer() noexcept = default;
    void clear() noexcept { size_ = 0; }
    /// Adds a text, folded (UTF-8; broken bytes are copied). It may become 1.5 times as long.
    void append(std::string_view text);
    void push_back(char byte) {
        reserve(1);
        bytes_[size_++] = byte;
    }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    void reserve(std::size_t more) {
        if (capacity_ - size_ < more) [[unlikely]] { grow(more); }
    }
    void grow(std::size_t more);

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

[[nodiscard]] std::string fold(std::string_view text);

/// Equal, starts, ends, contains after folding both sides. No allocation.
[[nodiscard]] bool equals_folded(std::string_view left, std::string_view right) noexcept;
[[nodiscard]] bool starts_folded(std::string_view text, std::string_view prefix) noexcept;
[[nodiscard]] bool ends_folded(std::string_view text, std::string_view suffix) noexcept;
[[nodiscard]] bool contains_folded(std::string_view text, std::string_view part) noexcept;

} // namespace canhgac::text
