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

void EventBatch::reset() noexcept {
    arena_.reset();
    events_.clear();
    fields_.clear();
}

} // namespace canhgac::event
