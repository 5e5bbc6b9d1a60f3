/// Which log source classes an event belongs to (rules/logsource_table.hpp says what they mean), compiled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "rules/logsource_table.hpp"

namespace canhgac::engine {

/// Field names are compared without blanks: logs write both "Threat Name" and "ThreatName" (SIGMA.md 12).
[[nodiscard]] std::string without_blanks(std::string_view name);

/// What an event's condition fields hold, per condition field: the numbers of its known values; nothing = none of them.
using ConditionValues = std::vector<std::vector<std::uint32_t>>;

/// Immutable; thread safe. Entries keep the order of the table.
class Classifier {
public:
    /// A field that some entry asks for.
    struct ConditionField {
        event::FieldId field{};
        std::unordered_map<std::string, std::uint32_t> values; ///< case folded value -> 1, 2, ...; 0 = any other
        /// Number of a value.
        [[nodiscard]] std::uint32_t number_of(std::string_view value) const;
    };

    Classifier() = default;
    Classifier(const rules::LogSourceTable& table, event::FieldTable& fields);

    [[nodiscard]] std::span<const ConditionField> fields() const noexcept { return fields_; }
    /// The condition fields that matter for events of a format, as indexes into fields().
    [[nodiscard]] std::span<const std::uint32_t> fields_of(event::Format format) const noexcept {
        return fields_of_[static_cast<std::size_t>(format)];
    }
    /// Indexes of the entries whose classes the event has, ascending, after the reductions.
    [[nodiscard]] std::vector<std::uint32_t> classes(event::Format format, const ConditionValues& values) const;
    /// The same for an event of a batch whose names come from the classifier's table. Slow: for commands, not for the
    /// match path (EventPlanner). What a trusted sender says of its log source is not looked at.
    [[nodiscard]] std::vector<std::uint32_t> classes(const event::EventBatch& batch, const event::Event& event) const;
    [[nodiscard]] const rules::LogSourceEntry& entry(std::size_t index) const noexcept {
        return entries_[index].source;
    }

private:
    struct Condition {
        std::uint32_t field = 0;           ///< index into fields_
        std::vector<std::uint32_t> values; ///< numbers, one of which the event must have
    };
    struct Entry {
        rules::LogSourceEntry source;
        std::vector<Condition> conditions;
        [[nodiscard]] bool takes(event::Format format) const noexcept;
    };

    std::vector<Entry> entries_;
    std::vector<ConditionField> fields_;
    std::vector<std::vector<std::uint32_t>> fields_of_{event::kFormatCount};
};

/// Drops what another class contains; of equal ones the first stays. Order is kept.
void reduce_classes(std::vector<const rules::LogSource*>& classes);

} // namespace canhgac::engine
