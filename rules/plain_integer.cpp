#include "rules/plain_integer.hpp"

#include <charconv>
#include <cstdint>
#include <string_view>

namespace canhgac::rules {

std::optional<double> plain_integer(const common::yaml::Node& node) noexcept {
    static constexpr std::uint64_t kLargest = 1ULL << 53U;
    if (!node.is_string() || node.quoted) { return std::nullopt; }
    std::string_view digits = node.text;
    int base = 10;
    bool is_negative = false;
    if (digits.starts_with("0x")) {
        base = 16;
        digits.remove_prefix(2);
    } else if (digits.starts_with("0o")) {
        base = 8;
        digits.remove_prefix(2);
    } else if (digits.starts_with('-') || digits.starts_with('+')) {
        is_negative = digits.front() == '-';
        digits.remove_prefix(1);
    }
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
    if (error != std::errc{} || stop != end || value >= kLargest) { return std::nullopt; }
    return is_negative ? -static_cast<double>(value) : static_cast<double>(value);
}

} // namespace canhgac::rules
