#include "event/batch.hpp"

#include <algorithm>

namespace canhgac::event {

Event& EventBatch::begin() {
    Event& event = events_.emplace_back();
    event.first_field = static_cast<std::uint32_t>(fields_.size());
    return event;
}

const Field* EventBatch::find(const Event& event, FieldId name) const noexcept {
    const auto all = fields(event);
    const auto found = std::find_if(all.begin(), all.end(), [name](const Field& f) { return f.name() == name; });
    return found == all.end() ? nullptr : &*found;
}

void EventBatch::append(Event& event, std::span<const Field> more) {
    const std::size_t end = std::size_t{event.first_field} + event.field_count;
    if (end != fields_.size()) { // not the last run: it moves to the end
        const std::size_t start = fields_.size();
        fields_.resize(start + event.field_count);
        std::copy_n(fields_.begin() + event.first_field, event.field_count,
                    fields_.begin() + static_cast<std::ptrdiff_t>(start));
        event.first_field = static_cast<std::uint32_t>(start);
    }
    fields_.insert(fields_.end(), more.begin(), more.end());
    event.field_count += static_cast<std::uint32_t>(more.size());
}

void EventBatch::reset() noexcept {
    arena_.reset();
    events_.clear();
    fields_.clear();
}

} // namespace canhgac::event
