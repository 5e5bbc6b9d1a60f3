#include "event/detection.hpp"

#include <array>

namespace canhgac::event {

std::string_view to_string(Severity severity) noexcept {
    static constexpr std::array<std::string_view, 5> kNames = {"informational", "low", "medium", "high", "critical"};
    const auto index = static_cast<std::size_t>(severity);
    return index < kNames.size() ? kNames[index] : "medium";
}

} // namespace canhgac::event
