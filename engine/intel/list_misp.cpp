// MISP exports in JSON (MISP core format, draft-dulaunoy-misp-core-format): events with attributes and objects, lists
// of events ("response"), attribute searches.
#include <algorithm>

#include "engine/intel/list_json.hpp"

namespace canhgac::engine {

namespace {

enum class Part : std::uint8_t { whole, before_bar, after_bar };

struct MispType {
    std::string_view name;
    IndicatorKind kind;
    Part part = Part::whole;
};

constexpr auto kTypes = std::to_array<MispType>({
    {"ip-src", IndicatorKind::address},
    {"ip-dst", IndicatorKind::address},
    {"ip-src|port", IndicatorKind::address, Part::before_bar},
    {"ip-dst|port", IndicatorKind::address, Part::before_bar},
    {"domain", IndicatorKind::domain},
    {"hostname", IndicatorKind::domain},
    {"hostname|port", IndicatorKind::domain, Part::before_bar},
    // The address of such a pair often serves innocent sites too: the pair is taken by its name alone.
    {"domain|ip", IndicatorKind::domain, Part::before_bar},
    {"url", IndicatorKind::url},
    {"md5", IndicatorKind::hash},
    {"sha1", IndicatorKind::hash},
    {"sha256", IndicatorKind::hash},
    {"filename|md5", IndicatorKind::hash, Part::after_bar},
    {"filename|sha1", IndicatorKind::hash, Part::after_bar},
    {"filename|sha256", IndicatorKind::hash, Part::after_bar},
    {"malware-sample", IndicatorKind::hash, Part::after_bar},
});

struct Attribute {
    std::string_view type;
    std::string_view value;
    bool to_ids = false;
    bool deleted = false;
};

bool is_true(od::value& value) noexcept {
    bool flag = false;
    if (value.get_bool().get(flag) == simdjson::SUCCESS) { return flag; }
    const std::string_view text = value.raw_json_token(); // some exports write 1 or "1"
    return text.starts_with('1') || text.starts_with("\"1\"");
}

class MispReader {
public:
    MispReader(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report)
        : json_(text), options_(options), sink_(sink), report_(report) {}

    void read() {
        if (!json_.open(report_)) { return; }
        const auto error = read_document();
        if (error != simdjson::SUCCESS) { json_.fail(error, report_); }
    }

private:
    static constexpr int kMaxDepth = 16;

    simdjson::error_code read_document() {
        od::json_type type{};
        if (const auto error = json_.document().type().get(type)) { return error; }
        const auto read_list = [this](od::array& items) { return read_items(items, 0); };
        if (type == od::json_type::array) { return as_array(json_.document(), read_list); }
        return as_object(json_.document(), [this](od::object& object) { return read_container(object, 0); });
    }
    simdjson::error_code read_items(od::array& items, int depth) {
        return each_item(items, [&](od::value& value) { return read_inner(value, depth + 1); });
    }
    /// An event, a list of events, or whatever holds them.
    simdjson::error_code read_inner(od::value& value, int depth) {
        if (depth > kMaxDepth) { return simdjson::DEPTH_ERROR; }
        od::json_type type{};
        if (const auto error = value.type().get(type)) { return error; }
        if (type == od::json_type::array) {
            return as_array(value, [&](od::array& items) { return read_items(items, depth); });
        }
        if (type != od::json_type::object) { return simdjson::SUCCESS; }
        return as_object(value, [&](od::object& object) { return read_container(object, depth); });
    }
    simdjson::error_code read_container(od::object& object, int depth) {
        return each_field(object, [&](std::string_view key, od::value& value) {
            if (key == "Attribute") {
                return as_array(value, [this](od::array& attributes) { return read_attributes(attributes); });
            }
            const bool is_container = key == "Event" || key == "response" || key == "Object" || key == "attributes";
            return is_container ? read_inner(value, depth + 1) : simdjson::SUCCESS;
        });
    }
    simdjson::error_code read_attributes(od::array& attributes) {
        return each_item(attributes, [this](od::value& value) {
            const auto place = json_.place_of(value.raw_json_token());
            Attribute attribute;
            const auto read_one = [&attribute](std::string_view key, od::value& inner) {
                if (key == "type") {
                    attribute.type = text_of(inner);
                } else if (key == "value") {
                    attribute.value = text_of(inner);
                } else if (key == "to_ids") {
                    attribute.to_ids = is_true(inner);
                } else if (key == "deleted") {
                    attribute.deleted = is_true(inner);
                }
                return simdjson::SUCCESS;
            };
            const auto error = as_object(value, [&](od::object& object) { return each_field(object, read_one); });
            if (error == simdjson::SUCCESS) { take(attribute, place); }
            return error;
        });
    }
    void skip(const char* reason) {
        ++report_.read;
        ++report_.skipped[reason];
    }
    void take(const Attribute& attribute, std::array<std::uint32_t, 2> place) {
        if (attribute.deleted) { return skip("deleted"); }
        if (!attribute.to_ids) { return skip("not marked to_ids"); }
        const auto* const known =
            std::find_if(kTypes.begin(), kTypes.end(), [&](const MispType& t) { return t.name == attribute.type; });
        if (known == kTypes.end()) { return skip("attribute of another type"); }
        if (options_.kind != IndicatorKind::any && known->kind != options_.kind) {
            return skip("not of the kind this list declares");
        }
        const auto bar = attribute.value.find('|');
        const std::string_view before = attribute.value.substr(0, bar);
        const std::string_view after =
            bar == std::string_view::npos ? attribute.value : attribute.value.substr(bar + 1);
        if (known->part == Part::whole) { read_value(attribute.value, known->kind, place, sink_, report_); }
        if (known->part == Part::before_bar) { read_value(before, known->kind, place, sink_, report_); }
        if (known->part == Part::after_bar) { read_value(after, known->kind, place, sink_, report_); }
    }

    ListJson json_;
    const ListOptions& options_;
    IndicatorSink& sink_;
    ListReport& report_;
};

} // namespace

void read_misp_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report) {
    MispReader(text, options, sink, report).read();
}

} // namespace canhgac::engine
