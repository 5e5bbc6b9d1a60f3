/// What makes a decoded record a Windows event, and what its envelope is.
#pragma once

#include "collector/decoders/event_draft.hpp"

namespace canhgac::collector {

/// Call once, after the fields are in. When the notes say it is a Windows event (an event id with a channel or a
/// provider, or the System element), it sets the format, gives the System fields of NXLog and Fluent Bit Sigma's names
/// (`Provider_Name`, `Computer`, `Execution_ProcessID`...), names the values of Fluent Bit's StringInserts, and
/// proposes host.name, user.name, source.ip, event.outcome and process.name. True if it was one.
bool finish_windows_event(EventDraft& draft);

} // namespace canhgac::collector
