/// What a notice says to people, in Vietnamese and English. Times dd/mm/yyyy HH:MM:SS in UTC+7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/alert.hpp"
#include "alerting/channel.hpp"

namespace canhgac::alerting {

enum class Language : std::uint8_t { vietnamese, english };

struct NoticeStyle {
    Language language = Language::vietnamese;
    std::string console_url{};       ///< e.g. https://soc.example.gov.vn; empty = no link
    std::string prefix = "Canh Gác"; ///< stands in brackets before the subject
};

struct NoticeText {
    std::string subject; ///< one line, UTF-8
    std::string text;    ///< LF line ends
    std::string html;    ///< a whole document, no external resource; values escaped
};

[[nodiscard]] NoticeText notice_text(const Notice& notice, const NoticeStyle& style);

/// "nghiêm trọng", "critical", ... in the language.
[[nodiscard]] std::string_view level_text(event::Severity level, Language language) noexcept;
/// "mới", "đã tiếp nhận", ...
[[nodiscard]] std::string_view status_text(AlertStatus status, Language language) noexcept;
/// What to do first, by the ATT&CK tactics among the tags.
[[nodiscard]] std::string_view advice_text(const std::vector<std::string>& tags, Language language) noexcept;

/// Names that templates may use, with their values: id, rule_id, title, level, level_text, status, organization,
/// service, asset_level, host, entity, count, first_seen, last_seen (RFC 3339), first_seen_local, last_seen_local
/// (UTC+7), message, tags, link, subject, text, key, kind.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> template_values(const Notice& notice,
                                                                               const NoticeStyle& style);
/// Replaces each {{name}} in `pattern` by its value, escaped to stand inside a JSON string. An unknown name stays as
/// it is.
[[nodiscard]] std::string fill_json_template(std::string_view pattern,
                                             const std::vector<std::pair<std::string, std::string>>& values);

} // namespace canhgac::alerting
