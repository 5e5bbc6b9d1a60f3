#include "storage/query/exec/kept_row.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace canhgac::storage {

namespace {

using NamedField = std::pair<std::string_view, event::Field>;

std::size_t nested_values(const QueryValue& value) noexcept {
    if (value.type() != QueryType::list) { return 0; }
    std::size_t count = value.items().size();
    for (const QueryValue& item : value.items()) {
        count += nested_values(item);
    }
    return count;
}

std::size_t text_bytes(const QueryValue& value) noexcept {
    if (value.type() == QueryType::string) { return value.text().size(); }
    std::size_t bytes = 0;
    if (value.type() == QueryType::list) {
        for (const QueryValue& item : value.items()) {
            bytes += text_bytes(item);
        }
    }
    return bytes;
}

/// Fills a block: first what must be aligned, then texts.
struct Filler {
    std::byte* aligned;
    char* texts;

    std::string_view text(std::string_view source) noexcept {
        if (source.empty()) { return {}; }
        std::memcpy(texts, source.data(), source.size());
        const std::string_view copy(texts, source.size());
        texts += source.size();
        return copy;
    }
    template <typename T>
    T* array(std::size_t count) noexcept {
        auto* const first = reinterpret_cast<T*>(aligned);
        std::uninitialized_default_construct_n(first, count);
        aligned += count * sizeof(T);
        return first;
    }
    QueryValue value(const QueryValue& source) noexcept {
        if (source.type() == QueryType::string) { return QueryValue::string(text(source.text())); }
        if (source.type() != QueryType::list) { return source; }
        auto* const items = array<QueryValue>(source.items().size());
        std::transform(source.items().begin(), source.items().end(), items,
                       [this](const QueryValue& item) { return value(item); });
        return QueryValue::list({items, source.items().size()});
    }
    const event::StoredEvent* event(const event::StoredEvent& source) noexcept {
        auto* const copy = array<event::StoredEvent>(1);
        auto* const fields = array<NamedField>(source.fields.size());
        *copy = source;
        copy->raw = text(source.raw);
        for (std::size_t i = 0; i < source.fields.size(); ++i) {
            const auto& [name, field] = source.fields[i];
            fields[i] = {text(name), event::Field(field.name(), text(field.text()), field.type())};
        }
        copy->fields = {fields, source.fields.size()};
        return copy;
    }
};

} // namespace

KeptRow::KeptRow(std::span<const QueryValue> values, const event::StoredEvent* event) : count_(values.size()) {
    std::size_t items = values.size();
    std::size_t texts = 0;
    for (const QueryValue& value : values) {
        items += nested_values(value);
        texts += text_bytes(value);
    }
    std::size_t aligned = items * sizeof(QueryValue);
    if (event != nullptr) {
        aligned += sizeof(event::StoredEvent) + event->fields.size() * sizeof(NamedField);
        texts += event->raw.size();
        for (const auto& [name, field] : event->fields) {
            texts += name.size() + field.text().size();
        }
    }
    size_ = aligned + texts;
    block_ = std::make_unique_for_overwrite<std::byte[]>(std::max<std::size_t>(size_, 1));
    Filler filler{block_.get(), reinterpret_cast<char*>(block_.get() + aligned)};
    auto* const own = filler.array<QueryValue>(values.size());
    std::transform(values.begin(), values.end(), own,
                   [&filler](const QueryValue& value) { return filler.value(value); });
    values_ = own;
    if (event != nullptr) { event_ = filler.event(*event); }
}

} // namespace canhgac::storage
