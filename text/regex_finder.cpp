#include "text/regex_finder.hpp"

#include <algorithm>

#include <re2/re2.h>

#include "text/utf8.hpp"

namespace canhgac::text {

struct RegexFinder::Impl {
    re2::RE2 expression;

    std::optional<RegexMatch> find(std::string_view text, std::size_t from, re2::RE2::Anchor anchor) const {
        const auto groups = static_cast<std::size_t>(expression.NumberOfCapturingGroups()) + 1;
        std::vector<re2::StringPiece> found(groups);
        const re2::StringPiece whole(text.data(), text.size());
        if (!expression.Match(whole, from, text.size(), anchor, found.data(), static_cast<int>(groups))) {
            return std::nullopt;
        }
        RegexMatch match;
        for (const auto& group : found) {
            if (group.data() == nullptr) {
                match.emplace_back();
            } else {
                const auto begin = static_cast<std::size_t>(group.data() - text.data());
                match.emplace_back(RegexSpan{begin, begin + group.size()});
            }
        }
        return match;
    }
};

RegexFinder::RegexFinder(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
RegexFinder::RegexFinder(RegexFinder&&) noexcept = default;
RegexFinder& RegexFinder::operator=(RegexFinder&&) noexcept = default;
RegexFinder::~RegexFinder() = default;

common::Result<RegexFinder, std::string> RegexFinder::compile(std::string_view pattern) {
    re2::RE2::Options flags;
    flags.set_log_errors(false);
    flags.set_max_mem(64 << 20);
    auto impl = std::unique_ptr<Impl>(new Impl{re2::RE2(re2::StringPiece(pattern.data(), pattern.size()), flags)});
    if (!impl->expression.ok()) { return common::fail(impl->expression.error()); }
    return RegexFinder(std::move(impl));
}

std::optional<RegexMatch> RegexFinder::match_start(std::string_view text) const {
    if (text.data() == nullptr) { text = ""; } // a null pointer means a group that took no part
    return impl_->find(text, 0, re2::RE2::ANCHOR_START);
}

std::vector<RegexMatch> RegexFinder::find_all(std::string_view text) const {
    if (text.data() == nullptr) { text = ""; }
    std::vector<RegexMatch> matches;
    for (std::size_t from = 0; from <= text.size();) {
        auto match = impl_->find(text, from, re2::RE2::UNANCHORED);
        if (!match) { break; }
        const RegexSpan whole = *match->front();
        from = whole.end;
        if (whole.begin == whole.end) { from += std::max<std::size_t>(1, decode(text, whole.end).size); }
        matches.push_back(std::move(*match));
    }
    return matches;
}

std::size_t RegexFinder::group_count() const noexcept {
    return static_cast<std::size_t>(impl_->expression.NumberOfCapturingGroups());
}

std::vector<std::pair<std::string, std::size_t>> RegexFinder::named_groups() const {
    std::vector<std::pair<std::string, std::size_t>> groups;
    for (const auto& [name, number] : impl_->expression.NamedCapturingGroups()) {
        groups.emplace_back(name, static_cast<std::size_t>(number));
    }
    std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return groups;
}

} // namespace canhgac::text
