/// The plain matcher the fast one is held against: texts in a std::set, every network tried in turn.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/ip.hpp"
#include "engine/intel/indicator.hpp"

namespace canhgac::engine {

class PlainIndicators {
public:
    using Hit = std::tuple<std::uint32_t, std::string, std::string>; ///< list, type, text

    void add(std::uint32_t list, const Indicator& indicator) {
        all_.insert({list, std::string(to_string(indicator.type)), indicator.text});
        lists_ = std::max(lists_, list + 1);
    }
    [[nodiscard]] std::set<Hit> address(std::string_view text) const {
        std::set<Hit> found;
        const auto address = common::parse_ip(text);
        if (!address) { return found; }
        const common::IpAddress plain = common::unmapped(*address);
        for (const Hit& hit : all_) {
            const std::string& kind = std::get<1>(hit);
            if (kind != "network" && kind != "ipv4" && kind != "ipv6") { continue; }
            if (common::parse_cidr(std::get<2>(hit))->contains(plain)) { found.insert(hit); }
        }
        return found;
    }
    [[nodiscard]] std::set<Hit> domain(std::string text) const {
        std::set<Hit> found;
        for (char& c : text) {
            c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        for (const Hit& hit : all_) {
            const std::string& name = std::get<2>(hit);
            if (std::get<1>(hit) == "domain" && (text == name || text.ends_with("." + name))) { found.insert(hit); }
        }
        return found;
    }
    [[nodiscard]] std::set<Hit> exact(const Indicator& indicator) const {
        std::set<Hit> found;
        for (std::uint32_t list = 0; list < lists_; ++list) {
            const Hit hit{list, std::string(to_string(indicator.type)), indicator.text};
            if (all_.contains(hit)) { found.insert(hit); }
        }
        return found;
    }

private:
    std::set<Hit> all_;
    std::uint32_t lists_ = 0;
};

} // namespace canhgac::engine
