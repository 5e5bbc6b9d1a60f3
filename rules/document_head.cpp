// What the head of a document says beside its logic (SIGMA.md items 2 and 4), declared in document.hpp.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/clock.hpp"
#include "rules/document.hpp"
#include "rules/refusal.hpp"
#include "rules/sigma_string.hpp"
#include "rules/yaml_json.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

constexpr std::size_t kMaxTitleCharacters = 256;
constexpr std::size_t kMaxCustomBytes = std::size_t{64} << 10U; ///< of one rule, as JSON

/// "a, b and c".
template <std::size_t Count>
std::string listed(const std::array<std::string_view, Count>& words) {
    std::string out;
    for (std::size_t i = 0; i < Count; ++i) {
        out += i == 0 ? "" : i + 1 == Count ? " and " : ", ";
        out += words[i];
    }
    return out;
}

template <std::size_t Count>
bool is_one_of(std::string_view word, const std::array<std::string_view, Count>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

void check_title(const yaml::Node& document) {
    const std::string title = read_text_key(document, "title");
    if (title.empty()) { refuse(document.at, "missing 'title'; say in a few words what the rule finds"); }
    std::size_t characters = 0;
    for (std::string_view rest = title; !rest.empty(); rest.remove_prefix(character_length(rest))) {
        ++characters;
    }
    if (characters > kMaxTitleCharacters) {
        refuse(document.find("title")->at, "'title' is longer than 256 characters; move the rest to 'description'");
    }
}

/// YYYY-MM-DD, or YYYY/MM/DD as older rules have it.
bool is_date(std::string text) {
    if (text.size() != 10) { return false; }
    if (text[4] == '/' && text[7] == '/') { text[4] = text[7] = '-'; }
    return common::parse_rfc3339(text + "T00:00:00").has_value();
}

void check_date(const yaml::Node& document, std::string_view key) {
    const std::string text = read_text_key(document, key);
    if (!text.empty() && !is_date(text)) {
        refuse(document.find(key)->at, "'" + std::string(key) + "' must be a date like 2026-01-31, not '" + text + "'");
    }
}

std::vector<RelatedRule> read_related(const yaml::Node& document) {
    static constexpr std::array<std::string_view, 6> kTypes = {"derived", "obsolete", "obsoletes",
                                                               "merged",  "renamed",  "similar"};
    std::vector<RelatedRule> out;
    const auto* list = document.find("related");
    if (list == nullptr || list->is_null()) { return out; }
    if (!list->is_sequence()) { refuse(list->at, "'related' must be a list of maps with 'id' and 'type'"); }
    for (const auto& item : list->items) {
        if (!item.is_map()) { refuse(item.at, "'related' must be a list of maps with 'id' and 'type'"); }
        RelatedRule related{read_text_key(item, "id"), read_text_key(item, "type")};
        if (related.id.empty()) { refuse(item.at, "'related': every entry needs the 'id' of a rule"); }
        if (!is_one_of(related.type, kTypes)) {
            refuse(item.at, "'related': 'type' must be one of " + listed(kTypes) + ", not '" + related.type + "'");
        }
        out.push_back(std::move(related));
    }
    return out;
}

/// What neither Sigma nor we give a meaning; people and other programs may.
std::vector<std::pair<std::string, std::string>> read_custom(const yaml::Node& document) {
    static constexpr std::array<std::string_view, 21> kKnown = {
        "title",   "id",     "name",  "related",  "taxonomy",       "status",    "description",
        "license", "author", "date",  "modified", "references",     "logsource", "detection",
        "fields",  "tags",   "level", "scope",    "falsepositives", "canhgac",   "action"};
    std::vector<std::pair<std::string, std::string>> out;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < document.entries.size(); ++i) {
        const auto& [key, value] = document.entries[i];
        if (is_one_of(key, kKnown)) { continue; }
        std::string json = json_text(value);
        bytes += key.size() + json.size();
        if (bytes > kMaxCustomBytes) {
            refuse(document.key_positions[i],
                   "keys of one's own, such as '" + key +
                       "', take more than 64 KiB; keep long texts in a file beside the rule");
        }
        out.emplace_back(key, std::move(json));
    }
    return out;
}

} // namespace

void check_head(const yaml::Node& document, const std::set<std::string>* taxonomies) {
    static constexpr std::array<std::string_view, 5> kStatuses = {"stable", "test", "experimental", "deprecated",
                                                                  "unsupported"};
    check_title(document);
    const std::string status = read_text_key(document, "status");
    if (!status.empty() && !is_one_of(status, kStatuses)) {
        refuse(document.find("status")->at, "unknown status '" + status + "'; one of " + listed(kStatuses));
    }
    check_date(document, "date");
    check_date(document, "modified");
    const std::string taxonomy = read_text_key(document, "taxonomy");
    const bool is_accepted = taxonomies != nullptr && taxonomies->contains(taxonomy);
    if (!taxonomy.empty() && taxonomy != "sigma" && !is_accepted) {
        refuse(document.find("taxonomy")->at, "taxonomy '" + taxonomy +
                                                  "' is not known; write the rule with Sigma's field names, or use a "
                                                  "pipeline that translates this taxonomy");
    }
}

void read_about(const yaml::Node& document, Rule& rule) {
    rule.description = read_text_key(document, "description");
    rule.status = read_text_key(document, "status");
    rule.author = read_text_key(document, "author");
    rule.license = read_text_key(document, "license");
    rule.date = read_text_key(document, "date");
    rule.modified = read_text_key(document, "modified");
    if (std::string taxonomy = read_text_key(document, "taxonomy"); !taxonomy.empty()) {
        rule.taxonomy = std::move(taxonomy);
    }
    rule.tags = read_texts_key(document, "tags");
    rule.references = read_texts_key(document, "references");
    rule.falsepositives = read_texts_key(document, "falsepositives");
    rule.fields = read_texts_key(document, "fields");
    rule.scope = read_texts_key(document, "scope");
    rule.related = read_related(document);
    rule.custom = read_custom(document);
}

} // namespace canhgac::rules
