// STIX 2.1 bundles: https://docs.oasis-open.org/cti/stix/v2.1 (section 4.7 Indicator, section 9 patterns).
#include <vector>

#include "engine/intel/list_json.hpp"

namespace canhgac::engine {

namespace {

/// What a path of a comparison holds; nothing: not an indicator we can look for.
bool kind_of_path(std::string_view path, IndicatorKind& kind) noexcept {
    if (path == "ipv4-addr:value" || path == "ipv6-addr:value") {
        kind = IndicatorKind::address;
    } else if (path == "domain-name:value") {
        kind = IndicatorKind::domain;
    } else if (path == "url:value") {
        kind = IndicatorKind::url;
    } else if (path.starts_with("file:hashes.")) {
        std::string_view name = path.substr(12);
        if (name.starts_with('\'') && name.ends_with('\'') && name.size() > 2) {
            name = name.substr(1, name.size() - 2);
        }
        kind = IndicatorKind::hash;
        return name == "MD5" || name == "SHA-1" || name == "SHA1" || name == "SHA-256" || name == "SHA256";
    } else {
        return false;
    }
    return true;
}

struct StixObject {
    std::string_view type;
    std::string_view pattern;
    std::string_view pattern_type = "stix";
    std::string_view valid_until;
    bool revoked = false;
};

class StixReader {
public:
    StixReader(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report)
        : json_(text), options_(options), sink_(sink), report_(report) {}

    void read() {
        if (!json_.open(report_)) { return; }
        const auto error = read_document();
        if (error != simdjson::SUCCESS) { json_.fail(error, report_); }
    }

private:
    simdjson::error_code read_document() {
        od::json_type type{};
        if (const auto error = json_.document().type().get(type)) { return error; }
        const auto read_list = [this](od::array& objects) { return read_objects(objects); };
        if (type == od::json_type::array) { return as_array(json_.document(), read_list); }
        return as_object(json_.document(), [&](od::object& bundle) {
            return each_field(bundle, [&](std::string_view key, od::value& value) {
                return key == "objects" ? as_array(value, read_list) : simdjson::SUCCESS;
            });
        });
    }
    simdjson::error_code read_objects(od::array& objects) {
        return each_item(objects, [this](od::value& value) {
            const auto place = json_.place_of(value.raw_json_token());
            StixObject indicator;
            const auto error = as_object(value, [&](od::object& object) { return read_object(object, indicator); });
            if (error == simdjson::SUCCESS && indicator.type == "indicator") { take(indicator, place); }
            return error;
        });
    }
    static simdjson::error_code read_object(od::object& object, StixObject& out) {
        return each_field(object, [&out](std::string_view key, od::value& value) {
            if (key == "type") {
                out.type = text_of(value);
            } else if (key == "pattern") {
                out.pattern = text_of(value);
            } else if (key == "pattern_type") {
                out.pattern_type = text_of(value);
            } else if (key == "valid_until") {
                out.valid_until = text_of(value);
            } else if (key == "revoked") {
                if (value.get_bool().get(out.revoked) != simdjson::SUCCESS) { out.revoked = false; }
            }
            return simdjson::SUCCESS;
        });
    }
    void skip(const char* reason) {
        ++report_.read;
        ++report_.skipped[reason];
    }
    void take(const StixObject& indicator, std::array<std::uint32_t, 2> place) {
        if (indicator.revoked) { return skip("revoked"); }
        if (const auto until = common::parse_rfc3339(indicator.valid_until); until && *until <= options_.now) {
            return skip("expired");
        }
        if (indicator.pattern_type != "stix") { return skip("pattern in another language"); }
        if (!read_stix_pattern(indicator.pattern, comparisons_)) {
            return skip("pattern that is not simple comparisons");
        }
        for (const StixComparison& comparison : comparisons_) {
            IndicatorKind kind{};
            if (!kind_of_path(comparison.path, kind)) {
                skip("comparison of another object");
            } else if (options_.kind != IndicatorKind::any && options_.kind != kind) {
                skip("not of the kind this list declares");
            } else {
                read_value(comparison.value, kind, place, sink_, report_);
            }
        }
    }

    ListJson json_;
    const ListOptions& options_;
    IndicatorSink& sink_;
    ListReport& report_;
    std::vector<StixComparison> comparisons_;
};

} // namespace

void read_stix_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report) {
    StixReader(text, options, sink, report).read();
}

} // namespace canhgac::engine
