// Checks of the values in a detection, at the place where they are written.
#include <algorithm>
#include <array>

#include "rules/lint_document.hpp"
#include "rules/sigma_string.hpp"
#include "text/fold.hpp"
#include "text/regex.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// Words that ordinary logs are full of.
constexpr std::array<std::string_view, 50> kEverydayWords = {
    "access",  "account",    "admin",    "alert",  "allowed", "auth",    "client", "closed",    "command",
    "connect", "connection", "critical", "debug",  "denied",  "error",   "event",  "exception", "exit",
    "fail",    "failed",     "failure",  "file",   "group",   "host",    "http",   "https",     "info",
    "invalid", "local",      "login",    "logon",  "message", "network", "notice", "password",  "process",
    "remote",  "request",    "root",     "server", "service", "session", "start",  "started",   "status",
    "success", "system",     "unknown",  "user",   "warning"};
constexpr std::array<std::string_view, 9> kRegexesOfEverything = {"",  ".",    ".*",  ".+", ".*?",
                                                                  "^", "^.*$", "^.*", ".*$"};
constexpr std::size_t kShort = 3; ///< bytes that a text should have at least to be of use

/// Bytes of the longest run of literal characters: one outside ASCII is as rare as two or three inside.
std::size_t longest_literal(const Pattern& pattern) {
    std::size_t longest = 0;
    for (const PatternPart& part : pattern) {
        if (part.kind == PatternPart::Kind::literal) { longest = std::max(longest, part.text.size()); }
    }
    return longest;
}

bool has_any(const Pattern& pattern) {
    return std::any_of(pattern.begin(), pattern.end(), [](const auto& p) { return p.kind == PatternPart::Kind::any; });
}

std::vector<const yaml::Node*> values_of(const yaml::Node& value) {
    std::vector<const yaml::Node*> out;
    if (!value.is_sequence()) { return {&value}; }
    for (const yaml::Node& item : value.items) {
        out.push_back(&item);
    }
    return out;
}

class ValueChecks {
public:
    explicit ValueChecks(LintSink& sink) : sink_(sink) {}

    void selection(const yaml::Node& node) {
        if (node.is_map()) {
            map(node);
        } else if (node.is_sequence()) {
            for (const yaml::Node& item : node.items) {
                if (item.is_map()) {
                    map(item);
                } else {
                    keyword(item);
                }
            }
        } else {
            keyword(node);
        }
    }

private:
    void map(const yaml::Node& node) {
        for (const auto& [text, value] : node.entries) {
            const LintKey key = lint_key(text);
            if (key.has("re")) {
                regexes(text, value);
            } else if (key.field.empty()) {
                keywords(key, value);
            } else {
                texts(key, value, node.entries.size() == 1);
            }
        }
    }

    void regexes(const std::string& key, const yaml::Node& value) {
        const LintKey parsed = lint_key(key);
        const text::RegexOptions options{parsed.has("i") || parsed.has("ignorecase"),
                                         parsed.has("m") || parsed.has("multiline"),
                                         parsed.has("s") || parsed.has("dotall")};
        for (const yaml::Node* one : values_of(value)) {
            const std::string_view text = one->text;
            if (std::find(kRegexesOfEverything.begin(), kRegexesOfEverything.end(), text) !=
                kRegexesOfEverything.end()) {
                sink_.add("match-everything", one->at,
                          "every value matches '" + one->text + "'; '|exists: true' says so");
                continue;
            }
            if (text.starts_with(".*") || (text.ends_with(".*") && !text.ends_with("\\.*"))) {
                sink_.add("regex-any", one->at, "a search finds its place itself: '.*' at an end only costs time");
            }
            if (text::regex_needs_text(text, options)) { continue; }
            sink_.add("regex-text", one->at,
                      "no text of 3 characters must be there for this to match: it runs over every value of '" +
                          std::string(parsed.field) + "'");
        }
    }

    void texts(const LintKey& key, const yaml::Node& value, bool is_sole) {
        const bool contains = key.has("contains");
        const bool part = contains || key.has("startswith") || key.has("endswith");
        if (key.has("exists") || key.has("cidr") || key.has("fieldref") || key.has("expand")) { return; }
        const auto all = values_of(value);
        for (const yaml::Node* one : all) {
            if (!one->is_string()) { continue; }
            const Pattern pattern = parse_sigma_string(one->text);
            const std::size_t literal = longest_literal(pattern);
            if (literal == 0 && (part || has_any(pattern))) {
                sink_.add("match-everything", one->at,
                          "every value of '" + std::string(key.field) + "' matches; '|exists: true' says so");
                continue;
            }
            const bool joined = key.has("all") && all.size() > 1;
            if (is_sole && !joined && literal < kShort && contains) {
                sink_.add("short-pattern", one->at,
                          "'" + one->text + "' is all that this selection asks of '" + std::string(key.field) + "'");
            }
            if (key.modifiers.empty()) { roundabout(*one, pattern); }
        }
    }

    /// "*x" where |endswith says it, and so on.
    void roundabout(const yaml::Node& value, const Pattern& pattern) {
        const auto is = [&pattern](std::size_t i, PatternPart::Kind kind) { return pattern[i].kind == kind; };
        using enum PatternPart::Kind;
        const char* modifier = nullptr;
        if (pattern.size() == 2 && is(0, any) && is(1, literal)) { modifier = "endswith"; }
        if (pattern.size() == 2 && is(0, literal) && is(1, any)) { modifier = "startswith"; }
        if (pattern.size() == 3 && is(0, any) && is(1, literal) && is(2, any)) { modifier = "contains"; }
        if (modifier == nullptr) { return; }
        sink_.add("modifier-for-wildcard", value.at, "'" + value.text + "' is clearer with |" + modifier);
    }

    /// What is weak about a keyword, or nullptr.
    [[nodiscard]] static const char* weakness(const yaml::Node& value) {
        if (value.kind == yaml::Kind::integer) { return value.text.size() < kShort ? "a short number" : nullptr; }
        const Pattern pattern = parse_sigma_string(value.text);
        const std::size_t literal = longest_literal(pattern);
        if (literal < kShort) { return "shorter than 3 characters"; }
        if (pattern.size() > 1) { return nullptr; }
        const std::string word = text::fold(literal_text(pattern));
        return std::find(kEverydayWords.begin(), kEverydayWords.end(), word) != kEverydayWords.end()
                   ? "an everyday word of logs"
                   : nullptr;
    }

    void keyword(const yaml::Node& value) {
        if (!value.is_scalar() || value.is_null()) { return; }
        if (longest_literal(parse_sigma_string(value.text)) == 0) {
            sink_.add("match-everything", value.at, "every event has a value that matches this keyword");
        } else if (const char* why = weakness(value)) {
            sink_.add("keyword", value.at, "'" + value.text + "' is " + why + ", and is looked for in every field");
        }
    }

    /// '|all': one good keyword is enough.
    void keywords(const LintKey& key, const yaml::Node& value) {
        const auto all = values_of(value);
        const auto weak = [](const yaml::Node* one) { return weakness(*one) != nullptr; };
        if (key.has("all") && !std::all_of(all.begin(), all.end(), weak)) { return; }
        for (const yaml::Node* one : all) {
            keyword(*one);
        }
    }

    LintSink& sink_;
};

} // namespace

bool LintKey::has(std::string_view modifier) const noexcept {
    return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

LintKey lint_key(std::string_view key) {
    LintKey out;
    std::size_t bar = key.find('|');
    out.field = key.substr(0, bar);
    while (bar != std::string_view::npos) {
        const std::size_t next = key.find('|', bar + 1);
        out.modifiers.push_back(key.substr(bar + 1, next == std::string_view::npos ? next : next - bar - 1));
        bar = next;
    }
    return out;
}

void lint_values(const LintDocument& document, LintSink& sink) {
    ValueChecks checks(sink);
    for (const auto& [name, node] : document.node.find("detection")->entries) {
        if (name != "condition" && name != "timeframe") { checks.selection(node); }
    }
}

} // namespace canhgac::rules
