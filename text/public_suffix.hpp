/// Registered domains by the Public Suffix List: "mail.stttt.tinh.gov.vn" belongs to "tinh.gov.vn". Algorithm and file
/// format: https://github.com/publicsuffix/list/wiki/Format. On Debian the package "publicsuffix" has the list.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace canhgac::text {

/// About 1 MiB. Thread safe once read (const).
class PublicSuffixes {
public:
    /// The list of Debian's package.
    static constexpr const char* kDebianFile = "/usr/share/publicsuffix/public_suffix_list.dat";

    /// Reads the rules of a list; lines that are none are passed over. Rules beyond ASCII count as written and as
    /// A-labels.
    [[nodiscard]] static PublicSuffixes read(std::string_view text);
    /// Nothing when the file cannot be read or has no rule.
    [[nodiscard]] static std::optional<PublicSuffixes> load(const std::filesystem::path& file);

    [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }
    /// The public suffix and one label more, folded, without a final dot. Nothing for an address, a name with an empty
    /// label, and what is itself a public suffix. The suffix of a name under no rule is its last label.
    [[nodiscard]] std::optional<std::string> registered_domain(std::string_view name) const;

private:
    struct Rule {
        bool plain = false;
        bool wildcard = false; ///< "*." before this name
        bool exception = false;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    void add(std::string_view line);

    std::unordered_map<std::string, Rule, Hash, std::equal_to<>> rules_;
};

/// A name with its labels beyond ASCII as A-labels: "xn--" and Punycode (RFC 3492) of the label as it stands.
[[nodiscard]] std::string to_ascii_labels(std::string_view name);

} // namespace canhgac::text
