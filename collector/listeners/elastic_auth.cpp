#include "collector/listeners/elastic_auth.hpp"

#include <algorithm>

namespace canhgac::collector {
namespace {

/// What follows the scheme, if it is that one (in any case).
std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) noexcept {
    if (header.size() <= scheme.size() || header[scheme.size()] != ' ') { return std::nullopt; }
    const bool same = std::equal(scheme.begin(), scheme.end(), header.begin(), [](char a, char b) {
        return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
    });
    if (!same) { return std::nullopt; }
    header.remove_prefix(scheme.size() + 1);
    const std::size_t start = std::min(header.find_first_not_of(' '), header.size());
    return header.substr(start);
}

} // namespace

std::optional<std::string> authenticate(std::string_view authorization, const std::vector<ElasticToken>& tokens) {
    auto coded = after_scheme(authorization, "basic");
    if (!coded) { coded = after_scheme(authorization, "apikey"); }
    if (!coded) { return std::nullopt; }
    const std::optional<std::string> plain = net::base64_decode(*coded);
    if (!plain) { return std::nullopt; }
    const std::size_t colon = plain->find(':');
    if (colon == std::string::npos) { return std::nullopt; }
    const std::string_view name = std::string_view(*plain).substr(0, colon);
    const net::Sha256 hash = net::sha256(std::string_view(*plain).substr(colon + 1));
    std::optional<std::string> found;
    for (const ElasticToken& token : tokens) {
        const bool same_secret = net::equal_constant_time(token.secret_hash, hash);
        if (same_secret && token.name == name) { found = token.name; }
    }
    return found;
}

} // namespace canhgac::collector
