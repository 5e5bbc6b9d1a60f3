/// Events as they pass from the decoder through matching to the store: a batch owns one arena, events are views into
/// it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/arena.hpp"
#include "event/schema.hpp"
#include "event/value.hpp"

namespace canhgac::event {

/// A (peer, reporter) pair of the source registry; 0 = not registered yet (offline use).
enum class SourceId : std::uint32_t {};

/// Position in the store: committed batch and row in it. Printed as "seq.index". Ordered by commit.
struct EventId {
    std::uint64_t seq = 0;
    std::uint32_t index = 0;
    friend auto operator<=>(const EventId&, const EventId&) = default;
};

/// One event. Its fields are EventBatch::fields(event).
struct Event {
    common::Nanos time = 0;     ///< when it happened, UTC
    common::Nanos received = 0; ///< when its record reached us
    std::string_view raw;       ///< the record's bytes, exactly
    std::uint32_t first_field = 0;
    std::uint32_t field_count = 0;
    SourceId source{};
    std::uint16_t flags = 0; ///< flag::k...
    Format format = Format::unparsed;
    std::uint8_t reserved = 0;
};

/// Shapes: events in the order received; each has a contiguous run of fields; a name may repeat (arrays).
/// Ownership: texts live in arena() or in `received` buffers the batch adopted. Not thread safe; moves between threads
/// whole. reset() keeps all memory, so a warm batch allocates nothing.
class EventBatch {
public:
    EventBatch() = default;
    EventBatch(EventBatch&&) noexcept = default;
    EventBatch& operator=(EventBatch&&) noexcept = default;
    EventBatch(const EventBatch&) = delete;
    EventBatch& operator=(const EventBatch&) = delete;
    ~EventBatch() = default;

    [[nodiscard]] Arena& arena() noexcept { return arena_; }

    /// Starts an event; add() then fills it until finish() or discard(). One event at a time.
    Event& begin();
    /// Adds a field to the event begun last. `text` must live as long as the batch (arena, adopted bytes, static).
    void add(FieldId name, std::string_view text, ValueType type = ValueType::string) {
        fields_.emplace_back(name, text, type);
    }
    /// The fields added so far to the event being built; may be changed in place.
    [[nodiscard]] std::span<Field> open_fields() noexcept {
        return {fields_.data() + events_.back().first_field, fields_.size() - events_.back().first_field};
    }
    void finish() noexcept {
        events_.back().field_count = static_cast<std::uint32_t>(fields_.size()) - events_.back().first_field;
    }
    /// Takes back the fields of the event being built (e.g. to start over as unparsed); the event itself stays open.
    void clear_open_fields() noexcept { fields_.resize(events_.back().first_field); }

    /// Adds fields to a finished event (enrichment). Its fields may move; views of texts stay. No event may be open.
    void append(Event& event, std::span<const Field> more);
    /// The fields of a finished event, to change in place.
    [[nodiscard]] std::span<Field> fields(Event& event) noexcept {
        return {fields_.data() + event.first_field, event.field_count};
    }

    [[nodiscard]] std::span<Event> events() noexcept { return events_; }
    [[nodiscard]] std::span<const Event> events() const noexcept { return events_; }
    [[nodiscard]] std::span<const Field> fields(const Event& event) const noexcept {
        return {fields_.data() + event.first_field, event.field_count};
    }
    /// The first field of that name, or nullptr. Linear: for cold code and tests.
    [[nodiscard]] const Field* find(const Event& event, FieldId name) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
    [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
    void reset() noexcept;

private:
    Arena arena_;
    std::vector<Event> events_;
    std::vector<Field> fields_;
};

} // namespace canhgac::event
