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
        if (type == od::json_type::array) {
            od::array items;
            if (const auto error = json_.document().get_array().get(items)) { return error; }
            return read_items(items, 0);
        }
        od::object object;
        if (const auto error = json_.document().get_object().get(object)) { return error; }
        return read_container(object, 0);
    }
    simdjson::error_code read_items(od::array& items, int depth) {
        for (auto item : items) {
            od::value value;
            if (const auto error = item.get(value)) { return error; }
            if (const auto error = read_inner(value, depth + 1)) { return error; }
        }
        return simdjson::SUCCESS;
    }
    /// An event, a list of events, or whatever holds them.
    simdjson::error_code read_inner(od::value& value, int depth) {
        if (depth > kMaxDepth) { return simdjson::DEPTH_ERROR; }
        od::json_type type{};
        if (const auto error = value.type().get(type)) { return error; }
        if (type == od::json_type::array) {
            od::array items;
            if (const auto error = value.get_array().get(items)) { return error; }
            return read_items(items, depth);
        }
        if (type != od::json_type::object) { return simdjson::SUCCESS; }
        od::object object;
        if (const auto error = value.get_object().get(object)) { return error; }
        return read_container(object, depth);
    }
    simdjson::error_code read_container(od::object& object, int depth) {
        for (auto field : object) {
            std::string_view key;
            if (const auto error = field.unescaped_key().get(key)) { return error; }
            od::value value;
            if (const auto error = field.value().get(value)) { return error; }
            if (key == "Attribute") {
                od::array attributes;
                if (const auto error = value.get_array().get(attributes)) { return error; }
                if (const auto error = read_attributes(attributes)) { return error; }
            } else if (key == "Event" || key == "response" || key == "Object" || key == "attributes") {
                if (const auto error = read_inner(value, depth + 1)) { return error; }
            }
        }
        return simdjson::SUCCESS;
    }
    simdjson::error_code read_attributes(od::array& attributes) {
        for (auto item : attributes) {
            od::value value;
            if (const auto error = item.get(value)) { return error; }
            const auto place = json_.place_of(value.raw_json_token());
            od::object object;
            if (const auto error = value.get_object().get(object)) { return error; }
            Attribute attribute;
            for (auto field : object) {
                std::string_view key;
                if (const auto error = field.unescaped_key().get(key)) { return error; }
                od::value inner;
                if (const auto error = field.value().get(inner)) { return error; }
                if (key == "type") {
                    attribute.type = text_of(inner);
                } else if (key == "value") {
                    attribute.value = text_of(inner);
                } else if (key == "to_ids") {
                    attribute.to_ids = is_true(inner);
                } else if (key == "deleted") {
                    attribute.deleted = is_true(inner);
                }
            }
            take(attribute, place);
        }
        return simdjson::SUCCESS;
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
