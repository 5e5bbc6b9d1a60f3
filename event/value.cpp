#include "event/value.hpp"

#include <charconv>

namespace canhgac::event {

std::optional<double> parse_number(std::string_view text) noexcept {
    // from_chars also takes "inf" and "nan", which no log means as numbers.
    if (text.empty() || (text.front() != '-' && text.front() != '.' && (text.front() < '0' || text.front() > '9'))) {
        return std::nullopt;
    }
    if (text.size() > 1 && text.front() == '-' && (text[1] == 'i' || text[1] == 'n')) { return std::nullopt; }
    double value = 0.0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) { return std::nullopt; }
    return value;
}

} // namespace canhgac::event
