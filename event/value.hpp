/// A typed field value: always readable as text, so that string matching, storing and showing treat all alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace canhgac::event {

enum class FieldId : std::uint32_t {};

enum class ValueType : std::uint8_t {
    null, ///< present with JSON null; text is empty
    string,
    integer, ///< text is the source token, e.g. "4624"
    real,    ///< text is the source token, e.g. "1.5e3"
    boolean, ///< text is "true" or "false"
};

/// One field of an event: name and value in 16 bytes. The text is a view into the batch's arena (or static memory) and
/// dies with the batch. Text of type string is valid UTF-8.
class Field {
public:
    static constexpr std::uint32_t kMaxSize = (1U << 29U) - 1;

    Field() noexcept = default;
    /// `text` longer than kMaxSize is cut.
    Field(FieldId name, std::string_view text, ValueType type = ValueType::string) noexcept
        : data_(text.data()), name_(name),
          size_(text.size() > kMaxSize ? kMaxSize : static_cast<std::uint32_t>(text.size()) & kMaxSize),
          type_(static_cast<std::uint32_t>(type) & 7U) {}

    [[nodiscard]] FieldId name() const noexcept { return name_; }
    [[nodiscard]] std::string_view text() const noexcept { return {data_, size_}; }
    [[nodiscard]] ValueType type() const noexcept { return static_cast<ValueType>(type_); }
    [[nodiscard]] bool is_null() const noexcept { return type() == ValueType::null; }

private:
    const char* data_ = nullptr;
    FieldId name_{};
    std::uint32_t size_ : 29 = 0;
    std::uint32_t type_ : 3 = 0;
};
static_assert(sizeof(Field) == 16);

/// The number a text spells ("12", "-3", "0.5", "1e3"), all of it; nothing otherwise. Hex is not a number.
[[nodiscard]] std::optional<double> parse_number(std::string_view text) noexcept;

} // namespace canhgac::event
