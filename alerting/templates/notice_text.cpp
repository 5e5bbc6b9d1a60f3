#include "alerting/templates/notice_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "alerting/alert_codec.hpp"
#include "common/clock.hpp"

namespace canhgac::alerting {
namespace {

/// The rule's own words where it has them in this language.
std::string_view title_of(const Alert& alert, Language language) noexcept {
    return language == Language::vietnamese && !alert.title_vi.empty() ? alert.title_vi : alert.title;
}
std::string_view advice_of(const Alert& alert, Language language) noexcept {
    return language == Language::vietnamese && !alert.advice_vi.empty() ? alert.advice_vi
                                                                        : advice_text(alert.tags, language);
}

constexpr std::string_view kUnregistered = "unregistered"; ///< organization of a peer that nobody registered
constexpr std::size_t kMatchedShown = 8;
constexpr std::size_t kMessageShown = 600;
constexpr std::size_t kSubjectBytes = 200;

struct Labels {
    std::string_view heading, severity, organization, service, asset_level, entity, host, count, first_seen, last_seen,
        rule, technique, status, id, matched, message, advice, link, unknown, footer;
};

constexpr Labels kVietnamese = {
    .heading = "CẢNH BÁO AN NINH MẠNG",
    .severity = "Mức độ nghiêm trọng",
    .organization = "Đơn vị",
    .service = "Hệ thống thông tin",
    .asset_level = "cấp độ",
    .entity = "Đối tượng",
    .host = "Máy",
    .count = "Số lần",
    .first_seen = "Lần đầu",
    .last_seen = "Gần nhất",
    .rule = "Luật",
    .technique = "Kỹ thuật (ATT&CK)",
    .status = "Trạng thái",
    .id = "Mã cảnh báo",
    .matched = "Dấu hiệu khớp",
    .message = "Trích nhật ký",
    .advice = "Hướng xử lý",
    .link = "Xem trong bảng điều khiển",
    .unknown = "chưa đăng ký",
    .footer = "Thư tự động của hệ thống giám sát Canh Gác. Giờ ghi theo múi giờ Việt Nam (UTC+7).",
};
constexpr Labels kEnglish = {
    .heading = "SECURITY ALERT",
    .severity = "Severity",
    .organization = "Organization",
    .service = "Information system",
    .asset_level = "level",
    .entity = "Entity",
    .host = "Host",
    .count = "Count",
    .first_seen = "First seen",
    .last_seen = "Last seen",
    .rule = "Rule",
    .technique = "Technique (ATT&CK)",
    .status = "Status",
    .id = "Alert id",
    .matched = "Matched fields",
    .message = "Log excerpt",
    .advice = "What to do first",
    .link = "Open in the console",
    .unknown = "not registered",
    .footer = "Sent by the Canh Gác monitoring system. Times are in Vietnam's zone (UTC+7).",
};

const Labels& labels(Language language) noexcept {
    return language == Language::vietnamese ? kVietnamese : kEnglish;
}

/// What people call the fields that name entities; others keep their name.
std::string_view field_text(std::string_view name, Language language) noexcept {
    struct Entry {
        std::string_view name, vietnamese, english;
    };
    static constexpr std::array<Entry, 9> kFields = {{{"source.ip", "địa chỉ nguồn", "source address"},
                                                      {"destination.ip", "địa chỉ đích", "destination address"},
                                                      {"user.name", "tài khoản", "account"},
                                                      {"host.name", "máy", "host"},
                                                      {"TargetUserName", "tài khoản", "account"},
                                                      {"SubjectUserName", "tài khoản thực hiện", "acting account"},
                                                      {"IpAddress", "địa chỉ nguồn", "source address"},
                                                      {"Computer", "máy", "host"},
                                                      {"keywords", "từ khóa", "keywords"}}};
    for (const auto& entry : kFields) {
        if (entry.name == name) { return language == Language::vietnamese ? entry.vietnamese : entry.english; }
    }
    return name;
}

/// One line of valid UTF-8 of at most `limit` bytes: what a sender wrote may not shape the notice.
std::string one_line(std::string_view text, std::size_t limit) {
    std::string out = valid_utf8(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) { c = ' '; }
    }
    if (out.size() <= limit) { return out; }
    std::size_t size = limit;
    while (size > 0 && (static_cast<unsigned char>(out[size]) & 0xC0U) == 0x80U) {
        --size;
    }
    out.resize(size);
    return out + "…";
}

/// First letter upper case; the words used here begin with ASCII or "đ".
std::string capitalized(std::string_view text) {
    std::string out(text);
    if (out.starts_with("đ")) { return "Đ" + out.substr(std::string_view("đ").size()); }
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') { out[0] = static_cast<char>(out[0] - 'a' + 'A'); }
    return out;
}

std::string entity_text(const Alert& alert, Language language) {
    std::string out;
    for (const auto& [name, value] : alert.entity) {
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", field_text(name, language), one_line(value, 200));
    }
    return out;
}

std::string local_time(common::Nanos time) {
    return common::format_vietnam(time) + " (UTC+7)";
}

/// "T1110.001, T1078" out of tags like attack.t1110.001.
std::string techniques(const std::vector<std::string>& tags) {
    std::string out;
    for (const auto& tag : tags) {
        constexpr std::string_view kPrefix = "attack.t";
        if (!tag.starts_with(kPrefix) || tag.size() < kPrefix.size() + 4 ||
            tag.find_first_not_of("0123456789.", kPrefix.size()) != std::string::npos) {
            continue;
        }
        out += fmt::format("{}T{}", out.empty() ? "" : ", ", tag.substr(kPrefix.size()));
    }
    return out;
}

std::string console_link(const Alert& alert, const NoticeStyle& style) {
    if (style.console_url.empty()) { return {}; }
    std::string_view base = style.console_url;
    while (base.ends_with('/')) {
        base.remove_suffix(1);
    }
    return fmt::format("{}/alerts/{}", base, alert.id);
}

std::string service_text(const Alert& alert, const Labels& words) {
    std::string out = alert.service.empty() ? std::string(words.unknown) : one_line(alert.service, 200);
    if (alert.asset_level != 0) { out += fmt::format(" ({} {})", words.asset_level, alert.asset_level); }
    return out;
}

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows rows_of(const Alert& alert, Language language) {
    const Labels& words = labels(language);
    Rows rows;
    const auto add = [&rows](std::string_view label, std::string value) {
        if (!value.empty()) { rows.emplace_back(label, std::move(value)); }
    };
    add(words.severity, capitalized(level_text(alert.level, language)));
    const bool registered = !alert.organization.empty() && alert.organization != kUnregistered;
    add(words.organization, registered ? one_line(alert.organization, 200) : std::string(words.unknown));
    add(words.service, service_text(alert, words));
    add(words.entity, entity_text(alert, language));
    add(words.host, one_line(alert.host, 200));
    add(words.count, std::to_string(alert.count));
    add(words.first_seen, local_time(alert.first_seen));
    add(words.last_seen, local_time(alert.last_seen));
    add(words.rule, fmt::format("{} ({})", one_line(alert.title, 300), one_line(alert.rule_id, 100)));
    add(words.technique, techniques(alert.tags));
    add(words.status, capitalized(status_text(alert.status, language)));
    add(words.id, alert.id);
    return rows;
}

Rows matched_rows(const Alert& alert, Language language) {
    Rows rows;
    for (const auto& [name, value] : alert.matched) {
        if (rows.size() == kMatchedShown) { break; }
        rows.emplace_back(field_text(name, language), one_line(value, 200));
    }
    return rows;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string plain_text(const Alert& alert, const NoticeStyle& style) {
    const Labels& words = labels(style.language);
    std::string out = fmt::format("{}\n\n{}\n\n", words.heading, one_line(title_of(alert, style.language), 300));
    for (const auto& [label, value] : rows_of(alert, style.language)) {
        out += fmt::format("{}: {}\n", label, value);
    }
    if (const Rows matched = matched_rows(alert, style.language); !matched.empty()) {
        out += fmt::format("\n{}:\n", words.matched);
        for (const auto& [name, value] : matched) {
            out += fmt::format("  {} = {}\n", name, value);
        }
    }
    if (!alert.message.empty()) {
        out += fmt::format("\n{}:\n  {}\n", words.message, one_line(alert.message, kMessageShown));
    }
    out += fmt::format("\n{}: {}\n", words.advice, advice_of(alert, style.language));
    if (const std::string link = console_link(alert, style); !link.empty()) {
        out += fmt::format("\n{}: {}\n", words.link, link);
    }
    return out + fmt::format("\n--\n{}\n", words.footer);
}

std::string_view level_color(event::Severity level) noexcept {
    static constexpr std::array<std::string_view, 5> kColors = {"#5b6470", "#2b6cb0", "#b7791f", "#c05621", "#c53030"};
    return kColors[std::min(static_cast<std::size_t>(level), kColors.size() - 1)];
}

std::string html_table(const Rows& rows) {
    std::string out = "<table style=\"border-collapse:collapse\">\n";
    for (const auto& [label, value] : rows) {
        out +=
            fmt::format("<tr><th style=\"text-align:left;vertical-align:top;padding:3px 16px 3px 0;font-weight:600\">{}"
                        "</th><td style=\"padding:3px 0\">{}</td></tr>\n",
                        escaped(label), escaped(value));
    }
    return out + "</table>\n";
}

std::string html_document(const Alert& alert, const NoticeStyle& style) {
    const Labels& words = labels(style.language);
    std::string out =
        fmt::format("<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n"
                    "<body style=\"font-family:sans-serif;font-size:14px;color:#1a202c;max-width:720px\">\n",
                    style.language == Language::vietnamese ? "vi" : "en", escaped(words.heading));
    out += fmt::format("<p style=\"margin:0;padding:6px 12px;color:#fff;background:{}\">{}: {}</p>\n",
                       level_color(alert.level), escaped(words.heading),
                       escaped(capitalized(level_text(alert.level, style.language))));
    out +=
        fmt::format("<h2 style=\"margin:12px 0\">{}</h2>\n", escaped(one_line(title_of(alert, style.language), 300)));
    out += html_table(rows_of(alert, style.language));
    if (const Rows matched = matched_rows(alert, style.language); !matched.empty()) {
        out += fmt::format("<h3>{}</h3>\n{}", escaped(words.matched), html_table(matched));
    }
    if (!alert.message.empty()) {
        out += fmt::format("<h3>{}</h3>\n<pre style=\"white-space:pre-wrap;background:#f7fafc;padding:8px\">{}</pre>\n",
                           escaped(words.message), escaped(one_line(alert.message, kMessageShown)));
    }
    out += fmt::format("<p><strong>{}:</strong> {}</p>\n", escaped(words.advice),
                       escaped(advice_of(alert, style.language)));
    if (const std::string link = console_link(alert, style); !link.empty()) {
        out += fmt::format("<p><a href=\"{}\">{}</a></p>\n", escaped(link), escaped(words.link));
    }
    return out +
           fmt::format("<p style=\"color:#5b6470;font-size:12px\">{}</p>\n</body>\n</html>\n", escaped(words.footer));
}

std::string subject_line(const Alert& alert, const NoticeStyle& style) {
    std::string out = style.prefix.empty() ? std::string() : fmt::format("[{}] ", style.prefix);
    out += fmt::format("{}: {}", capitalized(level_text(alert.level, style.language)), title_of(alert, style.language));
    if (const std::string entity = entity_text(alert, style.language); !entity.empty()) { out += " – " + entity; }
    if (!alert.organization.empty() && alert.organization != kUnregistered) {
        out += fmt::format(" ({})", alert.organization);
    }
    return one_line(out, kSubjectBytes);
}

std::string json_escaped(std::string_view text) {
    std::string out;
    for (const char c : valid_utf8(text)) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (code < 0x20) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            out += c;
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) {
        out += (out.empty() ? "" : ", ") + part;
    }
    return out;
}

} // namespace

NoticeText notice_text(const Notice& notice, const NoticeStyle& style) {
    return {.subject = subject_line(notice.alert, style),
            .text = plain_text(notice.alert, style),
            .html = html_document(notice.alert, style)};
}

std::vector<std::pair<std::string, std::string>> template_values(const Notice& notice, const NoticeStyle& style) {
    const Alert& alert = notice.alert;
    return {{"id", alert.id},
            {"key", notice.key},
            {"kind", notice.kind},
            {"rule_id", alert.rule_id},
            {"title", std::string(title_of(alert, style.language))},
            {"level", std::string(event::to_string(alert.level))},
            {"level_text", std::string(level_text(alert.level, style.language))},
            {"status", std::string(to_string(alert.status))},
            {"organization", alert.organization},
            {"service", alert.service},
            {"asset_level", std::to_string(alert.asset_level)},
            {"host", alert.host},
            {"entity", entity_text(alert, style.language)},
            {"count", std::to_string(alert.count)},
            {"first_seen", common::format_rfc3339(alert.first_seen)},
            {"last_seen", common::format_rfc3339(alert.last_seen)},
            {"first_seen_local", local_time(alert.first_seen)},
            {"last_seen_local", local_time(alert.last_seen)},
            {"message", one_line(alert.message, kMaxFieldBytes)},
            {"tags", joined(alert.tags)},
            {"link", console_link(alert, style)},
            {"subject", subject_line(alert, style)},
            {"text", plain_text(alert, style)}};
}

std::string fill_json_template(std::string_view pattern,
                               const std::vector<std::pair<std::string, std::string>>& values) {
    std::string out;
    for (;;) {
        const auto open = pattern.find("{{");
        const auto close = open == std::string_view::npos ? open : pattern.find("}}", open);
        if (close == std::string_view::npos) { return out.append(pattern); }
        out.append(pattern.substr(0, open));
        const std::string_view name = pattern.substr(open + 2, close - open - 2);
        const auto found = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
        if (found == values.end()) { // not ours, e.g. two objects that open together
            out.append("{{");
            pattern.remove_prefix(open + 2);
            continue;
        }
        out.append(json_escaped(found->second));
        pattern.remove_prefix(close + 2);
    }
}

} // namespace canhgac::alerting
