/// A JSON file walked value by value (simdjson on demand); for the STIX and MISP readers only.
#pragma once

#include <array>
#include <cstdint>
#include <simdjson.h>
#include <string>
#include <string_view>

#include "engine/intel/list_reader.hpp"

namespace canhgac::engine {

namespace od = simdjson::ondemand;

/// Owns a padded copy of the text. Places are found by counting lines onward from the last one asked for.
class ListJson {
public:
    explicit ListJson(std::string_view text) : text_(text) {}

    /// Errors are given to `report` with their place; the document lives as long as this.
    [[nodiscard]] bool open(ListReport& report) {
        const auto error = parser_.iterate(text_).get(document_);
        opened_ = error == simdjson::SUCCESS;
        if (!opened_) { fail(error, report); }
        return opened_;
    }
    [[nodiscard]] od::document& document() noexcept { return document_; }

    /// Line and column of a value, given the raw token it begins with.
    [[nodiscard]] std::array<std::uint32_t, 2> place_of(std::string_view token) noexcept {
        return place_at(token.data());
    }
    /// Reports that the JSON is broken from here on.
    void fail(simdjson::error_code error, ListReport& report) noexcept {
        ++report.read;
        const char* at = text_.data(); // the first pass knows no place
        if (opened_ && document_.current_location().get(at) != simdjson::SUCCESS) { at = text_.data() + text_.size(); }
        const auto place = place_at(at);
        report.add_bad(place[0], place[1], std::string("not JSON: ") + simdjson::error_message(error));
    }

private:
    std::array<std::uint32_t, 2> place_at(const char* at) noexcept {
        const char* const end = text_.data() + text_.size();
        if (at < counted_ || at > end) { return {line_, 1}; }
        for (; counted_ < at; ++counted_) {
            if (*counted_ == '\n') {
                ++line_;
                line_start_ = counted_ + 1;
            }
        }
        return {line_, static_cast<std::uint32_t>(at - line_start_ + 1)};
    }

    simdjson::padded_string text_;
    od::parser parser_;
    od::document document_;
    bool opened_ = false;
    const char* counted_ = text_.data();
    const char* line_start_ = text_.data();
    std::uint32_t line_ = 1;
};

/// The text of a JSON string; empty for anything else. Lives until the parser goes on to another document.
[[nodiscard]] inline std::string_view text_of(od::value& value) noexcept {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

/// Calls `each(key, value)` for every field of an object. `each` returns an error code; the first that is one ends it.
template <typename Each>
[[nodiscard]] simdjson::error_code each_field(od::object& object, Each each) {
    for (auto field : object) {
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) { return error; }
        od::value value;
        if (const auto error = field.value().get(value)) { return error; }
        if (const simdjson::error_code error = each(key, value)) { return error; }
    }
    return simdjson::SUCCESS;
}

/// Calls `each(value)` for every value of an array, likewise.
template <typename Each>
[[nodiscard]] simdjson::error_code each_item(od::array& array, Each each) {
    for (auto item : array) {
        od::value value;
        if (const auto error = item.get(value)) { return error; }
        if (const simdjson::error_code error = each(value)) { return error; }
    }
    return simdjson::SUCCESS;
}

/// Calls `each(array)` with `value` (a document, or what stands in one); an error if it is none.
template <typename Value, typename Each>
[[nodiscard]] simdjson::error_code as_array(Value& value, Each each) {
    od::array array;
    if (const auto error = value.get_array().get(array)) { return error; }
    return each(array);
}

/// Calls `each(object)`, likewise.
template <typename Value, typename Each>
[[nodiscard]] simdjson::error_code as_object(Value& value, Each each) {
    od::object object;
    if (const auto error = value.get_object().get(object)) { return error; }
    return each(object);
}

} // namespace canhgac::engine
