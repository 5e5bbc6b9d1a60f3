// Checks of a document's head: everything but log source, detection and tags.
#include <algorithm>
#include <array>
#include <optional>

#include "rules/lint_document.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

constexpr std::array<std::string_view, 24> kKeys = {
    "title",  "id",    "related",        "name",   "taxonomy", "status",      "description", "license",
    "author", "date",  "modified",       "level",  "tags",     "references",  "logsource",   "detection",
    "fields", "scope", "falsepositives", "filter", "action",   "correlation", "canhgac",     "generate"};
/// SigmaHQ's own keys, which its rules carry.
constexpr std::array<std::string_view, 2> kHousekeeping = {"simulation", "regression_tests_path"};
constexpr std::array<std::string_view, 5> kStatuses = {"stable", "test", "experimental", "deprecated", "unsupported"};
constexpr std::size_t kMaxTitle = 120;
constexpr common::Nanos kVietnam = 7 * common::kHour; ///< filters end in this zone

std::string_view text_of(const yaml::Node& document, std::string_view key) {
    const auto* node = document.find(key);
    return node == nullptr || !node->is_scalar() ? std::string_view{} : std::string_view(node->text);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) { return false; }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex) { return false; }
    }
    return true;
}

/// Of insertions, deletions and changes; small texts only.
std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t corner = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t changed = corner + (left[i - 1] == right[j - 1] ? 0U : 1U);
            corner = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

/// "YYYY-MM-DD" as the start of that day, UTC.
std::optional<common::Nanos> day_of(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') { return std::nullopt; }
    std::string stamp("0000-00-00T00:00:00Z");
    stamp.replace(0, text.size(), text);
    return common::parse_rfc3339(stamp);
}

void check_title(const yaml::Node& document, LintSink& sink) {
    const std::string_view title = text_of(document, "title");
    if (title.empty()) { return; } // rejected
    const auto at = document.find("title")->at;
    if (title.size() > kMaxTitle) {
        sink.add("title", at, "the title has " + std::to_string(title.size()) + " bytes; people read about 100");
    }
    if (title.ends_with('.')) { sink.add("title", at, "the title ends with a full stop"); }
    if (title.starts_with("Detects ") || title.starts_with("Detection of ")) {
        sink.add("title", at, "say what happened, not that it is detected");
    }
}

void check_identity(const yaml::Node& document, LintSink& sink) {
    const auto* id = document.find("id");
    if (id == nullptr) {
        sink.add("id", document.at, "no id; `uuidgen -r` makes one");
    } else if (!is_uuid(id->text)) {
        sink.add("id", id->at, "'" + id->text + "' is not a UUID");
    }
}

void check_status_and_level(const yaml::Node& document, LintSink& sink) {
    const auto* status = document.find("status");
    if (status == nullptr) {
        sink.add("status", document.at, "no status; a new rule is 'experimental'");
    } else if (std::find(kStatuses.begin(), kStatuses.end(), status->text) == kStatuses.end()) {
        sink.add("status", status->at,
                 "unknown status '" + status->text + "' (stable, test, experimental, deprecated, unsupported)");
    }
    if (text_of(document, "level").empty()) { sink.add("level", document.at, "no level; the rule counts as medium"); }
}

void check_dates(const yaml::Node& document, common::Nanos now, LintSink& sink) {
    const auto* date = document.find("date");
    if (date == nullptr) {
        sink.add("date", document.at, "no date; when was the rule written?");
        return;
    }
    const auto written = day_of(date->text);
    if (!written) {
        sink.add("date", date->at, "'" + date->text + "' is not a date YYYY-MM-DD");
    } else if (*written > now + common::kDay) {
        sink.add("date", date->at, "'" + date->text + "' is in the future");
    }
    const auto* modified = document.find("modified");
    if (modified == nullptr) { return; }
    const auto changed = day_of(modified->text);
    if (!changed) {
        sink.add("date", modified->at, "'" + modified->text + "' is not a date YYYY-MM-DD");
    } else if (written && *changed < *written) {
        sink.add("date", modified->at, "'modified' is before 'date'");
    } else if (*changed > now + common::kDay) {
        sink.add("date", modified->at, "'" + modified->text + "' is in the future");
    }
}

void check_texts(const yaml::Node& document, LintSink& sink) {
    if (text_of(document, "author").empty()) { sink.add("author", document.at, "no author; whom does one ask?"); }
    if (text_of(document, "description").empty()) {
        sink.add("description", document.at, "no description; what does an alert of this rule mean?");
    }
}

void check_falsepositives(const yaml::Node& document, LintSink& sink) {
    const auto* node = document.find("falsepositives");
    if (node == nullptr) {
        sink.add("falsepositives", document.at, "no falsepositives; what harmless thing looks the same?");
        return;
    }
    if (node->is_sequence() && !node->items.empty()) { return; }
    sink.add("falsepositives", node->at, "'falsepositives' must be a list of texts");
}

void check_keys(const yaml::Node& document, LintSink& sink) {
    for (std::size_t i = 0; i < document.entries.size(); ++i) {
        const std::string& key = document.entries[i].first;
        if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) { continue; }
        if (std::find(kHousekeeping.begin(), kHousekeeping.end(), key) != kHousekeeping.end()) { continue; }
        std::string message = "Sigma does not know the key '" + key + "'";
        for (const std::string_view known : kKeys) {
            if (key.size() < 32 && edit_distance(key, known) <= 2) {
                message += "; did you mean '" + std::string(known) + "'?";
                break;
            }
        }
        sink.add("unknown-key", document.key_positions[i], std::move(message));
    }
}

void check_expiry(const yaml::Node& document, common::Nanos now, LintSink& sink) {
    const auto* own = document.find("canhgac");
    const auto* until = own == nullptr ? nullptr : own->find("until");
    if (until == nullptr) { return; }
    auto end = day_of(until->text);
    if (end) {
        *end += common::kDay - kVietnam; // the day named is the last one, in Viet Nam
    } else {
        end = common::parse_rfc3339(until->text, kVietnam / common::kSecond);
    }
    if (end && *end <= now) {
        sink.add("expired-exception", until->at, "the exception ended on " + until->text + "; delete it or renew it");
    }
}

} // namespace

void lint_head(const LintDocument& document, common::Nanos now, LintSink& sink) {
    const yaml::Node& node = document.node;
    check_title(node, sink);
    check_identity(node, sink);
    check_keys(node, sink);
    check_expiry(node, now, sink);
    if (node.find("filter") != nullptr) { return; } // a filter makes no alert
    check_status_and_level(node, sink);
    check_dates(node, now, sink);
    check_texts(node, sink);
    if (document.alerts) { check_falsepositives(node, sink); }
}

} // namespace canhgac::rules
