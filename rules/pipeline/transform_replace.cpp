// replace_string: a regular expression over the text of a value, whose matches become something else.
#include <algorithm>
#include <optional>

#include "rules/pipeline/transformations.hpp"
#include "rules/pipeline/values.hpp"
#include "text/regex_finder.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

using Kind = PatternPart::Kind;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The replacement as Python's `re` writes it: \1 to \99, \g<1>, \g<name>, \\, \n, \r, \t.
class Replacement {
public:
    Replacement(const yaml::Node& node, const text::RegexFinder& regex) : node_(node), regex_(regex) {
        const std::string text = MapReader::scalar(node, "'replacement'");
        for (std::size_t i = 0; i < text.size();) {
            if (text[i] == '\\' && i + 1 < text.size()) {
                i = escape(text, i + 1);
            } else {
                add(text[i++]);
            }
        }
    }

    void append_to(std::string& out, std::string_view text, const text::RegexMatch& match) const {
        for (const auto& piece : pieces_) {
            if (!piece.group) {
                out += piece.text;
            } else if (const auto& span = match[*piece.group]) {
                out += text.substr(span->begin, span->end - span->begin);
            }
        }
    }

private:
    struct Piece {
        std::string text;
        std::optional<std::size_t> group;
    };

    void add(char c) {
        if (pieces_.empty() || pieces_.back().group) { pieces_.emplace_back(); }
        pieces_.back().text += c;
    }

    void add_group(std::size_t group) {
        if (group > regex_.group_count()) {
            refuse(node_.at, "'replacement': the regular expression has no group " + std::to_string(group));
        }
        pieces_.push_back({{}, group});
    }

    /// `i`: after the backslash. Where the text goes on.
    std::size_t escape(const std::string& text, std::size_t i) {
        const char c = text[i];
        if (c == 'g' && text.substr(i + 1).starts_with('<')) { return named(text, i + 2); }
        if (c >= '1' && c <= '9') {
            std::size_t group = static_cast<std::size_t>(c - '0');
            ++i;
            if (i < text.size() && is_digit(text[i])) {
                group = group * 10 + static_cast<std::size_t>(text[i++] - '0');
            }
            add_group(group);
            return i;
        }
        static constexpr std::string_view kLetters = "nrt\\";
        static constexpr std::string_view kMeanings = "\n\r\t\\";
        if (const auto found = kLetters.find(c); found != std::string_view::npos) {
            add(kMeanings[found]);
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c)) {
            refuse(node_.at, std::string("'replacement': unknown escape '\\") + c + "'; write '\\\\' for a backslash");
        } else {
            add('\\');
            add(c);
        }
        return i + 1;
    }

    std::size_t named(const std::string& text, std::size_t begin) {
        const std::size_t end = text.find('>', begin);
        if (end == std::string::npos) { refuse(node_.at, "'replacement': '\\g<' without '>'"); }
        const std::string name = text.substr(begin, end - begin);
        const auto groups = regex_.named_groups();
        const auto found =
            std::find_if(groups.begin(), groups.end(), [&name](const auto& group) { return group.first == name; });
        if (found != groups.end()) {
            add_group(found->second);
        } else if (!name.empty() && name.size() <= 2 && std::all_of(name.begin(), name.end(), is_digit)) {
            add_group(static_cast<std::size_t>(std::stoul(name)));
        } else {
            refuse(node_.at, "'replacement': the regular expression has no group '" + name + "'");
        }
        return end + 1;
    }

    const yaml::Node& node_;
    const text::RegexFinder& regex_;
    std::vector<Piece> pieces_;
};

/// A value as text, with what each part of the text stands for.
struct Spelled {
    struct Span {
        std::size_t begin = 0;
        std::size_t end = 0;
        PatternPart part;
    };
    std::string text;
    std::vector<Span> spans;
    bool has_placeholder = false;

    explicit Spelled(const Pattern& pattern) {
        for (const auto& part : pattern) {
            has_placeholder = has_placeholder || part.kind == Kind::placeholder;
            if (part.kind != Kind::literal) {
                add(plain_text({part}), part);
                continue;
            }
            for (const char c : part.text) {
                const PatternPart one{Kind::literal, std::string(1, c)};
                add(plain_text({one}), one);
            }
        }
    }

private:
    void add(const std::string& spelling, const PatternPart& part) {
        spans.push_back({text.size(), text.size() + spelling.size(), part});
        text += spelling;
    }
};

/// Text that a replacement made: a backslash only escapes a wildcard.
void append_spelled(Pattern& out, std::string_view text, bool with_placeholders) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (text[i] == '\\' && (next == '*' || next == '?')) {
            append_literal(out, text.substr(++i, 1));
        } else if (text[i] == '*') {
            append_part(out, {Kind::any, {}});
        } else if (text[i] == '?') {
            append_part(out, {Kind::one, {}});
        } else if (const auto end = text.find('%', i + 1);
                   with_placeholders && text[i] == '%' && end != std::string_view::npos && end > i + 1) {
            append_part(out, {Kind::placeholder, std::string(text.substr(i + 1, end - i - 1))});
            i = end;
        } else {
            append_literal(out, text.substr(i, 1));
        }
    }
}

class ReplaceString : public ValueTransformation {
public:
    explicit ReplaceString(MapReader& map)
        : regex_(compiled(map)), replacement_node_(map.require("replacement")), replacement_(replacement_node_, regex_),
          skip_special_(map.flag("skip_special", false)), interpret_special_(map.flag("interpret_special", false)) {}

protected:
    bool change_value(Predicate variant, const DraftValue& value, const PipelineRun& /*run*/,
                      std::vector<Predicate>& out) const override {
        Predicate made = variant;
        if (variant.op == Op::equal_number) {
            made = text_value(number_text(variant.number));
        } else if (variant.op != Op::matches) {
            out.push_back(std::move(variant));
            return false;
        }
        const Pattern before = made.pattern;
        made.pattern = skip_special_ ? replaced_parts(before) : replaced(before);
        for (const auto& part : made.pattern) {
            if (part.text.size() > kMaxBytes) { refuse(value.at, "replace_string makes a value of more than 64 KiB"); }
        }
        const bool changed = made.pattern != before;
        out.push_back(changed ? std::move(made) : std::move(variant));
        return changed;
    }

private:
    static constexpr std::size_t kMaxBytes = std::size_t{64} << 10U;

    static text::RegexFinder compiled(MapReader& map) {
        const auto& node = map.require("regex");
        auto regex = text::RegexFinder::compile(MapReader::scalar(node, "'regex'"));
        if (!regex) { refuse(node.at, "the regular expression cannot be used: " + regex.error()); }
        return std::move(*regex);
    }

    /// Literals alone, each by itself.
    [[nodiscard]] Pattern replaced_parts(const Pattern& pattern) const {
        Pattern out;
        for (const auto& part : pattern) {
            if (part.kind != Kind::literal) {
                append_part(out, part);
                continue;
            }
            std::string text;
            std::size_t done = 0;
            for (const auto& match : regex_.find_all(part.text)) {
                text += part.text.substr(done, match.front()->begin - done);
                replacement_.append_to(text, part.text, match);
                done = match.front()->end;
            }
            text += part.text.substr(done);
            if (!interpret_special_) {
                append_literal(out, text);
                continue;
            }
            for (auto& piece : parse_sigma_string(text)) {
                append_part(out, std::move(piece));
            }
        }
        return out;
    }

    /// The whole text, wildcards as `*` and `?`. What no match touches stays as it was, also a backslash before a
    /// wildcard, which looks like an escape in the text.
    [[nodiscard]] Pattern replaced(const Pattern& pattern) const {
        const Spelled spelled(pattern);
        Pattern out;
        std::string pending; // text to be read again
        const auto flush = [&] {
            append_spelled(out, pending, spelled.has_placeholder);
            pending.clear();
        };
        auto span = spelled.spans.begin();
        const auto keep = [&](std::size_t begin, std::size_t end) {
            while (span != spelled.spans.end() && span->end <= begin) {
                ++span;
            }
            for (; span != spelled.spans.end() && span->begin < end; ++span) {
                if (span->begin >= begin && span->end <= end) {
                    flush();
                    append_part(out, span->part);
                    continue;
                }
                const std::size_t from = std::max(span->begin, begin);
                pending += spelled.text.substr(from, std::min(span->end, end) - from);
                if (span->end > end) { break; } // its rest comes after the match
            }
        };
        std::size_t done = 0;
        for (const auto& match : regex_.find_all(spelled.text)) {
            keep(done, match.front()->begin);
            replacement_.append_to(pending, spelled.text, match);
            done = match.front()->end;
        }
        keep(done, spelled.text.size());
        flush();
        return out;
    }

    text::RegexFinder regex_;
    yaml::Node replacement_node_;
    Replacement replacement_;
    bool skip_special_;
    bool interpret_special_;
};

} // namespace

TransformationPtr make_replacement(std::string_view type, MapReader& map) {
    if (type != "replace_string") { return nullptr; }
    return std::make_unique<ReplaceString>(map);
}

} // namespace canhgac::rules
