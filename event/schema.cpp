#include "event/schema.hpp"

#include <algorithm>

namespace canhgac::event {

bool is_receiver_only(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 9> kNames = {
        "event.ingested", "event.original", "log.source", "organization.name", "service.name",
        "asset.level",    "tags",           "event.id",   "log.peer.subject"};
    // What enrichment writes stands at the end of the envelope.
    constexpr auto kEnrichment = static_cast<std::ptrdiff_t>(field::kIndicatorList);
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
           std::find(kEnvelopeNames.begin() + kEnrichment, kEnvelopeNames.end(), name) != kEnvelopeNames.end() ||
           name.starts_with("logsource.") || name == "logsource" || name.starts_with("drill.") ||
           name == "event.overflow" || name == "event.parse_error";
}

std::string_view to_string(Format format) noexcept {
    static constexpr std::array<std::string_view, kFormatCount> kNames = {
        "unparsed", "json", "windows_event", "syslog", "fortigate", "key_value", "access_log", "auditd", "text"};
    const auto index = static_cast<std::size_t>(format);
    return index < kNames.size() ? kNames[index] : "unparsed";
}

} // namespace canhgac::event
