#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/ip.hpp"
#include "storage/query/parser.hpp"
#include "storage/query/pipe_parser.hpp"
#include "text/glob.hpp"

namespace canhgac::storage {

namespace {

using event::Filter;

constexpr std::array<std::string_view, 10> kKeywords = {"AND",   "OR",       "NOT",      "last", "sigma",
                                                        "alert", "sequence", "proctree", "rare", "facets"};

bool has_any(std::string_view text, std::string_view characters) noexcept {
    return text.find_first_of(characters) != std::string_view::npos;
}

std::string quote(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') { result += '\\'; }
        result += c;
    }
    return result + '"';
}

/// Where a filter is printed: inside the brackets of a step of a sequence, "]" ends words.
enum class Place : bool { head, bracket };

std::string field_text(const Filter& filter, Place place) {
    if (filter.field.empty()) { return {}; }
    const bool plain = !has_any(filter.field, place == Place::bracket ? " \t\r\n()\":|]" : " \t\r\n()\":|") &&
                       !filter.field.starts_with('-') && !filter.field.starts_with('/');
    return (plain ? filter.field : quote(filter.field)) + ":";
}

std::string regex_text(std::string_view pattern) {
    std::string result = "/";
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\' && i + 1 < pattern.size()) {
            result += pattern[i++];
        } else if (pattern[i] == '/') {
            result += '\\';
        }
        result += pattern[i];
    }
    return result + '/';
}

/// A pattern that no bare word can spell, as a regular expression of the same meaning.
std::string glob_as_regex(const Filter& filter) {
    std::string storage;
    std::string pattern = "(?s)";
    if (!filter.field.empty()) { pattern += "^"; }
    for (const text::GlobPart& part : text::parse_glob(filter.pattern, storage)) {
        switch (part.kind) {
        case text::GlobPart::Kind::any:
            pattern += ".*";
            break;
        case text::GlobPart::Kind::one:
            pattern += ".";
            break;
        case text::GlobPart::Kind::literal:
            for (const char c : part.text) {
                if (std::string_view(R"(\.+*?()|[]{}^$/)").find(c) != std::string_view::npos) { pattern += '\\'; }
                pattern += c;
            }
        }
    }
    if (!filter.field.empty()) { pattern += "\\z"; }
    return regex_text(pattern);
}

std::string glob_text(const Filter& filter, Place place) {
    const std::string& pattern = filter.pattern;
    const bool spelled =
        !pattern.empty() && !has_any(pattern, place == Place::bracket ? " \t\r\n()\"|]" : " \t\r\n()\"|");
    const std::size_t slash = pattern.find('/');
    const bool network = slash != std::string::npos && common::parse_ip(std::string_view(pattern).substr(0, slash));
    const bool keyword = std::find(kKeywords.begin(), kKeywords.end(), pattern) != kKeywords.end();
    const bool bare = filter.field.empty()
                          ? spelled && !network && !keyword && pattern != "*" && !has_any(pattern.substr(0, 1), "-/") &&
                                (pattern.find(':') == std::string::npos || pattern.front() == ':')
                          : spelled && !network && !has_any(pattern.substr(0, 1), "/<>[");
    if (bare) { return pattern; }
    std::string storage;
    const auto parts = text::parse_glob(pattern, storage);
    const bool literal = parts.size() == 1 && parts.front().kind == text::GlobPart::Kind::literal;
    if (filter.field.empty() && literal) { return quote(parts.front().text); }
    return glob_as_regex(filter);
}

std::string compare_text(const Filter& filter) {
    static constexpr std::array<std::string_view, 4> kOps = {"<", "<=", ">", ">="};
    const std::string_view op = kOps[static_cast<std::size_t>(filter.op)];
    if (filter.field == "@timestamp" || filter.field == "event.ingested") {
        return fmt::format("{}{}", op, common::format_rfc3339(static_cast<common::Nanos>(filter.number)));
    }
    return fmt::format("{}{}", op, filter.number);
}

std::string print(const Filter& filter, bool nested, Place place = Place::head) {
    using Kind = Filter::Kind;
    switch (filter.kind) {
    case Kind::all:
        return "*";
    case Kind::glob:
        return field_text(filter, place) + glob_text(filter, place);
    case Kind::phrase:
        return field_text(filter, place) + quote(filter.pattern);
    case Kind::regex:
        return field_text(filter, place) + regex_text(filter.pattern);
    case Kind::cidr:
        return field_text(filter, place) + filter.pattern;
    case Kind::compare:
        return field_text(filter, place) + compare_text(filter);
    case Kind::rule:
        return "sigma " + quote(filter.pattern);
    case Kind::alert:
        return "alert " + quote(filter.pattern);
    case Kind::negation: {
        if (filter.children.empty()) { return "*"; }
        const std::string denied = print(filter.children.front(), true, place);
        return denied.starts_with("NOT ") ? "NOT (" + denied + ")" : "NOT " + denied; // the grammar has one NOT an atom
    }
    case Kind::conjunction:
    case Kind::disjunction:
        break;
    }
    if (filter.children.empty()) { return filter.kind == Kind::conjunction ? "*" : "NOT *"; }
    std::string result;
    for (const Filter& child : filter.children) {
        if (!result.empty()) { result += filter.kind == Kind::conjunction ? " " : " OR "; }
        result += print(child, true, place);
    }
    return nested && filter.children.size() > 1 ? "(" + result + ")" : result;
}

std::string duration_text(common::Nanos length) {
    for (const auto& [unit, name] : {std::pair{common::kDay, "d"}, std::pair{common::kHour, "h"},
                                     std::pair{common::kMinute, "m"}, std::pair{common::kSecond, "s"}}) {
        if (length % unit == 0) { return fmt::format("{}{}", length / unit, name); }
    }
    return fmt::format("{}ms", std::max<common::Nanos>(length / common::kMillisecond, 1));
}

} // namespace

std::string print_query(const Filter& filter) {
    return print(filter, false);
}

std::string print_bracket_head(const Filter& filter) {
    return print(filter, false, Place::bracket);
}

std::string print_query(const ParsedQuery& query) {
    std::string head = query.last ? "last " + duration_text(*query.last) : std::string();
    if (head.empty()) {
        head = print_query(query.filter);
    } else if (query.filter.kind != Filter::Kind::all) {
        head = print(query.filter, query.filter.kind == Filter::Kind::disjunction) + " " + head;
    }
    return query.pipes.empty() ? head : head + " " + print_pipes(query.pipes);
}

} // namespace canhgac::storage
