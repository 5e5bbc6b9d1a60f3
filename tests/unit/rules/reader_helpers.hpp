/// Short ways to read one detection and see what became of it.
#pragma once

#include <string>
#include <string_view>

#include "rules/print.hpp"
#include "rules/reader.hpp"

namespace canhgac::rules {

/// A whole rule around the lines of a detection (each indented by two blanks).
inline std::string rule_text(std::string_view detection, std::string_view id = "r1", std::string_view more = {}) {
    return "title: T\nid: " + std::string(id) + "\nlogsource: {product: windows}\n" + std::string(more) +
           "detection:\n" + std::string(detection);
}

/// The tree of the condition without the head, or "line:column reason" of the rejection.
inline std::string outcome(const ReadResult& result) {
    std::string out;
    for (const auto& rejection : result.rejected) {
        out += std::to_string(rejection.line) + ":" + std::to_string(rejection.column) + " " + rejection.reason;
    }
    for (const auto& rule : result.rules) {
        const std::string text = print(rule);
        out += text.substr(text.find("when:\n") + 6);
    }
    return out;
}

/// What `  s: {ITEM}` means; `condition: s`.
inline std::string item(std::string_view text, ReadOptions options = {}) {
    const std::string detection = "  s:\n    " + std::string(text) + "\n  condition: s\n";
    return outcome(read_text("t.yml", rule_text(detection), std::move(options)));
}

/// The reason without its place.
inline std::string reason(std::string_view text, ReadOptions options = {}) {
    const std::string detection = "  s:\n    " + std::string(text) + "\n  condition: s\n";
    const auto result = read_text("t.yml", rule_text(detection), std::move(options));
    return result.rejected.empty() ? "no rejection" : result.rejected.front().reason;
}

} // namespace canhgac::rules
