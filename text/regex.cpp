#include "text/regex.hpp"

#include <utility>

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include "text/pattern_set.hpp"

namespace canhgac::text {
namespace {

/// In Perl `$` outside multiline mode also matches before a final newline; in RE2 it does not. A search that only says
/// yes or no may consume that newline instead.
std::string dollars_rewritten(std::string_view pattern) {
    std::string out;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '\\' && i + 1 < pattern.size()) {
            out.push_back(c);
            out.push_back(pattern[++i]);
        } else if (in_class) {
            in_class = c != ']';
            out.push_back(c);
        } else if (c == '[') {
            in_class = true;
            out.push_back(c);
            // "]" first in a class, also after "^", is itself
            if (i + 1 < pattern.size() && pattern[i + 1] == '^') { out.push_back(pattern[++i]); }
            if (i + 1 < pattern.size() && pattern[i + 1] == ']') { out.push_back(pattern[++i]); }
        } else if (c == '$') {
            out += "(?:\\n?\\z)";
        } else {
            out.push_back(c);
        }
    }
    return out;
}

re2::RE2::Options flags_of(RegexOptions options) {
    re2::RE2::Options flags;
    flags.set_log_errors(false);
    flags.set_case_sensitive(!options.ignore_case);
    flags.set_dot_nl(options.dotall);
    flags.set_max_mem(64 << 20);
    return flags;
}

std::string source_of(std::string_view pattern, RegexOptions options) {
    return options.multiline ? "(?m)" + std::string(pattern) : dollars_rewritten(pattern);
}

} // namespace

struct Regex::Impl {
    re2::RE2 expression;
};

Regex::Regex(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

common::Result<Regex, std::string> Regex::compile(std::string_view pattern, RegexOptions options) {
    auto impl = std::unique_ptr<Impl>(new Impl{re2::RE2(source_of(pattern, options), flags_of(options))});
    if (!impl->expression.ok()) { return common::fail(impl->expression.error()); }
    return Regex(std::move(impl));
}

bool Regex::search(std::string_view value) const {
    return re2::RE2::PartialMatch(re2::StringPiece(value.data(), value.size()), impl_->expression);
}

bool regex_needs_text(std::string_view pattern, RegexOptions options) {
    constexpr int kMinCharacters = 3;
    re2::FilteredRE2 filter(kMinCharacters);
    int id = 0;
    if (filter.Add(source_of(pattern, options), flags_of(options), &id) != re2::RE2::NoError) { return false; }
    std::vector<std::string> texts;
    filter.Compile(&texts);
    return !texts.empty();
}

std::string regex_problem(std::string_view pattern, RegexOptions options) {
    Pattern one;
    one.expression = std::string(pattern);
    one.utf8 = true;
    one.ignore_case = options.ignore_case;
    one.multiline = options.multiline;
    one.dotall = options.dotall;
    return check_pattern(one);
}

} // namespace canhgac::text
