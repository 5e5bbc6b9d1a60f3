#include "engine/classifier.hpp"

#include <algorithm>

#include "text/fold.hpp"

namespace canhgac::engine {

std::string without_blanks(std::string_view name) {
    std::string out(name);
    out.erase(std::remove(out.begin(), out.end(), ' '), out.end());
    return out;
}

std::uint32_t Classifier::ConditionField::number_of(std::string_view value) const {
    const auto found = values.find(text::fold(value));
    return found == values.end() ? 0 : found->second;
}

bool Classifier::Entry::takes(event::Format format) const noexcept {
    return source.formats.empty() ||
           std::find(source.formats.begin(), source.formats.end(), format) != source.formats.end();
}

Classifier::Classifier(const rules::LogSourceTable& table, event::FieldTable& fields) {
    for (const rules::LogSourceEntry& source : table) {
        Entry entry{source, {}};
        for (const rules::LogSourceCondition& wanted : source.conditions) {
            const event::FieldId id = fields.intern(wanted.field);
            auto found = std::find_if(fields_.begin(), fields_.end(), [id](const auto& f) { return f.field == id; });
            if (found == fields_.end()) { found = fields_.insert(fields_.end(), ConditionField{id, {}}); }
            Condition condition{static_cast<std::uint32_t>(found - fields_.begin()), {}};
            for (const std::string& value : wanted.values) {
                const auto next = static_cast<std::uint32_t>(found->values.size() + 1);
                condition.values.push_back(found->values.emplace(text::fold(value), next).first->second);
            }
            entry.conditions.push_back(std::move(condition));
        }
        for (std::size_t format = 0; format < event::kFormatCount; ++format) {
            if (!entry.takes(static_cast<event::Format>(format))) { continue; }
            for (const Condition& condition : entry.conditions) {
                auto& list = fields_of_[format];
                if (std::find(list.begin(), list.end(), condition.field) == list.end()) {
                    list.push_back(condition.field);
                }
            }
        }
        entries_.push_back(std::move(entry));
    }
}

void reduce_classes(std::vector<const rules::LogSource*>& classes) {
    std::vector<const rules::LogSource*> kept;
    for (std::size_t i = 0; i < classes.size(); ++i) {
        bool dropped = false;
        for (std::size_t j = 0; j < classes.size() && !dropped; ++j) {
            // contains(a, b): b offers all that a names. Of equal classes the first stays.
            dropped = i != j && rules::contains(*classes[i], *classes[j]) &&
                      (j < i || !rules::contains(*classes[j], *classes[i]));
        }
        if (!dropped) { kept.push_back(classes[i]); }
    }
    classes = std::move(kept);
}

std::vector<std::uint32_t> Classifier::classes(event::Format format, const ConditionValues& values) const {
    std::vector<const rules::LogSource*> held;
    std::vector<std::uint32_t> indexes;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Entry& entry = entries_[i];
        const bool holds = entry.takes(format) &&
                           std::all_of(entry.conditions.begin(), entry.conditions.end(), [&](const Condition& c) {
                               const auto& have = values[c.field];
                               return std::any_of(have.begin(), have.end(), [&c](std::uint32_t number) {
                                   return std::find(c.values.begin(), c.values.end(), number) != c.values.end();
                               });
                           });
        if (holds) {
            held.push_back(&entry.source.logsource);
            indexes.push_back(static_cast<std::uint32_t>(i));
        }
    }
    reduce_classes(held);
    std::erase_if(indexes, [&](std::uint32_t i) {
        return std::find(held.begin(), held.end(), &entries_[i].source.logsource) == held.end();
    });
    return indexes;
}

std::vector<std::uint32_t> Classifier::classes(const event::EventBatch& batch, const event::Event& event) const {
    ConditionValues values(fields_.size());
    for (const event::Field& field : batch.fields(event)) {
        if (field.is_null()) { continue; }
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            if (fields_[i].field == field.name()) { values[i].push_back(fields_[i].number_of(field.text())); }
        }
    }
    return classes(event.format, values);
}

} // namespace canhgac::engine
