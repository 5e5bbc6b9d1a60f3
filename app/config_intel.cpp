// The keys of threat intelligence and enrichment.
#include <algorithm>

#include "app/config_reader.hpp"

namespace canhgac::app {

namespace {

void read_list(ConfigMap map, std::vector<engine::ListSource>& lists) {
    using engine::IndicatorKind;
    using engine::ListFormat;
    using event::Severity;
    engine::ListSource list;
    map.text("name", list.name);
    map.path("path", list.path);
    map.choice("format", list.format,
               {{"auto", ListFormat::automatic},
                {"plain", ListFormat::plain},
                {"csv", ListFormat::csv},
                {"stix", ListFormat::stix},
                {"misp", ListFormat::misp}});
    map.choice("kind", list.kind,
               {{"any", IndicatorKind::any},
                {"address", IndicatorKind::address},
                {"domain", IndicatorKind::domain},
                {"url", IndicatorKind::url},
                {"hash", IndicatorKind::hash}});
    map.texts("columns", list.columns);
    map.choice("level", list.level,
               {{"informational", Severity::informational},
                {"low", Severity::low},
                {"medium", Severity::medium},
                {"high", Severity::high},
                {"critical", Severity::critical}});
    map.number("confidence", list.confidence, std::uint8_t{0}, std::uint8_t{100});
    map.timestamp("expires", list.expires);
    map.texts("tags", list.tags);
    map.require({"name", "path"});
    map.unique("name", list.name, [&lists](const std::string& name) {
        return std::any_of(lists.begin(), lists.end(), [&name](const auto& other) { return other.name == name; });
    });
    map.finish();
    lists.push_back(std::move(list));
}

} // namespace

void read_intel(ConfigMap map, Config::Intel& intel) {
    map.each("lists", [&intel](ConfigMap item) { read_list(std::move(item), intel.lists); });
    map.number("max_entries", intel.max_entries, std::size_t{1}, std::size_t{20'000'000});
    map.seconds("look_back", intel.look_back);
    map.number("look_back_events_second", intel.look_back_events_second, 1U, 10'000'000U);
    map.finish();
}

void read_enrichment(ConfigMap map, Config::Enrichment& enrichment) {
    map.paths("inventory", enrichment.inventory);
    map.path("geoip_country", enrichment.geoip_country);
    map.path("geoip_asn", enrichment.geoip_asn);
    map.finish();
}

} // namespace canhgac::app
